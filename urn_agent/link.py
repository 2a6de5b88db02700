"""The agent's end of the serial link: turns bytes from an urn into whole reports, each handed over once.

The rules:
- The urn drives. It has one message under way at a time and repeats it until it is answered; the agent only answers,
  and so needs no clock. A message seen before is answered again with the very same bytes, and does nothing else.
- Connections are told apart by a number that the urn draws anew for each hello, so that late copies of an old
  connection's messages are recognised. A message of an unknown connection is answered with ``Reset``.
- A report is identified by urn, session, number and SHA-256. It is acknowledged only when the owner, having stored it
  durably, calls ``acknowledge``. On offer of one that is already stored the acknowledgement comes at once, also after
  either side restarted: the owner names at each hello what it holds.

Responsible for one line and for order on it. It does no IO, parses no report and stores nothing.
"""

import hashlib
from collections import deque
from collections.abc import Iterable

from ledger.errors import FormatError, TunukError
from ledger.primitives import Hash, KeyId
from urn_agent.frame import BadFrame, Frame, FrameDecoder, encode_frame
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
from urn_agent.link_messages import (
    MAX_REPORT,
    REPORT_KINDS,
    URN_TYPES,
    VERSION,
    AgentMessage,
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
    encode_message,
    fit_words,
    parse_body,
    parse_header,
)
from urn_agent.link_table import AGENT_TABLE, AgentState, AgentStep, LocalProtocolError, RemoteProtocolError, next_state


