"""The agent's end of the link across connections and versions: what goes on, and what begins anew."""

import pytest

from tests.unit.urn_agent.link_peers import CONTENT, IDENTITY, OFFER, Peer, make_link
from urn_agent.frame import Frame, FrameDecoder, encode_frame
from urn_agent.link_events import PeerFault, ReportReceived
from urn_agent.link_messages import (
    AGENT_TYPES,
    Data,
    Hello,
    Offer,
    Ping,
    Proceed,
    Reset,
    TurnedAway,
    parse_body,
    parse_header,
)


def test_another_version_is_turned_away() -> None:
    peer = Peer()
    assert peer.say(Hello(2, "urn-1", "2.4", 7, None, b"")) == [
        TurnedAway(1, "LINK_VERSION_UNKNOWN", "words for LINK_VERSION_UNKNOWN")
    ]
    assert isinstance(peer.event, PeerFault)
    peer.connection, peer.sequence = 2, -1
    peer.connect()


def test_a_hello_of_another_version_is_understood_as_far_as_its_version() -> None:
    """Its other fields may be any: only the first one keeps its meaning."""
    link = make_link()
    link.feed(encode_frame(bytes.fromhex("01 00000009 00000000 93 02 a3666172 c3")))
    assert isinstance(link.next_event(), PeerFault)
    [frame] = FrameDecoder().feed(link.bytes_to_send())
    assert isinstance(frame, Frame)
    assert isinstance(parse_body(parse_header(frame.payload), frame.payload, AGENT_TYPES), TurnedAway)


@pytest.mark.parametrize("broken_off_by", ["hello", "reset"])
def test_a_broken_off_report_goes_on_where_it_stopped(broken_off_by: str) -> None:
    """On a new connection, as long as it is the very same report."""
    peer = Peer().connect()
    peer.say(OFFER)
    assert peer.say(Data(3, 0, CONTENT[:4])) == [Proceed(3, 4)]
    if broken_off_by == "reset":
        peer.put(1, 9, Ping())
    peer.connection, peer.sequence = 2, -1
    peer.connect()
    assert peer.say(OFFER) == [Proceed(3, 4)]
    peer.say(Data(3, 4, CONTENT[4:]))
    assert peer.event == ReportReceived(IDENTITY, 1, CONTENT)


@pytest.mark.parametrize(
    "other", [Offer(1, 3, 7, OFFER.digest), Offer(1, 4, 6, OFFER.digest), Offer(2, 3, 6, bytes(32))]
)
def test_another_report_begins_at_its_beginning(other: Offer) -> None:
    peer = Peer().connect()
    peer.say(OFFER)
    peer.say(Data(3, 0, CONTENT[:4]))
    peer.connection, peer.sequence = 2, -1
    peer.connect()
    assert peer.say(other) == [Proceed(other.number, 0)]


def test_data_of_an_earlier_connection_needs_an_offer_first() -> None:
    peer = Peer().connect()
    peer.say(OFFER)
    peer.say(Data(3, 0, CONTENT[:4]))
    peer.connection, peer.sequence = 2, -1
    peer.connect()
    [reset] = peer.say(Data(3, 4, CONTENT[4:]))
    assert isinstance(reset, Reset)
    assert reset.code == "LINK_OUT_OF_TURN"
