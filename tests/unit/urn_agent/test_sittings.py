"""Notes beside the reports: what they tell, how many there can be, and that nothing depends on them."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.primitives import sha256
from simulator.urn import play_in_memory
from tests.unit.urn_agent.agent_factory import Desk, final_report, make_urn, open_outbox, zero_report
from tests.unit.urn_agent.test_outbox import put
from urn_agent import outbox_file, sittings
from urn_agent.frame import encode_frame
from urn_agent.link_events import Report, ReportIdentity
from urn_agent.link_messages import Bye, Hello, Message, Offer, encode_message
from urn_agent.outbox import Outbox
from urn_agent.outbox_file import OutboxError
from urn_agent.sittings import RefusedReport, Sitting, SittingBook, Task

SITTING = Sitting("u0", 1, "2.4", 1_000, -5, is_answered=False)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(tmp_path / "outbox.sqlite") as opened:
        yield opened


def test_a_sitting_is_one_row_that_every_hello_renews(outbox: Outbox) -> None:
    book = outbox.sittings
    book.note_hello(SITTING)
    book.note_answered("u0", 1)
    assert book.sittings() == [replace(SITTING, is_answered=True)]
    later = replace(SITTING, heard_ms=2_000, firmware="2.5", clock_offset_s=None)
    book.note_hello(later)
    assert book.sittings() == [later]
    book.note_hello(replace(SITTING, session=2, heard_ms=1_500))
    assert [sitting.session for sitting in book.sittings()] == [2, 1]


def test_made_up_sessions_do_not_fill_the_disk(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sittings, "MAX_NOTES", 3)
    for session in range(9):
        outbox.sittings.note_hello(replace(SITTING, session=session))
        outbox.sittings.note_refused(ReportIdentity("u0", session, 1, sha256(b"")), 2, "REPORT_UNEVEN", session)
    assert [sitting.session for sitting in outbox.sittings.sittings()] == [0, 1, 2]
    assert [report.session for report in outbox.sittings.refused()] == [0, 1, 2]
    renewed = replace(SITTING, session=1, heard_ms=7)
    outbox.sittings.note_hello(renewed)
    assert renewed in outbox.sittings.sittings()


def test_a_task_goes_on_with_the_urn_that_was_at_the_line(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    with open_outbox(path) as outbox:
        assert outbox.sittings.begin_task() is None
    with open_outbox(path) as outbox:
        assert outbox.sittings.begin_task() == Task(None)
        outbox.sittings.note_hello(SITTING)
        outbox.sittings.note_answered("u0", 1)
    with open_outbox(path) as outbox:
        assert outbox.sittings.begin_task() == Task(replace(SITTING, is_answered=True))
        outbox.sittings.end_task()
        assert outbox.sittings.begin_task() is None


def test_a_stored_report_is_not_answered_until_the_urn_goes_on(outbox: Outbox) -> None:
    """A crash between the acknowledgement and the urn's next word leaves it open whether the one has arrived."""
    desk, urn = Desk(outbox), make_urn(zero_report(), final_report())
    answered: list[list[bool]] = []

    def feed(data: bytes) -> bytes:
        answer = desk.session.feed(data)
        answered.append([sitting.is_answered for sitting in outbox.sittings.sittings()])
        return answer

    play_in_memory(urn, feed)
    assert answered[0] == [False]
    assert answered[-1] == [True]
    assert answered[:-1].count([True]) == 0


def test_a_later_report_opens_the_question_again(outbox: Outbox) -> None:
    """In the same transaction as the report: no crash leaves it stored, and its answer taken for arrived."""
    book = outbox.sittings
    book.note_hello(SITTING)
    book.note_hello(replace(SITTING, session=2, heard_ms=2_000))
    for session in (1, 2):
        book.note_answered("u0", session)
    assert put(outbox, final_report())
    assert [sitting.is_answered for sitting in book.sittings()] == [False, True]


def test_a_refusal_for_good_is_kept_until_another_report_takes_its_place(outbox: Outbox) -> None:
    desk, urn = Desk(outbox), make_urn(final_report(units=("102", "101")))
    play_in_memory(urn, desk.session.feed)
    assert urn.refused == {1: "REPORT_UNORDERED"}
    assert outbox.sittings.refused() == [RefusedReport("u0", 1, 1, 2, "REPORT_UNORDERED")]
    assert outbox.sittings.has_refused_final("u0", 1)
    assert not outbox.sittings.has_refused_final("u0", 2)
    play_in_memory(make_urn(final_report(), seed=1), desk.session.feed)
    assert outbox.sittings.refused() == []


def test_a_refusal_by_the_link_itself_is_kept_too(outbox: Outbox) -> None:
    desk = Desk(outbox)
    offer = Offer(9, 4, 6, sha256(b"a kind to come"))
    said: list[Message] = [Hello(1, "u0", "2.4", 1, None, b""), offer, Bye()]
    for sequence, message in enumerate(said):
        desk.session.feed(encode_frame(encode_message(5, sequence, message)))
    assert outbox.sittings.refused() == [RefusedReport("u0", 1, 4, 9, "LINK_REPORT_KIND_UNKNOWN")]
    assert "LINK_REPORT_KIND_UNKNOWN" in desk.codes
    assert desk.session.state.has_all_answers


def fail(*_: object, **__: object) -> None:
    raise OutboxError("OUTBOX_FULL", "no room")


def test_without_room_for_a_note_the_urn_is_served(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("note_hello", "note_answered"):
        monkeypatch.setattr(SittingBook, name, fail)
    desk, urn = Desk(outbox), make_urn(zero_report(), final_report())
    play_in_memory(urn, desk.session.feed)
    assert (urn.is_settled, urn.is_closed) == (True, True)
    assert desk.codes.count("NOTE_NOT_KEPT") == 2


def test_a_refusal_that_cannot_be_noted_is_one_for_now(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise nobody would know, after a restart, why the report is missing."""
    note_refused, attempts = SittingBook.note_refused, 0

    def fail_twice(book: SittingBook, identity: ReportIdentity, kind: int, code: str, now_ms: int) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            fail()
        note_refused(book, identity, kind, code, now_ms)

    monkeypatch.setattr(SittingBook, "note_refused", fail_twice)
    desk, urn = Desk(outbox), make_urn(final_report())
    urn._reports[0] = Report(2, 1, b"not a report")
    play_in_memory(urn, desk.session.feed)
    assert desk.codes.count("OUTBOX_FULL") == 2
    assert (urn.refused, urn.is_closed) == ({1: "REPORT_UNREADABLE"}, True)


def test_the_outbox_of_an_earlier_version_is_taken_along(tmp_path: Path) -> None:
    """Its records stay, and what is new is added; a newer one than this program's is left alone."""
    path = tmp_path / "outbox.sqlite"
    with open_outbox(path) as outbox:
        play_in_memory(make_urn(zero_report()), Desk(outbox).session.feed)
        before = outbox.pending(10)
    with sqlite3.connect(path) as connection:
        for table in ("sitting", "refusal", "task", "former_receipt"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with open_outbox(path) as outbox:
        assert outbox.pending(10) == before
        play_in_memory(make_urn(zero_report(), final_report()), Desk(outbox).session.feed)
        assert len(outbox.pending(10)) == 2
        assert len(outbox.sittings.sittings()) == 1
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(outbox_file._STEPS) + 1}")
    connection.close()
    with pytest.raises(OutboxError) as caught, open_outbox(path):
        pass
    assert caught.value.code == "OUTBOX_NEWER"
