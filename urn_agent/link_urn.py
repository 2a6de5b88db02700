"""The urn's end of the serial link: offers reports one after the other until each is settled or refused for good.

The counterpart of ``link``, whose rules it shares. It is what an urn's firmware has to do, and what the simulator runs.
Here are the timers: one message is under way, and is repeated with growing gaps until its answer arrives. A hello is
not repeated but said anew, on a new connection, for it tells the time. ``now_ms`` is any clock that only goes forward,
in milliseconds, read by the owner.
"""

from collections import deque
from collections.abc import Callable

from msgspec import structs

from ledger.errors import FormatError
from urn_agent.frame import BadFrame, Frame, FrameDecoder
from urn_agent.link_events import (
    NEED_DATA,
    AgentTime,
    LineSilent,
    LinkClosed,
    LinkTimers,
    PeerFault,
    Report,
    ReportRefused,
    ReportSettled,
    UrnEvent,
    UrnTurnedAway,
    UrnWelcomed,
)
from urn_agent.link_messages import (
    AGENT_TYPES,
    MAX_CHUNK,
    VERSION,
    Bye,
    Data,
    Hello,
    Message,
    Noted,
    Offer,
    Ping,
    Proceed,
    Refused,
    Reset,
    Settled,
    TurnedAway,
    UrnMessage,
    Welcome,
    parse_body,
    parse_header,
)
from urn_agent.link_queue import ReportQueue
from urn_agent.link_table import URN_TABLE, LocalProtocolError, RemoteProtocolError, UrnState, UrnStep, next_state
from urn_agent.link_turns import Saying

_QUIET = frozenset({UrnState.OFF, UrnState.READY, UrnState.PAUSED, UrnState.GONE})
"""States in which no message is under way."""


