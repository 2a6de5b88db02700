"""The outbox: what is stored is stored whole, once, in one chain."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ledger.errors import FormatError
from ledger.primitives import Hash, KeyId, sha256
from ledger.record import parse_record
from ledger.tally import Opening, TallyReport
from tests.unit.urn_agent.agent_factory import ASSIGNMENT, ELECTION_ID, KEY, final_report, open_outbox, zero_report
from urn_agent.device_report import DeviceReport, encode_report
from urn_agent.link_events import ReportIdentity
from urn_agent.outbox import Outbox, Progress, Receipt, Refusal, StoredReport
from urn_agent.outbox_file import OutboxError
from urn_agent.report_records import ChainedRecord, ChainHead, sign_report


def stored(report: DeviceReport, number: int = 1) -> StoredReport:
    content = encode_report(report)
    identity = ReportIdentity(report.urn, report.session, number, sha256(content))
    return StoredReport(identity, 1 if report.kind == "zero" else 2, content, 1_000)


def signing(report: DeviceReport) -> Callable[[ChainHead], Sequence[ChainedRecord]]:
    return lambda head: sign_report(report, encode_report(report), ASSIGNMENT, head, KEY)


def put(outbox: Outbox, report: DeviceReport, number: int = 1) -> bool:
    return outbox.store(stored(report, number), signing(report))


def test_reports_become_one_chain_that_lasts(tmp_path: Path) -> None:
    """The chain goes on after the outbox was closed; its links are the records' leaf hashes."""
    path = tmp_path / "outbox.sqlite"
    with open_outbox(path) as outbox:
        assert put(outbox, zero_report())
    with open_outbox(path) as outbox:
        assert put(outbox, final_report(units=("101", "102")), 2)
        records = outbox.pending(10)
    bodies = [parse_record(record.data).body for record in records]
    chain = [(body.seq, body.previous) for body in bodies if isinstance(body, Opening | TallyReport)]
    assert chain == [(1, None), (2, records[0].leaf_hash), (3, records[1].leaf_hash)]
    assert [record.seq for record in records] == [1, 2, 3]


def test_the_same_report_is_stored_once(tmp_path: Path) -> None:
    with open_outbox(tmp_path / "outbox.sqlite") as outbox:
        assert put(outbox, final_report())
        assert not put(outbox, final_report())
        assert len(outbox.pending(10)) == 1
        assert outbox.settled("u0", 1) == [stored(final_report()).identity]
        assert outbox.settled("u0", 2) == outbox.settled("u9", 1) == []


def test_a_second_report_of_the_same_number_is_evidence_and_stored(tmp_path: Path) -> None:
    with open_outbox(tmp_path / "outbox.sqlite") as outbox:
        assert put(outbox, final_report(votes=5))
        assert put(outbox, final_report(votes=6))
        assert len(outbox.pending(10)) == 2


def test_nothing_is_kept_when_signing_fails(tmp_path: Path) -> None:
    def fail(head: ChainHead) -> Sequence[ChainedRecord]:
        raise FormatError("RECORD_TOO_LONG", "too long")

    with open_outbox(tmp_path / "outbox.sqlite") as outbox:
        with pytest.raises(FormatError):
            outbox.store(stored(final_report()), fail)
        assert outbox.settled("u0", 1) == []
        assert put(outbox, final_report())


def test_outcomes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    with open_outbox(path) as outbox:
        put(outbox, final_report(units=("101", "102", "103")))
        outbox.conclude([Receipt(1, 77, b"proof"), Refusal(3, "FOREIGN_RECORD", "no")])
    with open_outbox(path) as outbox:
        assert [record.seq for record in outbox.pending(10)] == [2]
        assert outbox.progress() == Progress(1, 1, 1, 1)
        rows = outbox.rows()
        assert [(row.seq, row.state, row.log_index, row.code) for row in rows] == [
            (1, "receipted", 77, None),
            (2, "pending", None, None),
            (3, "refused", None, "FOREIGN_RECORD"),
        ]
        assert outbox.record(1)[1] == b"proof"
        assert outbox.record(2)[1] is None
        with pytest.raises(OutboxError) as caught:
            outbox.record(4)
        assert caught.value.code == "OUTBOX_NO_RECORD"


def test_a_receipt_is_not_undone_by_a_late_refusal(tmp_path: Path) -> None:
    with open_outbox(tmp_path / "outbox.sqlite") as outbox:
        put(outbox, final_report())
        outbox.conclude([Receipt(1, 77, b"proof")])
        outbox.conclude([Refusal(1, "X", "")])
        assert outbox.progress() == Progress(1, 0, 1, 0)


