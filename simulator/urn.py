"""An urn, as seen from the line: it has reports to send, shows what it is answered, and keeps them until settled.

It runs the real link. ``run_urn`` drives it at a serial port in a process of its own; ``play_in_memory`` joins it to an
agent's session in one thread, with a clock that is moved on instead of waited for. How votes get into the reports is
not its business.
"""

import selectors
from collections.abc import Callable, Sequence
from pathlib import Path

from simulator.serial_line import FaultyWire
from urn_agent.device_report import JournalEntry, JournalReport, UrnReport, encode_report, parse_report
from urn_agent.link_events import (
    NEED_DATA,
    AgentTime,
    LinkClosed,
    LinkTimers,
    Report,
    ReportRefused,
    ReportSettled,
    UrnEvent,
)
from urn_agent.link_messages import REPORT_NUMBERS
from urn_agent.link_urn import UrnLink
from urn_agent.serial_port import DEFAULT_BAUD, SerialError, SerialPort

REOPEN_S = 0.5
"""How often a lost port is tried again."""

MAX_TURNS = 100_000
"""Turns of a conversation in memory, after which it has got stuck: the longest report takes 300."""

MAX_OUTGOING = 65_536
"""Bytes that wait for a line which does not take them; the link repeats what is dropped."""


MAX_DRIFT_S = 2
"""Seconds by which an urn's clock may differ from the agent's before it is set."""

MAX_DELAY_MS = 2_000
"""A time that took longer on its way is not worth setting a clock by."""


class UrnClock:
    """A clock that may be wrong and can be set: ``read_s`` (Unix seconds) and an error on top."""

    def __init__(self, read_s: Callable[[], int], error_s: int = 0) -> None:
        self._read_s = read_s
        self._error_s = error_s

    def now_s(self) -> int:
        return max(0, self._read_s() + self._error_s)

    def set(self, time_s: int) -> None:
        self._error_s = time_s - self._read_s()


class SimulatedUrn:
    """An urn with its reports of one session, numbered from 1 in the order given, then a farewell.

    With a clock it sets that by the agent's and says so in one more report, of its journal.
    """

    def __init__(
        self,
        reports: Sequence[UrnReport],
        draw: Callable[[], int],
        *,
        timers: LinkTimers | None = None,
        clock: UrnClock | None = None,
        show: Callable[[UrnEvent], None] | None = None,
    ) -> None:
        """``reports`` are of one urn and session, at least one; ``draw`` gives the link's random numbers.

        ``show`` is the urn's display: it gets each event of the link as it comes.
        """
        first = reports[0]
        self._show = show
        self.settled: set[int] = set()
        self.refused: dict[int, str] = {}
        self.is_closed = False
        self._clock = clock
        read_s = (lambda: None) if clock is None else clock.now_s
        self.link = UrnLink(first.urn, first.firmware, first.session, draw, read_s, timers or LinkTimers())
        self._first = first
        self._reports: list[Report] = []
        for report in reports:
            self._number(report)

    @property
    def is_settled(self) -> bool:
        """Whether the agent holds every report."""
        return len(self.settled) == len(self._reports)

    def start(self, now_ms: int) -> None:
        self.link.start(now_ms)
        for report in self._reports:
            self.link.send_report(report, now_ms)
        self.link.leave(now_ms)

    def feed(self, data: bytes, now_ms: int) -> None:
        self.link.feed(data, now_ms)
        self._look(now_ms)

    def tick(self, now_ms: int) -> None:
        self.link.tick(now_ms)
        self._look(now_ms)

    def _number(self, report: UrnReport) -> Report:
        numbered = Report(REPORT_NUMBERS[report.kind], len(self._reports) + 1, encode_report(report))
        self._reports.append(numbered)
        return numbered

    def _set_clock(self, told: AgentTime, now_ms: int) -> None:
        clock, first = self._clock, self._first
        if clock is None or told.delay_ms > MAX_DELAY_MS or abs(told.time - clock.now_s()) <= MAX_DRIFT_S:
            return
        clock.set(told.time)
        entry = JournalEntry(told.time, "clock_set")
        journal = JournalReport("journal", first.urn, first.firmware, first.session, (entry,))
        self.link.send_report(self._number(journal), now_ms)

    def _look(self, now_ms: int) -> None:
        while (event := self.link.next_event()) is not NEED_DATA:
            if self._show is not None:
                self._show(event)
            match event:
                case ReportSettled():
                    self.settled.add(event.number)
                    self.refused.pop(event.number, None)
                case ReportRefused():
                    self.refused[event.number] = event.code
                case AgentTime():
                    self._set_clock(event, now_ms)
                case LinkClosed():
                    self.is_closed = True


