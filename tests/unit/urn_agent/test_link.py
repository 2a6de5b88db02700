"""The agent's end of the link, message by message."""

from collections.abc import Callable

import pytest

from ledger.primitives import sha256
from tests.unit.urn_agent.link_peers import CONTENT, HELLO, IDENTITY, NOW, OFFER, Peer, make_link
from urn_agent.frame import encode_frame
from urn_agent.link_events import (
    NEED_DATA,
    OfferDeclined,
    PeerFault,
    ReportIdentity,
    ReportReceived,
    UrnAlive,
    UrnLeft,
)
from urn_agent.link_messages import (
    MAX_REPORT,
    MAX_WORDS,
    Bye,
    Data,
    Message,
    Noted,
    Offer,
    Ping,
    Proceed,
    Refused,
    Reset,
    Settled,
    TurnedAway,
)
from urn_agent.link_table import AgentState, LocalProtocolError


def test_a_report_is_acknowledged_when_the_owner_says_so() -> None:
    peer = Peer().connect().deliver()
    peer.link.acknowledge(IDENTITY)
    assert peer.answers() == [Settled(3, OFFER.digest)]
    assert peer.say(Ping()) == [Noted(NOW)]
    assert isinstance(peer.event, UrnAlive)
    assert peer.say(Bye()) == [Noted(NOW)]
    assert isinstance(peer.event, UrnLeft)
    assert peer.link.state is AgentState.SILENT


def test_a_report_in_parts_is_put_together() -> None:
    peer = Peer().connect()
    assert peer.say(OFFER) == [Proceed(3, 0)]
    assert peer.say(Data(3, 0, CONTENT[:4])) == [Proceed(3, 4)]
    assert peer.say(Data(3, 4, CONTENT[4:])) == []
    assert peer.event == ReportReceived(IDENTITY, 1, CONTENT)


def test_a_repeated_message_gets_the_same_answer_and_no_event() -> None:
    """The acknowledgement was lost; the urn repeats its last part."""
    peer = Peer().connect().deliver()
    peer.link.acknowledge(IDENTITY)
    assert peer.answers() == [Settled(3, OFFER.digest)]
    assert peer.put(1, peer.sequence, Data(3, 0, CONTENT)) == [Settled(3, OFFER.digest)]
    assert peer.event == NEED_DATA
    assert peer.put(1, peer.sequence - 1, OFFER) == []


@pytest.mark.parametrize("known_from", ["same connection", "storage"])
def test_a_stored_report_is_settled_at_the_offer(known_from: str) -> None:
    """Nothing is transferred again, in this connection or after a restart of either side."""
    if known_from == "storage":
        peer = Peer().connect((IDENTITY,))
    else:
        peer = Peer().connect().deliver()
        peer.link.acknowledge(IDENTITY)
        peer.answers()
    assert peer.say(OFFER) == [Settled(3, OFFER.digest)]
    assert peer.event == NEED_DATA


def test_another_report_with_a_used_number_is_taken() -> None:
    """Identity includes the digest: a second, different report is evidence, and not thrown away."""
    peer = Peer().connect((IDENTITY,))
    assert peer.say(Offer(1, 3, 5, sha256(b"other"))) == [Proceed(3, 0)]


@pytest.mark.parametrize("retry", [True, False])
def test_a_refusal_names_its_code(retry: bool) -> None:
    peer = Peer().connect().deliver()
    peer.link.refuse(IDENTITY, "REPORT_UNREADABLE", "not readable\n" + "x" * 500, retry=retry)
    [refused] = peer.answers()
    assert isinstance(refused, Refused)
    assert (refused.code, refused.retry, len(refused.words)) == ("REPORT_UNREADABLE", retry, MAX_WORDS)
    assert peer.say(OFFER) == [Proceed(3, 0)], "a refused report may be offered again"


