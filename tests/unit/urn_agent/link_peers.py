"""The other end of each end of the link, played by hand, message by message."""

import itertools

from ledger.primitives import KeyId, sha256
from urn_agent.frame import Frame, FrameDecoder, encode_frame
from urn_agent.link import AgentLink
from urn_agent.link_events import (
    NEED_DATA,
    AgentEvent,
    AgentTime,
    LinkTimers,
    Report,
    ReportIdentity,
    ReportReceived,
    UrnConnected,
    UrnEvent,
    UrnWelcomed,
)
from urn_agent.link_messages import (
    AGENT_TYPES,
    MAX_CHUNK,
    URN_TYPES,
    Data,
    Hello,
    Message,
    Offer,
    Proceed,
    Welcome,
    encode_message,
    parse_body,
    parse_header,
)
from urn_agent.link_urn import UrnLink

AGENT = KeyId(b"\x11" * 32)
NOW = 1_800_000_000
HELLO = Hello(1, "urn-1", "2.4", 7, NOW - 5, b"")
CONTENT = b"report"
OFFER = Offer(1, 3, len(CONTENT), sha256(CONTENT))
IDENTITY = ReportIdentity("urn-1", 7, 3, sha256(CONTENT))
TIMERS = LinkTimers(repeat_ms=100, repeat_limit_ms=400, pause_ms=1_000, ping_ms=5_000)
WELCOME = Welcome(1, AGENT, NOW, (10, 20), b"", b"")
REPORT = Report(1, 3, b"x" * (MAX_CHUNK + 1))


def make_link() -> AgentLink:
    return AgentLink(AGENT, lambda code: f"words for {code}", lambda: NOW)


class Peer:
    """Speaks to an AgentLink message by message; ``say`` numbers them as an urn does."""

    def __init__(self) -> None:
        self.link = make_link()
        self.connection, self.sequence = 1, -1

    def put(self, connection: int, sequence: int, message: Message) -> list[Message]:
        self.link.feed(encode_frame(encode_message(connection, sequence, message)))
        self.event: AgentEvent = self.link.next_event()
        return self.answers()

    def say(self, message: Message) -> list[Message]:
        self.sequence += 1
        return self.put(self.connection, self.sequence, message)

    def answers(self) -> list[Message]:
        frames = FrameDecoder().feed(self.link.bytes_to_send())
        payloads = [frame.payload for frame in frames if isinstance(frame, Frame)]
        return [parse_body(parse_header(payload), payload, AGENT_TYPES) for payload in payloads]

    def connect(self, settled: tuple[ReportIdentity, ...] = ()) -> "Peer":
        assert self.say(HELLO) == []
        assert self.event == UrnConnected(HELLO)
        self.link.accept_urn(settled, (10, 20))
        assert self.answers() == [Welcome(1, AGENT, NOW, (10, 20), b"", b"")]
        return self

    def deliver(self) -> "Peer":
        assert self.say(OFFER) == [Proceed(3, 0)]
        assert self.say(Data(3, 0, CONTENT)) == []
        assert self.event == ReportReceived(IDENTITY, 1, CONTENT)
        return self


class Far:
    """The agent's side, played by hand: ``hear`` what the urn said, ``answer`` it."""

    def __init__(self) -> None:
        numbers = itertools.count(100)
        self.now_ms = 0
        self.urn = UrnLink("urn-1", "2.4", 7, lambda: next(numbers), lambda: NOW + self.now_ms // 1_000, TIMERS)
        self.urn.start(0)

    def hear(self) -> list[Message]:
        payloads = [
            event.payload for event in FrameDecoder().feed(self.urn.bytes_to_send()) if isinstance(event, Frame)
        ]
        headers = [parse_header(payload) for payload in payloads]
        if headers:
            self.connection, self.sequence = headers[-1].connection, headers[-1].sequence
        return [parse_body(header, payload, URN_TYPES) for header, payload in zip(headers, payloads, strict=True)]

    def answer(self, message: Message) -> list[UrnEvent]:
        self.urn.feed(encode_frame(encode_message(self.connection, self.sequence, message)), self.now_ms)
        return self.events()

    def events(self) -> list[UrnEvent]:
        return list(iter(self.urn.next_event, NEED_DATA))

    def wait(self) -> None:
        assert self.urn.due_ms is not None
        self.now_ms = self.urn.due_ms
        self.urn.tick(self.now_ms)

    def welcome(self) -> "Far":
        assert self.hear() == [Hello(1, "urn-1", "2.4", 7, NOW + self.now_ms // 1_000, b"")]
        assert self.answer(WELCOME) == [UrnWelcomed(AGENT, (10, 20)), AgentTime(NOW, 0)]
        return self

    def offer(self) -> "Far":
        self.urn.send_report(REPORT, self.now_ms)
        assert self.hear() == [Offer(1, 3, len(REPORT.content), REPORT.digest)]
        return self
