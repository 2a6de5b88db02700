"""The agent's loop at a pseudo-terminal: when it ends, and what it does when a part of it ends."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ledger.errors import FormatError
from simulator.serial_line import SerialLine
from simulator.urn import SimulatedUrn, run_urn
from tests.unit.urn_agent.agent_factory import ASSIGNMENT, KEY, final_report, open_outbox, zero_report
from tests.unit.urn_agent.courier_factory import Server
from urn_agent.agent import QUIET_MS, Agent, Bell, CourierThread, Ending
from urn_agent.courier import Courier
from urn_agent.device_report import UrnReport
from urn_agent.link_events import LinkClosed, LinkTimers, ReportRefused, UrnEvent
from urn_agent.outbox import Outbox
from urn_agent.serial_port import SerialPort
from urn_agent.session import AgentSession, Notice


@dataclass
class Steps:
    """A clock that goes on by ``step_ms`` each time that it is read."""

    step_ms: int = 0
    now_ms: int = 0

    def __call__(self) -> int:
        self.now_ms += self.step_ms
        return self.now_ms


@dataclass
class Hall:
    """An agent at a line, whose courier delivers to a server in memory."""

    path: Path
    outbox: Outbox
    line: SerialLine
    server: Server
    notices: list[Notice]
    bell: Bell

    def make_courier(self, stack: ExitStack) -> Courier:
        outbox = stack.enter_context(open_outbox(self.path))
        return Courier(outbox, self.server, self.server.log.prove, lambda: 0.0)

    def agent(
        self,
        make: Callable[[ExitStack], Courier],
        clock: Steps,
        is_once: bool = True,
        unix_ms: Callable[[], int] = lambda: 0,
    ) -> Agent:
        courier = CourierThread(make, clock, unix_ms, self.notices.append, self.bell)

        def notify(notice: Notice) -> None:
            self.notices.append(notice)
            if notice.code == "REPORT_STORED":
                courier.wake()

        session = AgentSession(ASSIGNMENT, KEY, self.outbox, clock_ms=lambda: 0, notify=notify, language="en")
        port = Path(self.line.agent_path)
        return Agent(port, 9_600, session, self.outbox, courier, self.bell, clock, self.notices.append, is_once)

    def run(self, agent: Agent) -> Ending:
        agent.courier.start()
        try:
            return agent.run()
        finally:
            agent.courier.stop()
            agent.courier.join()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    path, bell = tmp_path / "outbox.sqlite", Bell()
    with open_outbox(path) as outbox, SerialLine() as line:
        yield Hall(path, outbox, line, Server(), [], bell)
    bell.close()


def steady_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def speak(
    hall: Hall, *openings: Sequence[UrnReport], show: Callable[[UrnEvent], None] | None = None
) -> threading.Thread:
    """An urn that is switched on for each of ``openings``, says its reports and goodbye; in a thread."""
    timers = LinkTimers(repeat_ms=100, repeat_limit_ms=500, pause_ms=100)
    draw, port = random.Random(0), Path(hall.line.urn_path)

    def run() -> None:
        for reports in openings:
            urn = SimulatedUrn(reports, lambda: draw.getrandbits(32), timers=timers, show=show)
            run_urn(port, urn, clock_ms=steady_ms, complain=lambda _: None, is_stopping=lambda: False)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_it_ends_when_all_is_stored_receipted_and_answered(hall: Hall) -> None:
    speaking = speak(hall, [zero_report(), final_report()])
    assert hall.run(hall.agent(hall.make_courier, Steps())) is Ending.DONE
    speaking.join()
    assert hall.outbox.progress().receipted == len(hall.server.log.entries) == 2


def test_a_final_report_of_an_earlier_session_is_not_the_end(hall: Hall) -> None:
    """A second agent at the same outbox waits for the final report of the session that is at its line."""
    first = speak(hall, [zero_report(), final_report()])
    hall.run(hall.agent(hall.make_courier, Steps()))
    first.join()
    second = speak(hall, [zero_report(session=2)], [zero_report(session=2), final_report(session=2)])
    assert hall.run(hall.agent(hall.make_courier, Steps())) is Ending.DONE
    assert hall.outbox.has_final("u0", 2)
    second.join()
    assert hall.outbox.progress().receipted == 4


def test_the_last_answer_is_written_whole_before_the_end(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a line that takes one byte at a time."""
    write, shown = SerialPort.write, list[UrnEvent]()
    monkeypatch.setattr(SerialPort, "write", lambda port, data: write(port, data[:1]))
    speaking = speak(hall, [final_report()], show=shown.append)
    assert hall.run(hall.agent(hall.make_courier, Steps())) is Ending.DONE
    speaking.join()
    assert shown[-1] == LinkClosed(confirmed=True)