class AgentLink:
    """``feed`` bytes, pull ``next_event`` until NEED_DATA, send what ``bytes_to_send`` gives.

    UrnConnected and ReportReceived ask for a decision before the next event. All events are pulled before the next
    feed, so the queue holds one read of the port at most. Wrong use raises LocalProtocolError; whatever the urn or the
    line does becomes PeerFault or BadFrame, never an exception.
    """

    def __init__(self, agent: KeyId) -> None:
        self.state = AgentState.SILENT
        self._agent = agent
        self._decoder = FrameDecoder()
        self._frames: deque[Frame | BadFrame] = deque()
        self._outgoing = bytearray()
        self._connection: int | None = None
        self._sequence = 0
        self._answer = b""
        self._urn, self._session = "", 0
        self._settled: set[ReportIdentity] = set()
        self._offer: Offer | None = None
        self._content = bytearray()

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
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def accept_urn(self, settled: Iterable[ReportIdentity]) -> None:
        """Welcome the urn; ``settled`` are the reports of its session that are already stored."""
        self._step(AgentStep.ACCEPT_URN, LocalProtocolError)
        self._settled = set(settled)
        self._send(Welcome(VERSION, self._agent, b"", b""))

    def turn_away(self, code: str, words: str) -> None:
        """Answer the hello with a reason; ``words`` are for the urn's display, cut at MAX_WORDS characters."""
        self._step(AgentStep.TURN_AWAY, LocalProtocolError)
        self._send(TurnedAway(VERSION, code, fit_words(words)))

    def acknowledge(self, identity: ReportIdentity) -> None:
        """Say that the report is stored durably. Raises LocalProtocolError(``LINK_NOT_HANDED_OVER``) for another."""
        offer = self._decide(identity, AgentStep.ACKNOWLEDGE)
        self._settled.add(identity)
        self._send(Settled(offer.number, offer.digest))

    def refuse(self, identity: ReportIdentity, code: str, words: str, *, retry: bool) -> None:
        """Say why the report was not taken, and whether it may be taken later. Raises as ``acknowledge`` does."""
        offer = self._decide(identity, AgentStep.REFUSE)
        self._send(Refused(offer.number, offer.digest, code, fit_words(words), retry))

    def _decide(self, identity: ReportIdentity, step: AgentStep) -> Offer:
        offer = self._offer
        if offer is None or self._identify(offer) != identity:
            raise LocalProtocolError("LINK_NOT_HANDED_OVER", f"report {identity.number} is not waiting for a decision")
        self._step(step, LocalProtocolError)
        self._offer = None
        return offer

    def _take(self, payload: bytes) -> AgentEvent | None:
        try:
            header = parse_header(payload)
        except FormatError as error:
            return PeerFault(RemoteProtocolError(error.code, error.message))
        try:
            return self._answer_or_apply(header, parse_body(header, payload, URN_TYPES))
        except (FormatError, RemoteProtocolError) as error:
            self._reset(header, error)
            return PeerFault(RemoteProtocolError(error.code, error.message))

    def _answer_or_apply(self, header: Header, message: Message) -> AgentEvent | None:
        if isinstance(message, Hello) and (header.connection, header.sequence) != (self._connection, self._sequence):
            # Also within the same connection: an urn that restarts without good randomness may draw the same number.
            return self._greet(header, message)
        if header.connection != self._connection:
            # Usually this program was restarted in mid-connection: no fault of the urn's.
            self._reset(header, TunukError("LINK_UNKNOWN_CONNECTION", "this connection is not known here"))
            return None
        if header.sequence <= self._sequence:
            if header.sequence == self._sequence:
                self._outgoing += self._answer
            return None
        if header.sequence != self._sequence + 1:
            raise RemoteProtocolError(
                "LINK_SEQUENCE_GAP", f"message {header.sequence} after {self._sequence}: one in between is missing"
            )
        self._sequence, self._answer = header.sequence, b""
        return self._apply(message)

    def _greet(self, header: Header, hello: Hello) -> AgentEvent:
        self._step(AgentStep.HELLO, RemoteProtocolError)
        self._connection, self._sequence, self._answer = header.connection, header.sequence, b""
        self._urn, self._session = hello.urn, hello.session
        self._offer = None
        if hello.version != VERSION:
            self.turn_away("LINK_VERSION_UNKNOWN", f"this agent speaks version {VERSION} of the link")
            return PeerFault(RemoteProtocolError("LINK_VERSION_UNKNOWN", f"the urn speaks version {hello.version}"))
        return UrnConnected(hello)

    def _apply(self, message: Message) -> AgentEvent | None:
        match message:
            case Offer():
                return self._consider(message)
            case Data():
                return self._append(message)
            case Ping():
                self._step(AgentStep.PING, RemoteProtocolError)
                self._send(Noted())
                return UrnAlive()
            case Bye():
                self._step(AgentStep.BYE, RemoteProtocolError)
                self._send(Noted())
                return UrnLeft()
            case _:
                raise RemoteProtocolError("LINK_OUT_OF_TURN", "a second hello in one connection")

    def _consider(self, offer: Offer) -> AgentEvent | None:
        if self._identify(offer) in self._settled:
            self._step(AgentStep.OFFER_SETTLED, RemoteProtocolError)
            self._send(Settled(offer.number, offer.digest))
            return None
        if offer.kind not in REPORT_KINDS:
            return self._decline(offer, "LINK_REPORT_KIND_UNKNOWN", f"this agent takes no reports of kind {offer.kind}")
        if not 0 < offer.size <= MAX_REPORT:
            return self._decline(offer, "LINK_REPORT_TOO_LONG", f"a report has 1…{MAX_REPORT} bytes, not {offer.size}")
        self._step(AgentStep.OFFER, RemoteProtocolError)
        self._offer, self._content = offer, bytearray()
        self._send(Proceed(offer.number, 0))
        return None

    def _decline(self, offer: Offer, code: str, words: str) -> AgentEvent:
        self._step(AgentStep.OFFER_UNFIT, RemoteProtocolError)
        self._send(Refused(offer.number, offer.digest, code, words, False))
        return PeerFault(RemoteProtocolError(code, words))

    def _append(self, data: Data) -> AgentEvent | None:
        offer = self._offer
        if offer is None:
            raise RemoteProtocolError("LINK_OUT_OF_TURN", "report data without an offer")
        size = len(self._content) + len(data.chunk)
        if data.number != offer.number or data.offset != len(self._content) or size > offer.size:
            raise RemoteProtocolError("LINK_WRONG_DATA", f"report {data.number}: byte {data.offset} is not next")
        self._content += data.chunk
        if size < offer.size:
            self._step(AgentStep.DATA, RemoteProtocolError)
            self._send(Proceed(offer.number, size))
            return None
        content = bytes(self._content)
        if hashlib.sha256(content).digest() == offer.digest:
            self._step(AgentStep.DATA_LAST, RemoteProtocolError)
            return ReportReceived(self._identify(offer), offer.kind, content)
        words = "the report's bytes do not have the digest that was announced"
        self._step(AgentStep.DATA_BROKEN, RemoteProtocolError)
        self._offer = None
        self._send(Refused(offer.number, offer.digest, "LINK_DIGEST_MISMATCH", words, True))
        return PeerFault(RemoteProtocolError("LINK_DIGEST_MISMATCH", words))

    def _identify(self, offer: Offer) -> ReportIdentity:
        return ReportIdentity(self._urn, self._session, offer.number, Hash(offer.digest))

    def _reset(self, header: Header, error: TunukError) -> None:
        if header.connection == self._connection:
            self._connection, self._offer, self.state = None, None, AgentState.SILENT
        reset = Reset(error.code, fit_words(error.message))
        self._outgoing += encode_frame(encode_message(header.connection, header.sequence, reset))

    def _step(self, step: AgentStep, error: type[LocalProtocolError] | type[RemoteProtocolError]) -> None:
        self.state = next_state(AGENT_TABLE, self.state, step, error)

    def _send(self, message: AgentMessage) -> None:
        if self._connection is None:
            raise LocalProtocolError("LINK_OUT_OF_TURN", "there is no connection to answer on")
        self._answer = encode_frame(encode_message(self._connection, self._sequence, message))
        self._outgoing += self._answer
