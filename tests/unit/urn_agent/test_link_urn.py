"""The urn's end of the link: timers, repeats and what its display shows."""

import itertools

import pytest

from ledger.primitives import sha256
from urn_agent.frame import Frame, FrameDecoder, encode_frame
from urn_agent.link_events import (
    NEED_DATA,
    LineSilent,
    LinkClosed,
    LinkTimers,
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
from urn_agent.link_table import LocalProtocolError, UrnState
from urn_agent.link_urn import MAX_WAITING, UrnLink

TIMERS = LinkTimers(repeat_ms=100, repeat_limit_ms=400, pause_ms=1_000, ping_ms=5_000)
AGENT = bytes(32)
WELCOME = Welcome(1, AGENT, b"", b"")
REPORT = Report(1, 3, b"x" * (MAX_CHUNK + 1))


class Far:
    """The agent's side, played by hand: ``hear`` what the urn said, ``answer`` it."""

    def __init__(self) -> None:
        numbers = itertools.count(100)
        self.urn = UrnLink("urn-1", "2.4", 7, lambda: next(numbers), TIMERS)
        self.now_ms = 0
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
        assert self.hear() == [Hello(1, "urn-1", "2.4", 7, b"")]
        assert self.answer(WELCOME) == [UrnWelcomed(AGENT)]
        return self

    def offer(self) -> "Far":
        self.urn.send_report(REPORT, self.now_ms)
        assert self.hear() == [Offer(1, 3, len(REPORT.content), REPORT.digest)]
        return self


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
    assert far.answer(Noted()) == [LinkClosed(confirmed=True)]
    assert far.urn.due_ms is None


def test_repeats_come_with_growing_gaps_and_a_word_to_the_display() -> None:
    far = Far()
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


def test_a_quiet_urn_pings() -> None:
    far = Far().welcome()
    far.wait()
    assert (far.now_ms, far.hear()) == (5_000, [Ping()])
    assert far.answer(Noted()) == []
    assert far.urn.due_ms == 10_000


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
        (Proceed(3, 7), "LINK_WRONG_DATA"),
        (Proceed(4, 0), "LINK_WRONG_REPORT"),
        (Settled(3, bytes(32)), "LINK_WRONG_REPORT"),
        (Refused(9, REPORT.digest, "X", "", False), "LINK_WRONG_REPORT"),
        (WELCOME, "LINK_OUT_OF_TURN"),
        (Noted(), "LINK_OUT_OF_TURN"),
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
    for number in range(MAX_WAITING):
        far.urn.send_report(Report(1, number, b"x"), 0)
    with pytest.raises(LocalProtocolError) as caught:
        far.urn.send_report(Report(1, 99, b"x"), 0)
    assert caught.value.code == "LINK_TOO_MANY_REPORTS"
    assert REPORT.digest == sha256(REPORT.content)
