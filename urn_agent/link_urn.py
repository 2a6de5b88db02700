"""The urn's end of the serial link: offers reports one after the other until each is settled or refused for good.

The counterpart of ``link``, whose rules it shares. It is what an urn's firmware has to do, and what the simulator runs.
Here are the timers: one message is under way, and is repeated with growing gaps until its answer arrives. ``now_ms`` is
any clock that only goes forward, in milliseconds, read by the owner.
"""

from collections import deque
from collections.abc import Callable

from ledger.errors import FormatError
from urn_agent.frame import BadFrame, Frame, FrameDecoder, encode_frame
from urn_agent.link_events import (
    NEED_DATA,
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
    MAX_REPORT,
    VERSION,
    Bye,
    Data,
    Header,
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
    encode_message,
    parse_body,
    parse_header,
)
from urn_agent.link_table import URN_TABLE, LocalProtocolError, RemoteProtocolError, UrnState, UrnStep, next_state

MAX_WAITING = 16
"""Reports that wait to be sent: an urn has two a session, and later a few turnout reports."""


class UrnLink:
    """``start``, ``send_report``; ``feed`` and ``tick``, then pull ``next_event`` and send ``bytes_to_send``."""

    def __init__(self, urn: str, firmware: str, session: int, draw: Callable[[], int], timers: LinkTimers) -> None:
        """``draw`` gives a fresh random number from 0 to MAX_CONNECTION for each connection."""
        self.state = UrnState.OFF
        self._hello = Hello(VERSION, urn, firmware, session, b"")
        self._draw = draw
        self._timers = timers
        self._decoder = FrameDecoder()
        self._frames: deque[Frame | BadFrame] = deque()
        self._events: deque[UrnEvent] = deque()
        self._outgoing = bytearray()
        self._waiting: deque[Report] = deque()
        self._offset = 0
        self._is_leaving = False
        self._connection = 0
        self._sequence = 0
        self._frame = b""
        self._repeats = 0
        self._due_ms: int | None = None

    @property
    def due_ms(self) -> int | None:
        """When ``tick`` has something to do next; None for never."""
        return self._due_ms

    @property
    def waiting(self) -> tuple[int, ...]:
        """Numbers of the reports that are neither settled nor refused for good."""
        return tuple(report.number for report in self._waiting)

    def start(self, now_ms: int) -> None:
        """Say hello for the first time. Raises LocalProtocolError(``LINK_OUT_OF_TURN``) when called again."""
        next_state(URN_TABLE, self.state, UrnStep.START, LocalProtocolError)
        self._greet(UrnStep.START, now_ms)

    def send_report(self, report: Report, now_ms: int) -> None:
        """Queue a report. Raises LocalProtocolError(``LINK_REPORT_TOO_LONG``, ``LINK_TOO_MANY_REPORTS``)."""
        if not 0 < len(report.content) <= MAX_REPORT:
            raise LocalProtocolError("LINK_REPORT_TOO_LONG", f"a report has 1…{MAX_REPORT} bytes")
        if len(self._waiting) >= MAX_WAITING:
            raise LocalProtocolError("LINK_TOO_MANY_REPORTS", f"at most {MAX_WAITING} reports wait at a time")
        self._waiting.append(report)
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
        """Do what is due: repeat, resume after a pause, ping, or give up a farewell."""
        if self._due_ms is None or now_ms < self._due_ms:
            return
        if self.state is UrnState.READY:
            self._say(UrnStep.IDLE, Ping(), now_ms)
        elif self.state is UrnState.PAUSED:
            self._greet(UrnStep.RESUME, now_ms)
        elif self.state is UrnState.LEAVING and self._repeats >= self._timers.bye_repeats:
            self._close(UrnStep.GIVE_UP, confirmed=False)
        else:
            self._repeats += 1
            if self._repeats == self._timers.silent_repeats:
                self._events.append(LineSilent(self._repeats))
            self._put(now_ms)

    def next_event(self) -> UrnEvent:
        return self._events.popleft() if self._events else NEED_DATA

    def bytes_to_send(self) -> bytes:
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def _take(self, payload: bytes, now_ms: int) -> None:
        """Apply one answer; what answers an earlier message or connection is a late copy and says nothing new."""
        try:
            header = parse_header(payload)
            if self._is_answer(header):
                self._apply(parse_body(header, payload, AGENT_TYPES), now_ms)
        except (FormatError, RemoteProtocolError) as error:
            # Not answered: the agent's next answer, or the next repeat, puts it right, or the display shows the code.
            self._events.append(PeerFault(RemoteProtocolError(error.code, error.message)))

    def _is_answer(self, header: Header) -> bool:
        is_quiet = self.state in (UrnState.OFF, UrnState.READY, UrnState.PAUSED, UrnState.GONE)
        return not is_quiet and (header.connection, header.sequence) == (self._connection, self._sequence)

    def _apply(self, message: Message, now_ms: int) -> None:
        match message:
            case Welcome():
                self._step(UrnStep.WELCOME)
                self._events.append(UrnWelcomed(message.agent))
                self._go_on(now_ms)
            case TurnedAway():
                self._pause(UrnStep.TURNED_AWAY, UrnTurnedAway(message.code, message.words), now_ms)
            case Proceed():
                self._send_part(message, now_ms)
            case Settled() | Refused():
                self._conclude(message, now_ms)
            case Noted() | Reset() if self.state is UrnState.LEAVING:
                is_noted = isinstance(message, Noted)
                self._close(UrnStep.NOTED if is_noted else UrnStep.RESET, confirmed=is_noted)
            case Noted():
                self._step(UrnStep.NOTED)
                self._go_on(now_ms)
            case Reset():
                fault = PeerFault(RemoteProtocolError(message.code, message.words))
                self._pause(UrnStep.RESET, fault, now_ms)
            case _:
                raise RemoteProtocolError("LINK_OUT_OF_TURN", "the agent sent a message of an urn")

    def _send_part(self, message: Proceed, now_ms: int) -> None:
        report = self._report_on_offer(message.number)
        chunk = report.content[self._offset : self._offset + MAX_CHUNK]
        if message.offset != self._offset or not chunk:
            raise RemoteProtocolError("LINK_WRONG_DATA", f"the agent asks for byte {message.offset}, which is not next")
        self._say(UrnStep.PROCEED, Data(report.number, self._offset, chunk), now_ms)
        self._offset += len(chunk)

    def _conclude(self, message: Settled | Refused, now_ms: int) -> None:
        if message.digest != self._report_on_offer(message.number).digest:
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
        self._waiting.popleft()
        self._go_on(now_ms)

    def _report_on_offer(self, number: int) -> Report:
        if self.state not in (UrnState.OFFERING, UrnState.SENDING) or number != self._waiting[0].number:
            raise RemoteProtocolError("LINK_WRONG_REPORT", f"the agent speaks of report {number}, not on offer")
        return self._waiting[0]

    def _go_on(self, now_ms: int) -> None:
        """Whatever is next when nothing is under way: the next report, the farewell, or a ping some time later."""
        if self.state is not UrnState.READY:
            return
        if self._waiting:
            report = self._waiting[0]
            self._offset = 0
            self._say(UrnStep.OFFER, Offer(report.kind, report.number, len(report.content), report.digest), now_ms)
        elif self._is_leaving:
            self._say(UrnStep.LEAVE, Bye(), now_ms)
        else:
            self._due_ms = now_ms + self._timers.ping_ms

    def _greet(self, step: UrnStep, now_ms: int) -> None:
        self._connection = self._draw()
        self._sequence = -1
        self._say(step, self._hello, now_ms)

    def _pause(self, step: UrnStep, event: UrnEvent, now_ms: int) -> None:
        self._step(step)
        self._events.append(event)
        self._due_ms = now_ms + self._timers.pause_ms

    def _close(self, step: UrnStep, *, confirmed: bool) -> None:
        self._step(step)
        self._due_ms = None
        self._events.append(LinkClosed(confirmed))

    def _step(self, step: UrnStep) -> None:
        """A step that an answer or a timer made: what does not fit is the agent's doing."""
        self.state = next_state(URN_TABLE, self.state, step, RemoteProtocolError)

    def _say(self, step: UrnStep, message: UrnMessage, now_ms: int) -> None:
        """Put a new message under way; it is repeated, the same bytes, until its answer arrives."""
        self._step(step)
        self._sequence += 1
        self._frame = encode_frame(encode_message(self._connection, self._sequence, message))
        self._repeats = 0
        self._put(now_ms)

    def _put(self, now_ms: int) -> None:
        self._outgoing += self._frame
        self._due_ms = now_ms + min(self._timers.repeat_ms << min(self._repeats, 16), self._timers.repeat_limit_ms)