def test_a_refused_record_may_still_get_its_receipt(tmp_path: Path) -> None:
    """By itself, or after people had all refused ones sent again. Nothing of the refusal is left then."""
    with open_outbox(tmp_path / "outbox.sqlite") as outbox:
        put(outbox, final_report(units=("101", "102", "103")))
        outbox.conclude([Refusal(1, "X", "x"), Refusal(2, "X", "x"), Refusal(3, "X", "x")])
        assert [record.seq for record in outbox.refused(1, 10)] == [2, 3]
        outbox.conclude([Receipt(1, 77, b"proof"), Refusal(2, "Y", "y")])
        assert [(row.state, row.code, row.words) for row in outbox.rows()[:2]] == [
            ("receipted", None, None),
            ("refused", "Y", "y"),
        ]
        assert (outbox.resend(), outbox.progress()) == (2, Progress(1, 2, 1, 0))
        assert outbox.rows()[2].code is None


def test_what_has_a_receipt_of_a_log_that_ended_is_sent_again(tmp_path: Path) -> None:
    """And the receipt stays: it shows what that log promised."""
    path = tmp_path / "outbox.sqlite"
    with open_outbox(path) as outbox:
        put(outbox, final_report(units=("101", "102", "103")))
        outbox.conclude([Receipt(1, 77, b"old"), Receipt(2, 78, b"new"), Refusal(3, "X", "x")])
        asked = []

        def holds(receipt: bytes, record: bytes) -> bool:
            asked.append(record)
            return receipt == b"new"

        assert outbox.recall(holds) == 1
        assert asked == [outbox.record(1)[0], outbox.record(2)[0]]
    with open_outbox(path) as outbox:
        assert [record.seq for record in outbox.pending(10)] == [1]
        assert outbox.progress() == Progress(1, 1, 1, 1)
        assert (outbox.record(1)[1], outbox.former_receipts(1)) == (None, [b"old"])
        outbox.conclude([Receipt(1, 3, b"newer")])
        assert outbox.recall(lambda receipt, _: receipt == b"new") == 1
        assert outbox.former_receipts(1) == [b"old", b"newer"]
        assert outbox.recall(lambda *_: True) == 0 and outbox.former_receipts(2) == []


def test_a_full_outbox_takes_nothing_and_keeps_what_it_has(tmp_path: Path) -> None:
    """The bound of the file; a full disk comes as the same error."""
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path, KEY.public_key.key_id, ELECTION_ID, max_bytes=100_000)
    try:
        count = 0
        with pytest.raises(OutboxError) as caught:
            for number in range(1_000):
                put(outbox, final_report(votes=number), number)
                count += 1
        assert caught.value.code == "OUTBOX_FULL"
        assert count == len(outbox.pending(1_000)) == len(outbox.settled("u0", 1)) > 3
        outbox.conclude([Refusal(1, "X", "")])
    finally:
        outbox.close()


@pytest.mark.parametrize(
    ("key_id", "election_id"),
    [(KeyId(bytes(32)), ELECTION_ID), (KEY.public_key.key_id, Hash(bytes(32)))],
)
def test_an_outbox_of_another_key_or_election_is_refused(tmp_path: Path, key_id: KeyId, election_id: Hash) -> None:
    """Two chains in one file would make one of them false."""
    path = tmp_path / "outbox.sqlite"
    with open_outbox(path):
        pass
    with pytest.raises(OutboxError) as caught:
        Outbox.open(path, key_id, election_id)
    assert caught.value.code == "OUTBOX_FOREIGN"


def test_a_damaged_file_is_refused_by_code(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(OutboxError) as caught, open_outbox(path):
        pass
    assert caught.value.code == "OUTBOX_DAMAGED"


def test_a_missing_folder_is_refused_by_code(tmp_path: Path) -> None:
    with pytest.raises(OutboxError) as caught, open_outbox(tmp_path / "nowhere" / "outbox.sqlite"):
        pass
    assert caught.value.code == "OUTBOX_CANNOT_OPEN"


def test_commits_are_flushed_to_the_disk(tmp_path: Path) -> None:
    """What SQLite promises only with these two settings."""
    with open_outbox(tmp_path / "outbox.sqlite") as outbox:
        assert outbox._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert outbox._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_two_connections_write_one_chain(tmp_path: Path) -> None:
    """The agent's threads have one each."""
    path = tmp_path / "outbox.sqlite"
    with open_outbox(path) as first, open_outbox(path) as second:
        for number, outbox in enumerate([first, second, first, second]):
            put(outbox, final_report(votes=number), number)
        assert [record.seq for record in first.pending(10)] == [1, 2, 3, 4]
