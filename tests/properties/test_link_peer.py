"""A peer that says anything in any order breaks neither end of the link."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.primitives import KeyId
from urn_agent.frame import BadFrame, FrameDecoder, encode_frame
from urn_agent.link import AgentLink
from urn_agent.link_events import NEED_DATA, LinkTimers, Report, ReportReceived, UrnConnected
from urn_agent.link_messages import (
    AGENT_TYPES,
    URN_TYPES,
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
    Welcome,
    encode_message,
    parse_body,
    parse_header,
)
from urn_agent.link_table import AgentState
from urn_agent.link_urn import UrnLink

CONTENT = b"0123456789" * 150
REPORT = Report(1, 0, CONTENT)

# Few values, so that messages fit together by chance often enough to get far into the protocol.
small = st.integers(0, 3)
number = st.sampled_from([0, 0, 0, 1, 2**53 - 1])
digest = st.sampled_from([bytes(REPORT.digest), bytes(32)])
size = st.sampled_from([0, 3, 960, len(CONTENT), 262_145])
words = st.sampled_from(["", "no", "жок"])
code = st.sampled_from(["A", "LINK_X"])
reserved = st.binary(max_size=8)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Hello, number, st.just("urn-1"), st.just("1.0"), number, st.none() | number, reserved),
    st.builds(Hello, st.just(1), st.just("urn-1"), st.just("1.0"), number, st.none() | number, reserved),
    st.builds(Offer, small, number, size, digest),
    st.builds(Data, number, size, st.sampled_from([b"abc", CONTENT[:960], CONTENT[960:]])),
    st.just(Ping()),
    st.just(Bye()),
    st.builds(Welcome, number, digest, number, st.just((10, 20)), reserved, reserved),
    st.builds(TurnedAway, number, code, words),
    st.builds(Proceed, number, size),
    st.builds(Settled, number, digest),
    st.builds(Refused, number, digest, code, words, st.booleans()),
    st.builds(Noted, number),
    st.builds(Reset, code, words),
)
sayings = st.tuples(small, small, messages).map(lambda saying: encode_frame(encode_message(*saying)))
streams = st.lists(sayings | st.binary(max_size=40), max_size=16)


def pull(link: AgentLink) -> None:
    while (event := link.next_event()) is not NEED_DATA:
        if isinstance(event, UrnConnected):
            link.accept_urn(())
        elif isinstance(event, ReportReceived):
            link.refuse(event.identity, "REPORT_UNREADABLE", "no", retry=False)


@given(streams)
def test_the_agents_end_goes_on(pieces: list[bytes]) -> None:
    """All that it answers is well-formed, and an honest urn that comes afterwards is served."""
    link = AgentLink(KeyId(bytes(32)), str, lambda: 1_800_000_000)
    hello = encode_frame(encode_message(77, 0, Hello(1, "urn-1", "1.0", 1, None, b"")))
    ping = encode_frame(encode_message(77, 1, Ping()))
    for piece in [*pieces, b"\x00", hello, ping]:
        link.feed(piece)
        pull(link)
        answers = FrameDecoder().feed(link.bytes_to_send())
        for answer in answers:
            assert not isinstance(answer, BadFrame)
            parse_body(parse_header(answer.payload), answer.payload, AGENT_TYPES)
    assert link.state is AgentState.READY


@given(streams, st.lists(st.integers(0, 40_000), max_size=16))
def test_the_urns_end_goes_on(pieces: list[bytes], clock: list[int]) -> None:
    """All that it says is well-formed, and its report is waiting until it is settled or refused for good."""
    draw = iter([0, 1, 2, 3] * 50)
    urn = UrnLink("urn-1", "1.0", 7, lambda: next(draw), lambda: None, LinkTimers())
    urn.start(0)
    urn.send_report(REPORT, 0)
    concluded = False
    for piece, now_ms in zip(pieces, sorted(clock) + [50_000] * len(pieces), strict=False):
        urn.feed(piece, now_ms)
        urn.tick(now_ms)
        while (event := urn.next_event()) is not NEED_DATA:
            kind = type(event).__name__
            concluded |= kind == "ReportSettled" or (kind == "ReportRefused" and not getattr(event, "retry", True))
        for said in FrameDecoder().feed(urn.bytes_to_send()):
            assert not isinstance(said, BadFrame)
            parse_body(parse_header(said.payload), said.payload, URN_TYPES)
    assert bool(urn.waiting) != concluded
    assert urn.due_ms is not None
