"""The urn's end of the link: timers, repeats and what its display shows."""

import pytest

from ledger.primitives import sha256
from tests.unit.urn_agent.link_peers import AGENT, NOW, REPORT, WELCOME, Far
from urn_agent.frame import encode_frame
from urn_agent.link_events import (
    AgentTime,
    LineSilent,
    LinkClosed,
    PeerFault,
    Report,
    ReportRefused,
    ReportSettled,
    UrnEvent,
    UrnTurnedAway,
    UrnWelcomed,
)
from urn_agent.link_messages import (
    MAX_CHUNK,
    MAX_REPORT,
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
    encode_message,
)
from urn_agent.link_queue import KEPT_PLACES, MAX_WAITING
from urn_agent.link_table import LocalProtocolError, UrnState


def test_a_report_goes_out_in_parts_and_is_settled() -> None:
    far = Far().welcome().offer()
    assert far.answer(Proceed(3, 0)) == []
    assert far.hear() == [Data(3, 0, b"x" * MAX_CHUNK)]
    assert far.answer(Proceed(3, MAX_CHUNK)) == []
    assert far.hear() == [Data(3, MAX_CHUNK, b"x")]
    assert far.answer(Settled(3, REPORT.digest)) == [ReportSettled(3)]
    assert far.urn.waiting == ()
    far.urn.leave(far.now_ms)
    assert far.hear() == [Bye()]
    assert far.answer(Noted(NOW)) == [LinkClosed(confirmed=True)]
    assert far.urn.due_ms is None


def test_a_report_goes_on_where_an_earlier_connection_stopped() -> None:
    far = Far().welcome().offer()
    assert far.answer(Proceed(3, MAX_CHUNK)) == []
    assert far.hear() == [Data(3, MAX_CHUNK, b"x")]
    [fault] = far.answer(Proceed(3, 5))
    assert isinstance(fault, PeerFault), "from then on the parts come in order"


def test_final_reports_come_before_turnout_and_turnout_before_the_journal() -> None:
    far = Far()
    for number, kind in enumerate((4, 3, 4, 2, 1)):
        far.urn.send_report(Report(kind, number, bytes([number])), 0)
    far.welcome()
    offered = []
    while far.urn.waiting:
        [offer] = far.hear()
        assert isinstance(offer, Offer)
        offered.append(offer.number)
        far.answer(Settled(offer.number, offer.digest))
    assert offered == [3, 4, 1, 0, 2]


def test_repeats_come_with_growing_gaps_and_a_word_to_the_display() -> None:
    far = Far().welcome()
    far.urn.send_report(REPORT, 0)
    said, gaps = far.urn.bytes_to_send(), []
    for _ in range(5):
        before = far.now_ms
        far.wait()
        gaps.append(far.now_ms - before)
        assert far.urn.bytes_to_send() == said
    assert gaps == [100, 200, 400, 400, 400]
    assert far.events() == [LineSilent(3)]
    far.urn.tick(far.now_ms)
    assert far.urn.bytes_to_send() == b"", "nothing is due yet"


def test_a_hello_is_said_anew_for_it_tells_the_time() -> None:
    """Each on a connection of its own, so that a late welcome is not taken for the answer to a later hello."""
    far, gaps, connections, times = Far(), [], set(), []
    far.hear()
    for _ in range(5):
        before, old = far.now_ms, far.connection
        far.wait()
        gaps.append(far.now_ms - before)
        [hello] = far.hear()
        assert isinstance(hello, Hello)
        times.append(hello.time)
        connections |= {old, far.connection}
    assert gaps == [100, 200, 400, 400, 400]
    assert times == [NOW, NOW, NOW, NOW + 1, NOW + 1]
    assert len(connections) == 6
    assert far.events() == [LineSilent(3)]
    far.urn.feed(encode_frame(encode_message(min(connections), 0, WELCOME)), far.now_ms)
    assert far.events() == []
    assert far.answer(WELCOME)[0] == UrnWelcomed(AGENT, (10, 20))


def test_a_quiet_urn_pings() -> None:
    far = Far().welcome()
    far.wait()
    assert (far.now_ms, far.hear()) == (5_000, [Ping()])
    assert far.answer(Noted(NOW)) == [AgentTime(NOW, 0)]
    assert far.urn.due_ms == 10_000


