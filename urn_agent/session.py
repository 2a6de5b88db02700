"""The agent at one serial line, without threads or a port: bytes from the urn in, bytes for the urn out.

Puts link, reports and outbox together in the one order that keeps the promise: whole report, parsed, signed and stored
durably, and only then acknowledged. A report that cannot be stored now is refused for now, with a code that the urn
shows; the urn keeps it and offers it again. Nothing of a report is judged here but its form, its sender, and what the
election's rules of secrecy ask before anything is signed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ledger.errors import FormatError
from ledger.signing import Signer
from urn_agent.assignment import Assignment
from urn_agent.device_report import DeviceReport, UrnReport, parse_report
from urn_agent.frame import BadFrame
from urn_agent.link import AgentLink
from urn_agent.link_events import (
    NEED_DATA,
    AgentEvent,
    OfferDeclined,
    PeerFault,
    ReportIdentity,
    ReportReceived,
    UrnAlive,
    UrnConnected,
    UrnLeft,
)
from urn_agent.link_messages import REPORT_NUMBERS, Hello
from urn_agent.messages import Language, say
from urn_agent.outbox import Outbox, StoredReport
from urn_agent.outbox_file import OutboxError
from urn_agent.report_records import count_records, sign_report
from urn_agent.sittings import Sitting

MAX_SIDE_RECORDS = 1_000
"""Records of turnout and journal from one urn: an urn that goes wild must fill neither the outbox, where its final
report needs room, nor the public log."""

MAX_CLOCK_OFFSET_S = 60
"""Seconds by which an urn's clock may be off before people are told."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people or a log should know. ``code`` is a key of ``messages``; ``details`` is for experts.

    ``cause`` is the code of what led to it, if it has one of its own.
    """

    code: str
    details: str
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class SessionState:
    """What is known of the urn at this line since the agent started.

    ``has_all_answers``: the urn went on after its last report, so the acknowledgement has arrived.
    """

    urn: str | None = None
    session: int = 0
    is_connected: bool = False
    has_all_answers: bool = False
    bad_frames: int = 0
    peer_faults: int = 0


class AgentSession:
    """``feed`` what the port read, write what it returns. ``notify`` is called with each notice, at once."""

    def __init__(
        self,
        assignment: Assignment,
        signer: Signer,
        outbox: Outbox,
        *,
        clock_ms: Callable[[], int],
        notify: Callable[[Notice], None],
        language: Language = "ru",
    ) -> None:
        """``clock_ms`` is Unix time in milliseconds; ``language`` is that of the words for the urn's display."""
        self.state = SessionState()
        self._assignment = assignment
        self._signer = signer
        self._outbox = outbox
        self._clock_ms = clock_ms
        self._notify = notify
        self._language: Language = language
        self._link = AgentLink(signer.public_key.key_id, self._say, lambda: clock_ms() // 1_000)

    def resume(self, sitting: Sitting) -> None:
        """Go on where another agent ended before its time: the urn of this sitting may be at the line, or gone."""
        self.state = replace(self.state, urn=sitting.urn, session=sitting.session, has_all_answers=sitting.is_answered)

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line and return those that are due on it. Raises nothing for what the urn sends."""
        self._link.feed(data)
        while (event := self._link.next_event()) is not NEED_DATA:
            self._handle(event)
        return self._link.bytes_to_send()

    def _handle(self, event: AgentEvent) -> None:
        state = self.state
        match event:
            case UrnConnected():
                self._greet(event.hello)
            case ReportReceived():
                self.state = replace(state, has_all_answers=False)
                self._decide(event)
            case OfferDeclined():
                self.state = replace(state, has_all_answers=False)
                self._note(lambda: self._note_refused(event.identity, event.kind, event.code))
                self._notify(Notice(event.code, event.details))
            case UrnAlive():
                self._note_answered()
            case UrnLeft():
                self._note_answered()
                self.state = replace(self.state, is_connected=False)
                self._notify(Notice("URN_LEFT", state.urn or ""))
            case PeerFault():
                self.state = replace(state, peer_faults=state.peer_faults + 1)
                self._notify(Notice("LINK_FAULT", f"{event.error.code}: {event.error.message}"))
            case BadFrame():
                self.state = replace(state, bad_frames=state.bad_frames + 1)
                self._notify(Notice("LINE_NOISE", f"{event.code}, {event.size} bytes"))

    def _greet(self, hello: Hello) -> None:
        if hello.urn not in self._assignment.urns:
            self._turn_away("URN_NOT_OURS", f"urn {hello.urn}; this device serves {', '.join(self._assignment.urns)}")
            return
        try:
            settled = self._outbox.settled(hello.urn, hello.session)
        except OutboxError as error:
            self._turn_away(error.code, error.message)
            return
        self.state = replace(self.state, urn=hello.urn, session=hello.session, is_connected=True, has_all_answers=False)
        self._link.accept_urn(settled, self._assignment.turnout_times)
        self._notify(Notice("URN_CONNECTED", f"urn {hello.urn}, session {hello.session}, firmware {hello.firmware}"))
        now_ms = self._clock_ms()
        offset_s = None if hello.time is None else hello.time - now_ms // 1_000
        sitting = Sitting(hello.urn, hello.session, hello.firmware, now_ms, offset_s, is_answered=False)
        self._note(lambda: self._outbox.sittings.note_hello(sitting))
        if offset_s is not None and abs(offset_s) > MAX_CLOCK_OFFSET_S:
            self._notify(Notice("URN_CLOCK_OFF", f"urn {hello.urn}: {offset_s:+} s"))

    def _turn_away(self, code: str, details: str) -> None:
        self._link.turn_away(code, self._say(code))
        self._notify(Notice(code, details))

    def _decide(self, received: ReportReceived) -> None:
        identity = received.identity
        try:
            report, is_new = self._take(received)
        except (FormatError, OutboxError) as error:
            self._refuse(received, error)
            return
        self._link.acknowledge(identity)
        self._notify(Notice("REPORT_STORED" if is_new else "REPORT_KNOWN", _name(identity, report)))

    def _take(self, received: ReportReceived) -> tuple[UrnReport, bool]:
        """The report, and whether it was not stored before. Raises FormatError and OutboxError."""
        report = parse_report(received.content)
        _verify_sender(report, received)
        if not isinstance(report, DeviceReport):
            self._require_room(report)
        stored = StoredReport(received.identity, received.kind, received.content, self._clock_ms())
        is_new = self._outbox.store(
            stored, lambda head: sign_report(report, received.content, self._assignment, head, self._signer)
        )
        return report, is_new

    def _require_room(self, report: UrnReport) -> None:
        if self._outbox.count_side_records(report.urn) + count_records(report) > MAX_SIDE_RECORDS:
            words = f"urn {report.urn} has said more than {MAX_SIDE_RECORDS} things beside its counters"
            raise FormatError("REPORT_TOO_MANY", words)

    def _refuse(self, received: ReportReceived, error: FormatError | OutboxError) -> None:
        """For good where the report is at fault, which will be so next time; for now where a full disk is."""
        identity = received.identity
        if isinstance(error, FormatError):
            try:
                # Noted before it is said: an urn that is told so does not come back with this report.
                self._note_refused(identity, received.kind, error.code)
            except OutboxError as failure:
                self._notify(Notice(error.code, f"report {identity.number}: {error.message}"))
                error = failure
        self._link.refuse(identity, error.code, self._say(error.code), retry=isinstance(error, OutboxError))
        self._notify(Notice(error.code, f"report {identity.number}: {error.message}"))

    def _note_refused(self, identity: ReportIdentity, kind: int, code: str) -> None:
        self._outbox.sittings.note_refused(identity, kind, code, self._clock_ms())

    def _note_answered(self) -> None:
        urn, session = self.state.urn, self.state.session
        if urn is not None and not self.state.has_all_answers:
            self.state = replace(self.state, has_all_answers=True)
            self._note(lambda: self._outbox.sittings.note_answered(urn, session))

    def _note(self, write: Callable[[], None]) -> None:
        """Nothing that the urn was told depends on a note: without room for it, all goes on."""
        try:
            write()
        except OutboxError as error:
            self._notify(Notice("NOTE_NOT_KEPT", f"{error.code}: {error.message}"))

    def _say(self, code: str) -> str:
        return say(code, self._language)


def _verify_sender(report: UrnReport, received: ReportReceived) -> None:
    """Raises FormatError(``REPORT_NOT_THIS_URNS``): the report is not what the urn announced, or not its own."""
    identity = received.identity
    said = (report.urn, report.session, REPORT_NUMBERS[report.kind])
    if said != (identity.urn, identity.session, received.kind):
        words = f"it is of urn {report.urn}, session {report.session}, kind {report.kind}; the urn announced another"
        raise FormatError("REPORT_NOT_THIS_URNS", words)


def _name(identity: ReportIdentity, report: UrnReport) -> str:
    units = f", units {', '.join(unit.unit for unit in report.units)}" if isinstance(report, DeviceReport) else ""
    return f"report {identity.number} ({report.kind}) of urn {identity.urn}{units}"