def load_reports(paths: Sequence[Path]) -> list[UrnReport]:
    """Read report files. Raises FormatError where one is none, OSError where one cannot be read."""
    return [parse_report(path.read_bytes()) for path in paths]


def play_in_memory(
    urn: SimulatedUrn,
    feed_agent: Callable[[bytes], bytes],
    *,
    to_agent: FaultyWire | None = None,
    to_urn: FaultyWire | None = None,
    max_turns: int = MAX_TURNS,
) -> int:
    """Let the urn speak with an agent (``AgentSession.feed``) until it has said goodbye.

    Returns the milliseconds of the urn's clock that went by. Ends early, with ``urn.is_closed`` false, after
    ``max_turns``: for an urn that is turned away for ever.
    """
    now_ms = 0
    urn.start(now_ms)
    for _ in range(max_turns):
        if urn.is_closed:
            break
        outgoing = urn.link.bytes_to_send()
        if not outgoing and urn.link.due_ms is not None:
            now_ms = max(now_ms, urn.link.due_ms)
            urn.tick(now_ms)
            outgoing = urn.link.bytes_to_send()
        for piece in _carry(to_agent, outgoing):
            for answer in _carry(to_urn, feed_agent(piece)):
                urn.feed(answer, now_ms)
    return now_ms


def _carry(wire: FaultyWire | None, data: bytes) -> list[bytes]:
    if wire is None:
        return [data] if data else []
    return wire.carry(data) if data else wire.late()


def run_urn(
    port: Path,
    urn: SimulatedUrn,
    *,
    clock_ms: Callable[[], int],
    complain: Callable[[SerialError], None],
    is_stopping: Callable[[], bool],
    baud: int = DEFAULT_BAUD,
) -> bool:
    """Run the urn at a serial port until it has said goodbye or ``is_stopping``; whether every report is settled.

    A port that is lost is opened again, after ``complain`` was told. ``clock_ms`` only goes forward.
    """
    urn.start(clock_ms())
    with selectors.DefaultSelector() as selector:
        while not (urn.is_closed or is_stopping()):
            try:
                opened = SerialPort.open(port, baud)
            except SerialError as error:
                complain(error)
                selector.select(REOPEN_S)
                continue
            try:
                _serve(opened, selector, urn, clock_ms, is_stopping)
            except SerialError as error:
                complain(error)
            finally:
                opened.close()
    return urn.is_settled


def _serve(
    port: SerialPort,
    selector: selectors.BaseSelector,
    urn: SimulatedUrn,
    clock_ms: Callable[[], int],
    is_stopping: Callable[[], bool],
) -> None:
    outgoing = bytearray()
    selector.register(port, selectors.EVENT_READ)
    try:
        while not (urn.is_closed or is_stopping()):
            outgoing += urn.link.bytes_to_send()[: MAX_OUTGOING - len(outgoing)]
            selector.modify(port, selectors.EVENT_READ | selectors.EVENT_WRITE * bool(outgoing))
            due_ms = urn.link.due_ms
            wait_s = REOPEN_S if due_ms is None else min(REOPEN_S, max(0, due_ms - clock_ms()) / 1_000)
            for _, mask in selector.select(wait_s):
                if mask & selectors.EVENT_READ:
                    urn.feed(port.read(), clock_ms())
                if mask & selectors.EVENT_WRITE:
                    del outgoing[: port.write(outgoing)]
            urn.tick(clock_ms())
    finally:
        selector.unregister(port)
