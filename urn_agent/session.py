"""The agent at one serial line, without threads or a port: bytes from the urn in, bytes for the urn out.

Puts link, reports and outbox together in the one order that keeps the promise: whole report, parsed, signed and stored
durably, and only then acknowledged. A report that cannot be stored now is refused for now, with a code that the urn
shows; the urn keeps it and offers it again. Nothing of a report is judged here but its form and its sender.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from ledger.errors import FormatError
from ledger.primitives import Hash
from ledger.signing import Signer
from urn_agent.device_report import DeviceReport, parse_report, sign_report
from urn_agent.frame import BadFrame
from urn_agent.link import AgentLink
from urn_agent.link_events import (
    NEED_DATA,
    AgentEvent,
    PeerFault,
    ReportIdentity,
    ReportReceived,
    UrnAlive,
    UrnConnected,
    UrnLeft,
)
from urn_agent.link_messages import FINAL_REPORT, ZERO_REPORT, Hello
from urn_agent.messages import Language, say
from urn_agent.outbox import Outbox, StoredReport
from urn_agent.outbox_file import OutboxError

_KIND_NUMBERS = {"zero": ZERO_REPORT, "final": FINAL_REPORT}


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the device may sign for: one election, and the urns that the election's definition gives it."""

    election_id: Hash
    urns: Collection[str]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people or a log should know. ``code`` is a key of ``messages``; ``details`` is for experts."""

    code: str
    details: str


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
        self._link = AgentLink(signer.public_key.key_id)

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
            case UrnAlive():
                self.state = replace(state, has_all_answers=True)
            case UrnLeft():
                self.state = replace(state, is_connected=False, has_all_answers=True)
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
        self._link.accept_urn(settled)
        self._notify(Notice("URN_CONNECTED", f"urn {hello.urn}, session {hello.session}, firmware {hello.firmware}"))

    def _turn_away(self, code: str, details: str) -> None:
        self._link.turn_away(code, say(code, self._language))
        self._notify(Notice(code, details))

    def _decide(self, received: ReportReceived) -> None:
        identity = received.identity
        try:
            report = parse_report(received.content)
            _verify_sender(report, received)
            stored = StoredReport(identity, received.kind, received.content, self._clock_ms())
            is_new = self._outbox.store(
                stored,
                lambda head: sign_report(report, received.content, self._assignment.election_id, head, self._signer),
            )
        except (FormatError, OutboxError) as error:
            # What the report says will be the same next time; a full disk may not be.
            retry = isinstance(error, OutboxError)
            self._link.refuse(identity, error.code, say(error.code, self._language), retry=retry)
            self._notify(Notice(error.code, f"report {identity.number}: {error.message}"))
            return
        self._link.acknowledge(identity)
        self._notify(Notice("REPORT_STORED" if is_new else "REPORT_KNOWN", _name(identity, report)))


def _verify_sender(report: DeviceReport, received: ReportReceived) -> None:
    """Raises FormatError(``REPORT_NOT_THIS_URNS``): the report is not what the urn announced, or not its own."""
    identity = received.identity
    said = (report.urn, report.session, _KIND_NUMBERS[report.kind])
    if said != (identity.urn, identity.session, received.kind):
        words = f"it is of urn {report.urn}, session {report.session}, kind {report.kind}; the urn announced another"
        raise FormatError("REPORT_NOT_THIS_URNS", words)


def _name(identity: ReportIdentity, report: DeviceReport) -> str:
    units = ", ".join(unit.unit for unit in report.units)
    return f"report {identity.number} ({report.kind}) of urn {identity.urn}, units {units}"
