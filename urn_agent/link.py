"""The agent's end of the serial link: turns bytes from an urn into whole reports, each handed over once.

The rules:
- The urn drives. It has one message under way at a time and repeats it until it is answered; the agent only answers,
  and so needs no timers. A message seen before is answered again with the very same bytes, and does nothing else.
- Connections are told apart by a number that the urn draws anew for each hello, so that late copies of an old
  connection's messages are recognised. A message of an unknown connection is answered with ``Reset``.
- A report is identified by urn, session, number and SHA-256. It is acknowledged only when the owner, having stored it
  durably, calls ``acknowledge``. On offer of one that is already stored the acknowledgement comes at once, also after
  either side restarted: the owner names at each hello what it holds. What had arrived of one that is not whole yet is
  kept from one connection to the next.

Responsible for one line and for order on it. It does no IO, parses no report and stores nothing.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from ledger.errors import FormatError, TunukError
from ledger.primitives import Hash, KeyId
from urn_agent.frame import BadFrame, Frame, FrameDecoder
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
from urn_agent.link_incoming import IncomingReport
from urn_agent.link_messages import (
    MAX_REPORT,
    REPORT_KINDS,
    URN_TYPES,
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
    Welcome,
    fit_words,
    parse_body,
    parse_header,
    parse_version,
)
from urn_agent.link_table import AGENT_TABLE, AgentState, AgentStep, LocalProtocolError, RemoteProtocolError, next_state
from urn_agent.link_turns import Answering


class AgentLink:
    """``feed`` bytes, pull ``next_event`` until NEED_DATA, send what ``bytes_to_send`` gives.

    UrnConnected and ReportReceived ask for a decision before the next event. All events are pulled before the next
    feed, so the queue holds one read of the port at most. Wrong use raises LocalProtocolError; whatever the urn or the
    line does becomes PeerFault or BadFrame, never an exception.
    """

    def __init__(self, agent: KeyId, sentence: Callable[[str], str], clock_s: Callable[[], int]) -> None:
        """``sentence`` gives the words for a code on the urn's display; ``clock_s`` is Unix time in seconds."""
        self.state = AgentState.SILENT
        self._agent = agent
        self._sentence = sentence
        self._clock_s = clock_s
        self._decoder = FrameDecoder()
        self._frames: deque[Frame | BadFrame] = deque()
        self._turns = Answering()
        self._urn, self._session = "", 0
        self._settled: set[ReportIdentity] = set()
        self._report: IncomingReport | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes from the line. Raises LocalProtocolError(``LINK_NOT_DRAINED``) with events not pulled."""
        if self._frames:
            raise LocalProtocolError("LINK_NOT_DRAINED", "pull all events before feeding more bytes")
        self._frames.extend(self._decoder.feed(data))

    def next_event(self) -> AgentEvent:
        """The next event. Raises LocalProtocolError(``LINK_UNDECIDED``) while a decision is owed."""
        if self.state in (AgentState.GREETED, AgentState.DECIDING):
            raise LocalProtocolError("LINK_UNDECIDED", f"a decision is owed: {self.state.value}")
        while self._frames:
            frame = self._frames.popleft()
            event = frame if isinstance(frame, BadFrame) else self._take(frame.payload)
            if event is not None:
                return event
        return NEED_DATA

    def bytes_to_send(self) -> bytes:
        """All bytes that are due on the line since the last call: at most one answer for each message of the urn."""
        return self._turns.bytes_to_send()

    def accept_urn(self, settled: Iterable[ReportIdentity], turnout_times: Sequence[int] = ()) -> None:
        """Welcome the urn; ``settled`` are the reports of its session that are already stored."""
        self._step(AgentStep.ACCEPT_URN, LocalProtocolError)
        self._settled = set(settled)
        self._turns.send(Welcome(VERSION, self._agent, self._clock_s(), tuple(turnout_times), b"", b""))

    def turn_away(self, code: str, words: str) -> None:
        """Answer the hello with a reason; ``words`` are for the urn's display, cut at MAX_WORDS characters."""
        self._step(AgentStep.TURN_AWAY, LocalProtocolError)
        self._turns.send(TurnedAway(VERSION, code, fit_words(words)))

    def acknowledge(self, identity: ReportIdentity) -> None:
        """Say that the report is stored durably. Raises LocalProtocolError(``LINK_NOT_HANDED_OVER``) for another."""
        offer = self._decide(identity, AgentStep.ACKNOWLEDGE)
        self._settled.add(identity)
        self._turns.send(Settled(offer.number, offer.digest))

    def refuse(self, identity: ReportIdentity, code: str, words: str, *, retry: bool) -> None:
        """Say why the report was not taken, and whether it may be taken later. Raises as ``acknowledge`` does."""
        offer = self._decide(identity, AgentStep.REFUSE)
        self._turns.send(Refused(offer.number, offer.digest, code, fit_words(words), retry))

    def _decide(self, identity: ReportIdentity, step: AgentStep) -> Offer:
        report = self._report
        if report is None or self.state is not AgentState.DECIDING or report.identity != identity:
            raise LocalProtocolError("LINK_NOT_HANDED_OVER", f"report {identity.number} is not waiting for a decision")
        self._step(step, LocalProtocolError)
        self._report = None
        return report.offer

    def _take(self, payload: bytes) -> AgentEvent | None:
        try:
            header = parse_header(payload)
        except FormatError as error:
            return PeerFault(RemoteProtocolError(error.code, error.message))
        try:
            version = parse_version(header, payload)
            if version not in (None, VERSION):
                return self._meet_stranger(
                    header, f"the urn speaks version {version} of the link, this agent {VERSION}"
                )
            return self._answer_or_apply(header, parse_body(header, payload, URN_TYPES))
        except (FormatError, RemoteProtocolError) as error:
            self._reset(header, error)
            return PeerFault(RemoteProtocolError(error.code, error.message))

    def _meet_stranger(self, header: Header, words: str) -> AgentEvent:
        self._step(AgentStep.HELLO, RemoteProtocolError)
        self._turns.begin(header)
        self.turn_away("LINK_VERSION_UNKNOWN", self._sentence("LINK_VERSION_UNKNOWN"))
        return PeerFault(RemoteProtocolError("LINK_VERSION_UNKNOWN", words))

    def _answer_or_apply(self, header: Header, message: Message) -> AgentEvent | None:
        if isinstance(message, Hello) and not self._turns.is_last(header):
            # Also within the same connection: an urn that restarts without good randomness may draw the same number.
            self._step(AgentStep.HELLO, RemoteProtocolError)
            self._turns.begin(header)
            self._urn, self._session = message.urn, message.session
            return UrnConnected(message)
        if not self._turns.is_connection(header):
            # Usually this program was restarted in mid-connection: no fault of the urn's.
            self._reset(header, TunukError("LINK_UNKNOWN_CONNECTION", "this connection is not known here"))
            return None
        return self._apply(message) if self._turns.takes(header) else None

    def _apply(self, message: Message) -> AgentEvent | None:
        match message:
            case Offer():
                return self._consider(message)
            case Data():
                return self._append(message)
            case Ping():
                self._step(AgentStep.PING, RemoteProtocolError)
                self._turns.send(Noted(self._clock_s()))
                return UrnAlive()
            case Bye():
                self._step(AgentStep.BYE, RemoteProtocolError)
                self._turns.send(Noted(self._clock_s()))
                return UrnLeft()
            case _:
                raise RemoteProtocolError("LINK_OUT_OF_TURN", "a second hello in one connection")

    def _consider(self, offer: Offer) -> AgentEvent | None:
        identity = ReportIdentity(self._urn, self._session, offer.number, Hash(offer.digest))
        if identity in self._settled:
            self._step(AgentStep.OFFER_SETTLED, RemoteProtocolError)
            self._turns.send(Settled(offer.number, offer.digest))
            return None
        if offer.kind not in REPORT_KINDS:
            return self._decline(identity, offer, "LINK_REPORT_KIND_UNKNOWN", f"no reports of kind {offer.kind}")
        if not 0 < offer.size <= MAX_REPORT:
            return self._decline(identity, offer, "LINK_REPORT_TOO_LONG", f"{offer.size} bytes, not 1…{MAX_REPORT}")
        self._step(AgentStep.OFFER, RemoteProtocolError)
        if self._report is None or (self._report.identity, self._report.offer) != (identity, offer):
            self._report = IncomingReport(identity, offer)
        self._turns.send(Proceed(offer.number, self._report.offset))
        return None

    def _decline(self, identity: ReportIdentity, offer: Offer, code: str, details: str) -> AgentEvent:
        self._step(AgentStep.OFFER_UNFIT, RemoteProtocolError)
        self._turns.send(Refused(offer.number, offer.digest, code, fit_words(self._sentence(code)), False))
        return OfferDeclined(identity, offer.kind, code, f"report {offer.number}: {details}")

    def _append(self, data: Data) -> AgentEvent | None:
        report = self._report
        if report is None or self.state is not AgentState.RECEIVING:
            raise RemoteProtocolError("LINK_OUT_OF_TURN", "report data without an offer")
        report.append(data)
        offer = report.offer
        if not report.is_whole:
            self._step(AgentStep.DATA, RemoteProtocolError)
            self._turns.send(Proceed(offer.number, report.offset))
            return None
        if report.is_intact:
            self._step(AgentStep.DATA_LAST, RemoteProtocolError)
            return ReportReceived(report.identity, offer.kind, report.content)
        code, words = "LINK_DIGEST_MISMATCH", "the report's bytes do not have the digest that was announced"
        self._step(AgentStep.DATA_BROKEN, RemoteProtocolError)
        self._report = None
        self._turns.send(Refused(offer.number, offer.digest, code, fit_words(self._sentence(code)), True))
        return PeerFault(RemoteProtocolError(code, words))

    def _reset(self, header: Header, error: TunukError) -> None:
        if self._turns.is_connection(header):
            self.state = AgentState.SILENT
        self._turns.send_reset(header, Reset(error.code, fit_words(self._sentence(error.code))))

    def _step(self, step: AgentStep, error: type[LocalProtocolError] | type[RemoteProtocolError]) -> None:
        self.state = next_state(AGENT_TABLE, self.state, step, error)