def test_an_urn_is_turned_away_and_may_come_back() -> None:
    peer = Peer()
    peer.say(HELLO)
    peer.link.turn_away("URN_NOT_OURS", "another urn belongs here")
    assert peer.answers() == [TurnedAway(1, "URN_NOT_OURS", "another urn belongs here")]
    assert peer.put(1, 0, HELLO) == [TurnedAway(1, "URN_NOT_OURS", "another urn belongs here")]
    peer.connection, peer.sequence = 2, -1
    peer.connect()


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        (Offer(9, 3, 6, OFFER.digest), "LINK_REPORT_KIND_UNKNOWN"),
        (Offer(1, 3, 0, OFFER.digest), "LINK_REPORT_TOO_LONG"),
        (Offer(1, 3, MAX_REPORT + 1, OFFER.digest), "LINK_REPORT_TOO_LONG"),
    ],
)
def test_an_unfit_offer_is_refused_before_any_data(offer: Offer, code: str) -> None:
    peer = Peer().connect()
    [refused] = peer.say(offer)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.words, refused.retry) == (code, f"words for {code}", False)
    assert isinstance(peer.event, OfferDeclined)
    assert (peer.event.identity.number, peer.event.kind, peer.event.code) == (3, offer.kind, code)
    assert peer.say(Ping()) == [Noted(NOW)]


def test_a_wrong_digest_is_refused_for_now() -> None:
    peer = Peer().connect()
    peer.say(OFFER)
    [refused] = peer.say(Data(3, 0, b"REPORT"))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.retry) == ("LINK_DIGEST_MISMATCH", True)
    assert peer.say(OFFER) == [Proceed(3, 0)], "nothing of it is kept"


BREACHES: list[tuple[str, Callable[[Peer], list[Message]]]] = [
    ("LINK_OUT_OF_TURN", lambda peer: peer.say(Data(3, 0, CONTENT))),
    ("LINK_SEQUENCE_GAP", lambda peer: peer.put(1, 5, Ping())),
    ("LINK_WRONG_DATA", lambda peer: [*peer.say(OFFER)[1:], *peer.say(Data(3, 1, b"x"))]),
    ("LINK_WRONG_DATA", lambda peer: [*peer.say(OFFER)[1:], *peer.say(Data(4, 0, b"x"))]),
    ("LINK_WRONG_DATA", lambda peer: [*peer.say(OFFER)[1:], *peer.say(Data(3, 0, CONTENT + b"x"))]),
    ("LINK_OUT_OF_TURN", lambda peer: [*peer.say(OFFER)[1:], *peer.say(Ping())]),
    ("LINK_MESSAGE_UNKNOWN", lambda peer: peer.say(Noted(NOW))),
]


@pytest.mark.parametrize(("code", "breach"), BREACHES)
def test_a_breach_resets_the_connection_by_code(code: str, breach: Callable[[Peer], list[Message]]) -> None:
    peer = Peer().connect()
    [reset] = breach(peer)
    assert isinstance(reset, Reset)
    assert (reset.code, reset.words) == (code, f"words for {code}")
    assert isinstance(peer.event, PeerFault)
    assert peer.event.error.code == code
    peer.connection, peer.sequence = 2, -1
    peer.connect().deliver()


def test_an_unknown_connection_is_reset_without_blame() -> None:
    """As after a restart of the agent in the middle of a transfer."""
    peer = Peer()
    [reset] = peer.put(9, 4, Ping())
    assert isinstance(reset, Reset)
    assert (reset.code, peer.event) == ("LINK_UNKNOWN_CONNECTION", NEED_DATA)


def test_a_restarted_urn_may_draw_the_same_connection_number() -> None:
    peer = Peer().connect().deliver()
    peer.link.acknowledge(IDENTITY)
    peer.answers()
    peer.sequence = -1
    peer.connect((IDENTITY,))


def test_a_message_too_short_for_a_header_is_a_fault() -> None:
    link = make_link()
    link.feed(encode_frame(b"short"))
    event = link.next_event()
    assert isinstance(event, PeerFault)
    assert (event.error.code, link.bytes_to_send()) == ("LINK_MESSAGE_TOO_SHORT", b"")


def test_wrong_use_is_our_own_fault() -> None:
    peer = Peer().connect()
    with pytest.raises(LocalProtocolError, match="not waiting"):
        peer.link.acknowledge(IDENTITY)
    with pytest.raises(LocalProtocolError, match="not possible now"):
        peer.link.accept_urn(())
    peer.deliver()
    with pytest.raises(LocalProtocolError, match="decision is owed"):
        peer.link.next_event()
    with pytest.raises(LocalProtocolError, match="not waiting"):
        peer.link.refuse(ReportIdentity("urn-1", 7, 4, sha256(CONTENT)), "X", "", retry=False)