def test_an_urn_that_has_gone_is_not_waited_for(hall: Hall) -> None:
    """All was stored before; the urn was switched off. An urn that waited for an answer would have spoken by now."""
    speaking = speak(hall, [zero_report(), final_report()])
    hall.run(hall.agent(hall.make_courier, Steps()))
    speaking.join()
    assert hall.run(hall.agent(hall.make_courier, Steps(QUIET_MS + 1))) is Ending.DONE


def test_a_resumed_task_whose_urn_has_its_answers_does_not_wait_for_it(hall: Hall) -> None:
    """The agent before died after the urn had gone on; the clock stands still, so no wait could come to its end."""
    speaking = speak(hall, [zero_report(), final_report()])
    hall.run(hall.agent(hall.make_courier, Steps()))
    speaking.join()
    agent = hall.agent(hall.make_courier, Steps())
    [sitting] = hall.outbox.sittings.sittings()
    assert sitting.is_answered
    agent.session.resume(sitting)
    assert hall.run(agent) is Ending.DONE


def test_a_resumed_task_waits_for_an_urn_that_may_lack_an_answer(hall: Hall) -> None:
    """It was not known that the last acknowledgement had arrived: the urn repeats itself, if it is there."""
    speaking = speak(hall, [zero_report(), final_report()])
    hall.run(hall.agent(hall.make_courier, Steps()))
    speaking.join()
    agent = hall.agent(hall.make_courier, Steps())
    agent.session.resume(replace(hall.outbox.sittings.sittings()[0], is_answered=False))
    again = speak(hall, [zero_report(), final_report()])
    assert hall.run(agent) is Ending.DONE
    again.join()
    assert agent.session.state.has_all_answers


@pytest.mark.parametrize("restarted", [False, True])
def test_a_final_report_refused_for_good_is_an_end(hall: Hall, restarted: bool) -> None:
    """What will never be stored is not waited for, also by an agent that begins after the refusal."""
    shown: list[UrnEvent] = []
    agent = hall.agent(hall.make_courier, Steps())
    speaking = speak(hall, [zero_report(), final_report(units=("102", "101"))], show=shown.append)
    assert hall.run(agent) is Ending.DONE
    speaking.join()
    assert [event.code for event in shown if isinstance(event, ReportRefused)] == ["REPORT_UNORDERED"]
    if restarted:
        following = hall.agent(hall.make_courier, Steps())
        following.session.resume(hall.outbox.sittings.sittings()[0])
        assert hall.run(following) is Ending.DONE
    assert hall.outbox.progress().finals == 0


@pytest.mark.parametrize(("offset_s", "is_told"), [(0, False), (-60, False), (61, True), (-3_600, True)])
def test_a_clock_that_differs_from_the_servers_is_told(hall: Hall, offset_s: int, is_told: bool) -> None:
    """Urns set theirs by it."""
    hall.server.date = "Fri, 15 Jan 2027 08:00:00 GMT"
    agent = hall.agent(hall.make_courier, Steps(), unix_ms=lambda: 1_000 * (1_800_000_000 + offset_s))
    speaking = speak(hall, [final_report()])
    assert hall.run(agent) is Ending.DONE
    speaking.join()
    told = [notice.details for notice in hall.notices if notice.code == "AGENT_CLOCK_OFF"]
    assert told == [f"{offset_s:+} s"] * is_told


def test_a_courier_that_cannot_begin_ends_the_agent(hall: Hall) -> None:
    def fail(stack: ExitStack) -> Courier:
        raise FormatError("OUTBOX_CANNOT_OPEN", "no")

    assert hall.run(hall.agent(fail, Steps(), is_once=False)) is Ending.COURIER_DIED
    assert "OUTBOX_CANNOT_OPEN" in [notice.code for notice in hall.notices]


def test_it_stops_when_asked(hall: Hall) -> None:
    agent = hall.agent(hall.make_courier, Steps(), is_once=False)
    stopping = threading.Timer(0.05, agent.stop)
    stopping.start()
    assert hall.run(agent) is Ending.STOPPED
    stopping.join()