def test_the_age_of_a_told_time_counts_from_the_first_asking() -> None:
    """The answer may be a copy of one that was lost."""
    far = Far().welcome()
    far.wait()
    far.hear()
    far.wait()
    assert far.answer(Noted(NOW)) == [AgentTime(NOW, 100)]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (TurnedAway(1, "URN_NOT_OURS", "no"), UrnTurnedAway("URN_NOT_OURS", "no")),
        (Reset("LINK_X", "no"), None),
    ],
)
def test_after_a_pause_the_urn_says_hello_on_a_new_connection(answer: Message, shown: UrnEvent | None) -> None:
    far = Far()
    far.hear()
    events = far.answer(answer)
    assert events == [shown] or isinstance(events[0], PeerFault)
    assert far.urn.bytes_to_send() == b""
    far.wait()
    assert far.now_ms == 1_000
    first = far.connection
    far.welcome()
    assert far.connection != first


def test_a_refusal_for_now_is_shown_and_the_report_offered_again() -> None:
    far = Far().welcome().offer()
    refused = Refused(3, REPORT.digest, "OUTBOX_FULL", "no room", True)
    assert far.answer(refused) == [ReportRefused(3, "OUTBOX_FULL", "no room", True)]
    assert far.urn.waiting == (3,)
    far.wait()
    far.welcome()
    assert far.hear() == [Offer(1, 3, len(REPORT.content), REPORT.digest)]


def test_a_refusal_for_good_is_shown_and_the_next_report_offered() -> None:
    far = Far().welcome().offer()
    following = Report(2, 4, b"final")
    far.urn.send_report(following, 0)
    refused = Refused(3, REPORT.digest, "REPORT_NOT_ZERO", "", False)
    assert far.answer(refused) == [ReportRefused(3, "REPORT_NOT_ZERO", "", False)]
    assert far.hear() == [Offer(2, 4, 5, following.digest)]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (Proceed(3, len(REPORT.content)), "LINK_WRONG_DATA"),
        (Proceed(4, 0), "LINK_WRONG_REPORT"),
        (Settled(3, bytes(32)), "LINK_WRONG_REPORT"),
        (Refused(9, REPORT.digest, "X", "", False), "LINK_WRONG_REPORT"),
        (WELCOME, "LINK_OUT_OF_TURN"),
        (Noted(NOW), "LINK_OUT_OF_TURN"),
        (Ping(), "LINK_MESSAGE_UNKNOWN"),
    ],
)
def test_a_wrong_answer_is_shown_and_settles_nothing(message: Message, code: str) -> None:
    far = Far().welcome().offer()
    [fault] = far.answer(message)
    assert isinstance(fault, PeerFault)
    assert fault.error.code == code
    assert (far.urn.waiting, far.urn.state) == ((3,), UrnState.OFFERING)
    far.wait()
    assert far.hear() == [Offer(1, 3, len(REPORT.content), REPORT.digest)]


def test_late_copies_of_answers_are_passed_over() -> None:
    far = Far().welcome().offer()
    far.urn.feed(encode_frame(encode_message(far.connection, far.sequence - 1, WELCOME)), 0)
    far.urn.feed(encode_frame(encode_message(99, far.sequence, Settled(3, REPORT.digest))), 0)
    assert far.events() == []
    assert far.urn.waiting == (3,)


@pytest.mark.parametrize("answer", [None, Reset("LINK_UNKNOWN_CONNECTION", "")])
def test_a_farewell_is_not_said_for_ever(answer: Message | None) -> None:
    """All that matters was answered before it; the agent may be gone already."""
    far = Far().welcome()
    far.urn.leave(0)
    far.hear()
    if answer is not None:
        events = far.answer(answer)
    else:
        while far.urn.due_ms is not None:
            far.wait()
        events = far.events()
    assert events[-1] == LinkClosed(confirmed=False)
    assert far.urn.state is UrnState.GONE


def test_wrong_use_is_our_own_fault() -> None:
    far = Far()
    with pytest.raises(LocalProtocolError, match="not possible now"):
        far.urn.start(0)
    with pytest.raises(LocalProtocolError) as caught:
        far.urn.send_report(Report(1, 1, b"x" * (MAX_REPORT + 1)), 0)
    assert caught.value.code == "LINK_REPORT_TOO_LONG"
    for number in range(MAX_WAITING - KEPT_PLACES):
        far.urn.send_report(Report(4, number, b"x"), 0)
    with pytest.raises(LocalProtocolError) as caught:
        far.urn.send_report(Report(4, 99, b"x"), 0)
    assert caught.value.code == "LINK_TOO_MANY_REPORTS"
    for number in range(KEPT_PLACES):
        far.urn.send_report(Report(2, 100 + number, b"x"), 0)
    with pytest.raises(LocalProtocolError) as caught:
        far.urn.send_report(Report(2, 99, b"x"), 0)
    assert caught.value.code == "LINK_TOO_MANY_REPORTS"
    assert REPORT.digest == sha256(REPORT.content)
