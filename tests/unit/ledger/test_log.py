"""Receipts and checkpoints: what they prove, that they come out the same again, and what a log must be made of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.checkpoint import verify_checkpoint
from ledger.cosignature import CosignatureSigner
from ledger.errors import ConflictError, FormatError, RollbackError
from ledger.log import Log, initialise_guard, read_entries
from ledger.merkle import hash_leaf
from ledger.note import Ed25519NoteSigner, parse_note
from ledger.proof import verify_tlog_proof
from ledger.signing import Ed25519Signer
from ledger.store.contract import EMPTY_HEAD
from ledger.store.guard import FileGuard
from tests.unit.ledger.store.log_factory import (
    ORIGIN,
    SIGNER,
    OpenLog,
    head_of,
    make_log,
    open_log,
    verify_receipts,
)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenLog]:
    opened = make_log(tmp_path)
    yield opened
    opened.store.close()


def test_a_receipt_proves_its_entry_under_the_head_after_its_batch(opened: OpenLog) -> None:
    history = [b"a", b"b", b"c", b"d", b"e"]
    opened.log.append(history[:2])
    receipts = opened.log.append(history[2:])
    verify_receipts(history[2:], receipts, history)
    assert verify_tlog_proof(receipts[0].tlog_proof, b"c", SIGNER.key).checkpoint.size == 5


def test_a_receipt_is_the_same_bytes_whenever_it_is_asked_for(opened: OpenLog, tmp_path: Path) -> None:
    """Alone, within another batch, after more entries, and after the program was started anew."""
    first = opened.log.append([b"a", b"b", b"c"])
    second = opened.log.append([b"d", b"b", b"e", b"a"])
    assert (second[1], second[3]) == (first[1], first[0])
    opened.log.append([b"f"])
    opened.store.close()
    log = open_log(tmp_path).log
    known = {receipt.index: receipt for receipt in [*first, *second]}
    assert [log.receipt(index) for index in range(5)] == [known[index] for index in range(5)]
    assert log.append([b"e", b"c", b"c"]) == [known[4], known[2], known[2]]


def test_one_batch_takes_one_signature(opened: OpenLog) -> None:
    receipts = opened.log.append([b"%d" % index for index in range(50)])
    notes = {receipt.tlog_proof.partition(b"\n\n")[2] for receipt in receipts}
    assert notes == {opened.log.checkpoint()}


def test_the_checkpoint_covers_all_that_is_committed(opened: OpenLog) -> None:
    for entries in ([], [b"a"], [b"a", b"b"]):
        if entries:
            opened.log.append(entries)
        verified = verify_checkpoint(opened.log.checkpoint(), SIGNER.key)
        assert (verified.size, verified.root) == (head_of(entries).size, head_of(entries).root)


def test_the_guard_covers_whatever_was_signed(opened: OpenLog) -> None:
    assert opened.guard.read() == EMPTY_HEAD
    opened.log.append([b"a", b"b"])
    assert opened.guard.read() == head_of([b"a", b"b"])


def test_the_numbered_series_gives_receipts_too(opened: OpenLog) -> None:
    first = opened.log.append_numbered(b"one", 1)
    with pytest.raises(ConflictError):
        opened.log.append_numbered(b"another one", 1)
    assert opened.log.append_numbered(b"one", 1) == first
    verify_receipts([b"one"], [first], [b"one"])


@pytest.mark.parametrize("index", [-1, 1, 2**70])
def test_there_is_no_receipt_outside_the_log(opened: OpenLog, index: int) -> None:
    opened.log.append([b"a"])
    with pytest.raises(FormatError) as caught:
        opened.log.receipt(index)
    assert caught.value.code == "OUT_OF_RANGE"


def test_followers_read_up_to_a_head(opened: OpenLog) -> None:
    entries = [b"%d" % index for index in range(600)]
    opened.log.append(entries)
    assert [*read_entries(opened.store, 0, 600)] == [*enumerate(entries)]
    assert [*read_entries(opened.store, 250, 520)] == [*enumerate(entries)][250:520]
    assert [*read_entries(opened.store, 599, 900)] == [(599, b"599")]


def test_store_guard_and_key_must_be_of_one_log(opened: OpenLog, tmp_path: Path) -> None:
    other = "cec.example/5f0c/2"
    key = Ed25519NoteSigner(other, Ed25519Signer(bytes(32)))
    guard = FileGuard(tmp_path / "other", other)
    guard.create(EMPTY_HEAD)
    for one_guard, one_key in ((opened.guard, key), (guard, SIGNER)):
        with pytest.raises(FormatError) as caught:
            Log(opened.store, one_guard, one_key)
        assert caught.value.code == "WRONG_ORIGIN"


def test_a_key_that_signs_differently_each_time_is_refused(opened: OpenLog) -> None:
    """A cosignature holds the time: a receipt asked for again would be another one."""
    with pytest.raises(FormatError) as caught:
        Log(opened.store, opened.guard, CosignatureSigner(ORIGIN, Ed25519Signer(bytes(32)), lambda: 1))
    assert caught.value.code == "BAD_LOG_KEY"


def test_initialising_again_is_possible_until_the_first_entry(opened: OpenLog) -> None:
    initialise_guard(opened.store, opened.guard)
    opened.log.append([b"a"])
    with pytest.raises(RollbackError) as caught:
        initialise_guard(opened.store, opened.guard)
    assert caught.value.code == "LOG_HAS_ENTRIES"


def test_a_receipt_names_its_leaf_and_its_log(opened: OpenLog) -> None:
    [receipt] = opened.log.append([b"a"])
    assert receipt.leaf_hash == hash_leaf(b"a")
    note = parse_note(receipt.tlog_proof.partition(b"\n\n")[2])
    assert note.text.decode().split("\n")[0] == opened.log.origin == ORIGIN