class UrnLink:
    """``start``, ``send_report``; ``feed`` and ``tick``, then pull ``next_event`` and send ``bytes_to_send``."""

    def __init__(
        self,
        urn: str,
        firmware: str,
        session: int,
        draw: Callable[[], int],
        clock_s: Callable[[], int | None],
        timers: LinkTimers,
    ) -> None:
        """``draw`` gives a fresh random number from 0 to MAX_CONNECTION for each connection.

        ``clock_s`` is the urn's clock in Unix seconds; None where it has none, or does not know the time.
        """
        self.state = UrnState.OFF
        self._hello = Hello(VERSION, urn, firmware, session, None, b"")
        self._draw = draw
        self._clock_s = clock_s
        self._timers = timers
        self._decoder = FrameDecoder()
        self._frames: deque[Frame | BadFrame] = deque()
        self._events: deque[UrnEvent] = deque()
        self._turns = Saying(timers)
        self._queue = ReportQueue()
        self._on_offer: Report | None = None
        self._offset = 0
        self._is_leaving = False

    @property
    def due_ms(self) -> int | None:
        """When ``tick`` has something to do next; None for never."""
        return self._turns.due_ms

    @property
    def waiting(self) -> tuple[int, ...]:
        """Numbers of the reports that are neither settled nor refused for good."""
        return self._queue.numbers

    def start(self, now_ms: int) -> None:
        """Say hello for the first time. Raises LocalProtocolError(``LINK_OUT_OF_TURN``) when called again."""
        next_state(URN_TABLE, self.state, UrnStep.START, LocalProtocolError)
        self._greet(UrnStep.START, now_ms)

    def send_report(self, report: Report, now_ms: int) -> None:
        """Queue a report. Raises LocalProtocolError(``LINK_REPORT_TOO_LONG``, ``LINK_TOO_MANY_REPORTS``)."""
        self._queue.add(report)
        self._go_on(now_ms)

    def leave(self, now_ms: int) -> None:
        """Say goodbye once nothing waits any more."""
        self._is_leaving = True
        self._go_on(now_ms)

    def feed(self, data: bytes, now_ms: int) -> None:
        """Take bytes from the line and apply them."""
        self._frames.extend(self._decoder.feed(data))
        while self._frames:
            frame = self._frames.popleft()
            if isinstance(frame, BadFrame):
                self._events.append(frame)
            else:
                self._take(frame.payload, now_ms)

    def tick(self, now_ms: int) -> None:
        """Do what is due: repeat, greet anew, resume after a pause, ping, or give up a farewell."""
        due_ms = self._turns.due_ms
        if due_ms is None or now_ms < due_ms:
            return
        if self.state is UrnState.READY:
            self._say(UrnStep.IDLE, Ping(), now_ms)
        elif self.state is UrnState.PAUSED:
            self._greet(UrnStep.RESUME, now_ms)
        elif self.state is UrnState.LEAVING and self._turns.repeats >= self._timers.bye_repeats:
            self._close(UrnStep.GIVE_UP, confirmed=False)
        else:
            if self.state is UrnState.GREETING:
                self._greet(UrnStep.GREET_ANEW, now_ms, repeats=self._turns.repeats + 1)
            else:
                self._turns.repeat(now_ms)
            if self._turns.repeats == self._timers.silent_repeats:
                self._events.append(LineSilent(self._turns.repeats))

    def next_event(self) -> UrnEvent:
        return self._events.popleft() if self._events else NEED_DATA

    def bytes_to_send(self) -> bytes:
        return self._turns.bytes_to_send()

    def _take(self, payload: bytes, now_ms: int) -> None:
        """Apply one answer; what answers an earlier message or connection is a late copy and says nothing new."""
        try:
            header = parse_header(payload)
            if self.state not in _QUIET and self._turns.is_answered_by(header):
                self._apply(parse_body(header, payload, AGENT_TYPES), now_ms)
        except (FormatError, RemoteProtocolError) as error:
            # Not answered: the agent's next answer, or the next repeat, puts it right, or the display shows the code.
            self._events.append(PeerFault(RemoteProtocolError(error.code, error.message)))

    def _apply(self, message: Message, now_ms: int) -> None:
        match message:
            case Welcome():
                self._step(UrnStep.WELCOME)
                self._events.append(UrnWelcomed(message.agent, message.turnout_times))
                self._events.append(AgentTime(message.time, self._turns.age_ms(now_ms)))
                self._go_on(now_ms)
            case TurnedAway():
                self._pause(UrnStep.TURNED_AWAY, UrnTurnedAway(message.code, message.words), now_ms)
            case Proceed():
                self._send_part(message, now_ms)
            case Settled() | Refused():
                self._conclude(message, now_ms)
            case Noted() | Reset() if self.state is UrnState.LEAVING:
                noted = isinstance(message, Noted)
                self._close(UrnStep.NOTED if noted else UrnStep.RESET, confirmed=noted)
            case Noted():
                self._step(UrnStep.NOTED)
                self._events.append(AgentTime(message.time, self._turns.age_ms(now_ms)))
                self._go_on(now_ms)
            case Reset():
                self._pause(UrnStep.RESET, PeerFault(RemoteProtocolError(message.code, message.words)), now_ms)
            case _:
                raise RemoteProtocolError("LINK_OUT_OF_TURN", "the agent sent a message of an urn")

    def _send_part(self, message: Proceed, now_ms: int) -> None:
        report = self._report_on_offer(message.number)
        # In answer to an offer the agent may have kept a part from an earlier connection.
        wanted = message.offset if self.state is UrnState.OFFERING else self._offset
        chunk = report.content[wanted : wanted + MAX_CHUNK]
        if message.offset != wanted or not chunk:
            raise RemoteProtocolError("LINK_WRONG_DATA", f"the agent asks for byte {message.offset}, which is not next")
        self._say(UrnStep.PROCEED, Data(report.number, wanted, chunk), now_ms)
        self._offset = wanted + len(chunk)

    def _conclude(self, message: Settled | Refused, now_ms: int) -> None:
        report = self._report_on_offer(message.number)
        if message.digest != report.digest:
            raise RemoteProtocolError("LINK_WRONG_REPORT", "the agent decided about another report of the same number")
        if isinstance(message, Settled):
            self._step(UrnStep.SETTLED)
            self._events.append(ReportSettled(message.number))
        else:
            refusal = ReportRefused(message.number, message.code, message.words, message.retry)
            if message.retry:
                self._pause(UrnStep.REFUSED_FOR_NOW, refusal, now_ms)
                return
            self._step(UrnStep.REFUSED)
            self._events.append(refusal)
        self._queue.remove(report)
        self._go_on(now_ms)

    def _report_on_offer(self, number: int) -> Report:
        report = self._on_offer
        if report is None or self.state not in (UrnState.OFFERING, UrnState.SENDING) or number != report.number:
            raise RemoteProtocolError("LINK_WRONG_REPORT", f"the agent speaks of report {number}, not on offer")
        return report

    def _go_on(self, now_ms: int) -> None:
        """Whatever is next when nothing is under way: the next report, the farewell, or a ping some time later."""
        if self.state is not UrnState.READY:
            return
        self._on_offer = report = self._queue.first
        if report is not None:
            self._say(UrnStep.OFFER, Offer(report.kind, report.number, len(report.content), report.digest), now_ms)
        elif self._is_leaving:
            self._say(UrnStep.LEAVE, Bye(), now_ms)
        else:
            self._turns.due_ms = now_ms + self._timers.ping_ms

    def _greet(self, step: UrnStep, now_ms: int, repeats: int = 0) -> None:
        self._step(step)
        self._turns.begin(self._draw())
        self._turns.say(structs.replace(self._hello, time=self._clock_s()), now_ms, repeats=repeats)

    def _say(self, step: UrnStep, message: UrnMessage, now_ms: int) -> None:
        self._step(step)
        self._turns.say(message, now_ms)

    def _pause(self, step: UrnStep, event: UrnEvent, now_ms: int) -> None:
        self._step(step)
        self._events.append(event)
        self._turns.due_ms = now_ms + self._timers.pause_ms

    def _close(self, step: UrnStep, *, confirmed: bool) -> None:
        self._step(step)
        self._turns.due_ms = None
        self._events.append(LinkClosed(confirmed))

    def _step(self, step: UrnStep) -> None:
        """A step that an answer or a timer made: what does not fit is the agent's doing."""
        self.state = next_state(URN_TABLE, self.state, step, RemoteProtocolError)
