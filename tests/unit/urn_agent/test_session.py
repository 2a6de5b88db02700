"""The agent at one line: acknowledged means stored, and what is wrong is refused by code."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import structs

from simulator.serial_line import FaultyWire, LineFaults
from simulator.urn import SimulatedUrn, play_in_memory
from tests.unit.urn_agent.agent_factory import ELECTION_ID, KEY, Desk, final_report, make_urn, open_outbox, zero_report
from urn_agent.device_report import DeviceReport
from urn_agent.frame import encode_frame
from urn_agent.link_events import Report
from urn_agent.outbox import Outbox, StoredReport
from urn_agent.outbox_file import OutboxError
from urn_agent.report_records import ChainedRecord, ChainHead


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(tmp_path / "outbox.sqlite") as opened:
        yield opened


def test_reports_are_stored_before_the_urn_hears_so(outbox: Outbox) -> None:
    desk, urn = Desk(outbox), make_urn(zero_report(), final_report())
    stored_at_answer: list[int] = []

    def feed(data: bytes) -> bytes:
        answer = desk.session.feed(data)
        stored_at_answer.append(len(outbox.settled("u0", 1)))
        assert len(urn.settled) <= stored_at_answer[-1]
        return answer

    play_in_memory(urn, feed)
    assert urn.is_settled
    assert urn.is_closed
    assert stored_at_answer[-1] == 2
    assert desk.codes == ["URN_CONNECTED", "REPORT_STORED", "REPORT_STORED", "URN_LEFT"]
    assert desk.session.state.has_all_answers
    assert not desk.session.state.is_connected


@pytest.mark.parametrize("restarted", ["urn", "agent", "both"])
def test_a_report_offered_again_is_settled_and_not_doubled(outbox: Outbox, restarted: str) -> None:
    desk = Desk(outbox)
    play_in_memory(make_urn(zero_report()), desk.session.feed)
    if restarted != "urn":
        desk.restart()
    urn = make_urn(zero_report(), final_report(), seed=1)
    play_in_memory(urn, desk.session.feed)
    assert urn.is_settled
    assert [record.seq for record in outbox.pending(10)] == [1, 2]


class FullOutbox(Outbox):
    """Has no room for a while."""

    attempts = 0

    def store(self, report: StoredReport, sign: Callable[[ChainHead], Sequence[ChainedRecord]]) -> bool:
        self.attempts += 1
        if self.attempts < 3:
            raise OutboxError("OUTBOX_FULL", "no room")
        return super().store(report, sign)


def test_without_room_nothing_is_acknowledged_until_there_is(tmp_path: Path) -> None:
    """The urn shows the code, keeps the report, and offers it again."""
    outbox = FullOutbox.open(tmp_path / "outbox.sqlite", KEY.public_key.key_id, ELECTION_ID)
    try:
        desk, urn = Desk(outbox), make_urn(final_report())
        shown: list[dict[int, str]] = []

        def feed(data: bytes) -> bytes:
            shown.append(dict(urn.refused))
            return desk.session.feed(data)

        play_in_memory(urn, feed)
        assert {1: "OUTBOX_FULL"} in shown
        assert (urn.is_settled, urn.refused) == (True, {})
        assert desk.codes.count("OUTBOX_FULL") == 2
    finally:
        outbox.close()


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (structs.replace(zero_report(), units=final_report().units), "REPORT_NOT_ZERO"),
        (final_report(units=("102", "101")), "REPORT_UNORDERED"),
    ],
)
def test_a_report_that_cannot_be_taken_is_refused_for_good(outbox: Outbox, report: DeviceReport, code: str) -> None:
    """The urn shows the code and goes on with the next report."""
    desk, urn = Desk(outbox), make_urn(report, final_report())
    play_in_memory(urn, desk.session.feed)
    assert (urn.refused, urn.settled, urn.is_closed) == ({1: code}, {2}, True)
    assert len(outbox.pending(10)) == 1


def test_bytes_that_are_no_report_are_refused(outbox: Outbox) -> None:
    desk, urn = Desk(outbox), make_urn(final_report())
    urn._reports[0] = Report(2, 1, b"not a report")
    play_in_memory(urn, desk.session.feed)
    assert urn.refused == {1: "REPORT_UNREADABLE"}


@pytest.mark.parametrize("kind", ["urn", "session", "kind"])
def test_a_report_of_another_sender_is_refused(outbox: Outbox, kind: str) -> None:
    """It was announced under one name and speaks under another."""
    other = {"urn": final_report(urn="u1"), "session": final_report(session=2), "kind": zero_report()}[kind]
    desk, urn = Desk(outbox), make_urn(final_report())
    urn._reports[0] = Report(2, 1, make_urn(other)._reports[0].content)
    play_in_memory(urn, desk.session.feed)
    assert urn.refused == {1: "REPORT_NOT_THIS_URNS"}
    assert outbox.pending(10) == []


def test_an_urn_of_another_device_is_turned_away(outbox: Outbox) -> None:
    desk, urn = Desk(outbox), make_urn(final_report(urn="u1"))
    play_in_memory(urn, desk.session.feed, max_turns=50)
    assert not urn.is_settled
    assert set(desk.codes) == {"URN_NOT_OURS"}
    assert outbox.settled("u1", 1) == []


def test_garbage_is_counted_and_passed_over(outbox: Outbox) -> None:
    desk = Desk(outbox)
    desk.session.feed(b"\x00\x05garbage\x00" + encode_frame(b"no message at all"))
    desk.session.feed(bytes(range(256)) * 50)
    assert desk.session.state.bad_frames > 1
    assert desk.session.state.peer_faults == 1
    urn = make_urn(final_report())
    play_in_memory(urn, desk.session.feed)
    assert urn.is_settled


@pytest.mark.parametrize("seed", range(10))
def test_a_bad_line_and_restarts_double_nothing(outbox: Outbox, seed: int) -> None:
    desk = Desk(outbox)
    wires = [FaultyWire(LineFaults(seed + end, 0.2, 0.1, 0.1, 0.2, 0.2, 0.2)) for end in (0, 100)]
    final = final_report(units=tuple(f"1{number:02}" for number in range(20)))
    turns = 0

    def feed(data: bytes) -> bytes:
        nonlocal turns
        turns += 1
        if turns % 7 == 0:
            desk.restart()
        return desk.session.feed(data)

    def play() -> SimulatedUrn:
        urn = make_urn(zero_report(), final, seed=seed)
        play_in_memory(urn, feed, to_agent=wires[0], to_urn=wires[1])
        return urn

    assert play().is_settled
    assert play().is_settled, "the urn was restarted and offers all of it again"
    assert [record.seq for record in outbox.pending(100)] == list(range(1, 22))
