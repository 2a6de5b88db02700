"""What the two ends of the link are told by their owners, and tell them."""

import hashlib
from dataclasses import dataclass

from ledger.primitives import Hash
from urn_agent.frame import BadFrame
from urn_agent.link_messages import Hello
from urn_agent.link_table import RemoteProtocolError


@dataclass(frozen=True, slots=True)
class ReportIdentity:
    """What makes a report the same report: not its number alone, for a faulty urn may use one twice."""

    urn: str
    session: int
    number: int
    digest: Hash


@dataclass(frozen=True, slots=True)
class LinkTimers:
    """Milliseconds. The first repeat comes after more than the time of a full frame and its answer at 9,600 baud.

    The gap to the next repeat doubles each time, up to ``repeat_limit_ms``. ``pause_ms`` pass before the hello that
    follows on a refusal for now, a turning away or a reset, ``ping_ms`` of quiet before a ping.

    After ``silent_repeats`` without an answer the urn's display says that nobody is there; after ``bye_repeats`` a
    farewell is given up, since all that matters was answered before it.
    """

    repeat_ms: int = 2_000
    repeat_limit_ms: int = 30_000
    pause_ms: int = 5_000
    ping_ms: int = 15_000
    silent_repeats: int = 3
    bye_repeats: int = 3


@dataclass(frozen=True, slots=True)
class Report:
    """A report that the urn has to send; ``number`` counts within the urn's session."""

    kind: int
    number: int
    content: bytes

    @property
    def digest(self) -> Hash:
        return Hash(hashlib.sha256(self.content).digest())


@dataclass(frozen=True, slots=True)
class PeerFault:
    """The other end broke the protocol; the connection begins anew where it cannot go on."""

    error: RemoteProtocolError


@dataclass(frozen=True, slots=True)
class NeedData:
    """Nothing to do before more bytes arrive, or a timer is due."""


NEED_DATA = NeedData()


@dataclass(frozen=True, slots=True)
class UrnConnected:
    """To the agent: an urn said hello. Answered with ``accept_urn`` or ``turn_away``."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class ReportReceived:
    """To the agent: a report is whole and its digest right. Answered with ``acknowledge`` or ``refuse``."""

    identity: ReportIdentity
    kind: int
    content: bytes


@dataclass(frozen=True, slots=True)
class OfferDeclined:
    """To the agent: a report was refused for good on its offer, by the link itself."""

    identity: ReportIdentity
    kind: int
    code: str
    details: str


@dataclass(frozen=True, slots=True)
class UrnAlive:
    """To the agent: the urn has nothing to report and is still there."""


@dataclass(frozen=True, slots=True)
class UrnLeft:
    """To the agent: the urn has said all and has all its answers."""


@dataclass(frozen=True, slots=True)
class UrnWelcomed:
    """To the urn: connected, to the agent with this key id, who wants turnout at these times (Unix seconds)."""

    agent: bytes
    turnout_times: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AgentTime:
    """To the urn: at some moment of the last ``delay_ms`` the agent's clock stood at ``time`` (Unix seconds)."""

    time: int
    delay_ms: int


@dataclass(frozen=True, slots=True)
class UrnTurnedAway:
    """To the urn: no connection, for this reason; it will ask again."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class ReportSettled:
    """To the urn: the agent holds this report durably."""

    number: int


@dataclass(frozen=True, slots=True)
class ReportRefused:
    """To the urn: the agent did not take this report. With ``retry`` the link will offer it again."""

    number: int
    code: str
    words: str
    retry: bool


@dataclass(frozen=True, slots=True)
class LineSilent:
    """To the urn: the same message was repeated this many times, and nobody answers."""

    repeats: int


@dataclass(frozen=True, slots=True)
class LinkClosed:
    """To the urn: nothing more will be sent. Not ``confirmed`` when the farewell was never answered."""

    confirmed: bool


AgentEvent = UrnConnected | ReportReceived | OfferDeclined | UrnAlive | UrnLeft | PeerFault | BadFrame | NeedData
UrnDecision = UrnWelcomed | UrnTurnedAway | ReportSettled | ReportRefused
UrnEvent = UrnDecision | AgentTime | LineSilent | LinkClosed | PeerFault | BadFrame | NeedData
