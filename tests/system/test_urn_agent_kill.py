"""Power cuts: whatever was acknowledged to the urn is in the outbox, and whatever was not is offered again."""

import random
import signal
from pathlib import Path

import pytest

from simulator.serial_line import SerialLine
from tests.system.urn_agent_process import WAIT_S, AgentDesk, Moment, UrnThread, agent_desk, end, kill, wait_until
from tests.unit.urn_agent.agent_factory import (
    KEY,
    final_report,
    journal_report,
    open_outbox,
    turnout_report,
    zero_report,
)
from tests.unit.urn_agent.tls_server import FakeServer, running_server
from urn_agent.link_table import UrnState
from urn_agent.report_records import count_records

UNITS = tuple(f"1{number:02}" for number in range(1, 60))
LONG = final_report(units=UNITS)
"""Some 5 KB, so that it takes several frames and a kill can come in the middle."""

DAY = zero_report(), LONG, turnout_report(0, 12), journal_report(), turnout_report(1, 20)

MOMENTS: dict[str, Moment] = {
    "when the urn is welcome": lambda urn: urn.link.state not in (UrnState.OFF, UrnState.GREETING),
    "in the middle of a report": lambda urn: urn.link.state is UrnState.SENDING and 1 in urn.settled,
    "after the first acknowledgement": lambda urn: 1 in urn.settled,
    "after the last acknowledgement": lambda urn: urn.is_settled,
}


def stored(desk: AgentDesk) -> set[int]:
    """Numbers of the reports in the outbox, as the next agent will find them."""
    if not desk.folder.outbox.exists():
        return set()
    with open_outbox(desk.folder.outbox) as outbox:
        return {identity.number for identity in outbox.settled("u0", 1)}


def verify_log(server: FakeServer, desk: AgentDesk, expected: int) -> None:
    """One chain without gaps, each record once, each with its receipt."""
    status = desk.status()
    assert (status["pending"], status["receipted"], status["refused"]) == (0, expected, 0)
    assert len(set(server.log.entries)) == len(server.log.entries) == expected
    with open_outbox(desk.folder.outbox) as outbox:
        records = [outbox.record(seq) for seq in range(1, expected + 1)]
    for data, receipt in records:
        assert receipt is not None
        server.log.prove(receipt, data)
    assert {data for data, _ in records} == set(server.log.entries)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_agent_is_killed(tmp_path: Path, moment: str) -> None:
    """The urn is not: it repeats itself until the next agent is there."""
    with (
        running_server(tmp_path / "server", KEY.public_key) as server,
        agent_desk(tmp_path, server) as desk,
        SerialLine() as line,
    ):
        first = desk.start(line.agent_path, server.url, "--once")
        thread = UrnThread(
            line.urn_path, zero_report(), LONG, moment=MOMENTS[moment], strike=lambda thread: kill(first)
        )
        thread.has_struck.wait(WAIT_S)
        assert first.returncode == -signal.SIGKILL
        assert thread.urn.settled <= stored(desk), "acknowledged, and lost"
        second = desk.start(line.agent_path, server.url)
        thread.join()
        assert thread.urn.is_settled
        wait_until(lambda: desk.status()["receipted"] == 1 + len(UNITS), "all is delivered")
        second.terminate()
        assert end(second) == 0
        verify_log(server, desk, 1 + len(UNITS))


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_urn_loses_its_power(tmp_path: Path, moment: str) -> None:
    """It begins anew with both reports; the agent knows what it has."""
    with (
        running_server(tmp_path / "server", KEY.public_key) as server,
        agent_desk(tmp_path, server) as desk,
        SerialLine() as line,
    ):
        agent = desk.start(line.agent_path, server.url, "--once")
        first = UrnThread(line.urn_path, zero_report(), LONG, moment=MOMENTS[moment], strike=UrnThread.cut)
        first.join()
        assert not first.urn.is_closed
        second = UrnThread(line.urn_path, zero_report(), LONG, seed=1)
        assert end(agent) == 0, desk.words.read_text()
        second.join()
        assert second.urn.is_settled
        verify_log(server, desk, 1 + len(UNITS))


def serve_until(moment: Moment, desk: AgentDesk, line: SerialLine, server: FakeServer, seed: int) -> set[int]:
    """Start both sides, kill both at the moment; what the urn was told is settled."""
    agent = desk.start(line.agent_path, server.url)

    def strike(thread: UrnThread) -> None:
        kill(agent)
        thread.cut()

    thread = UrnThread(line.urn_path, *DAY, seed=seed, moment=moment, strike=strike)
    thread.join()
    return thread.urn.settled


def test_many_cuts_on_both_sides(tmp_path: Path) -> None:
    """Agents are killed while they store and deliver; requests get lost before and after they took effect."""
    draw = random.Random(5)
    with (
        running_server(tmp_path / "server", KEY.public_key) as server,
        agent_desk(tmp_path, server) as desk,
        SerialLine() as line,
    ):
        requests = 0

        def interfere(body: bytes) -> tuple[int, dict[str, str], bytes] | None:
            nonlocal requests
            requests += 1
            if requests % 3 == 0:
                return None
            if requests % 3 == 1:
                server.answer_from_log(body)
            return 0, {}, b""

        server.interfere = interfere
        # Once all reports are stored, none is sent a second time.
        moments = [moment for name, moment in MOMENTS.items() if name != "in the middle of a report"]
        settled: set[int] = set()
        for cut in range(6):
            settled |= serve_until(draw.choice(moments), desk, line, server, cut)
            assert settled <= stored(desk)
        agent = desk.start(line.agent_path, server.url, "--once")
        UrnThread(line.urn_path, *DAY, seed=99).join()
        assert end(agent) == 0, desk.words.read_text()
        verify_log(server, desk, sum(count_records(report) for report in DAY))
