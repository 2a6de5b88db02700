"""The store's promises over SQLite: order, repeats, bounds, numbers, and what is read back."""

import threading
from pathlib import Path

import pytest

from ledger.errors import ConflictError, FormatError
from ledger.merkle import CompactRange, hash_leaf
from ledger.store.contract import EMPTY_HEAD, MAX_BATCH, MAX_READ, Appended
from ledger.store.sqlite import SqliteStore
from ledger.tiles import MAX_ENTRY
from tests.unit.ledger.store.log_factory import ORIGIN, database_path, head_of


def test_a_new_log_is_empty(store: SqliteStore) -> None:
    assert store.head() == EMPTY_HEAD
    assert store.root_at(0) == EMPTY_HEAD.root
    assert store.entries(0, 10) == []


def test_a_batch_gets_the_next_indices_and_one_head(store: SqliteStore) -> None:
    first = store.append([b"a", b"b", b"c"])
    second = store.append([b"d", b"e"])
    assert (first.indices, second.indices) == ((0, 1, 2), (3, 4))
    assert second.leaf_hashes == (hash_leaf(b"d"), hash_leaf(b"e"))
    assert second.batch is not None
    assert second.batch.before == CompactRange.EMPTY.extend(first.leaf_hashes)
    assert second.batch.head == store.head() == head_of([b"a", b"b", b"c", b"d", b"e"])


def test_a_repeat_keeps_its_index_and_adds_nothing(store: SqliteStore) -> None:
    store.append([b"a", b"b"])
    again = store.append([b"b", b"c", b"a", b"c"])
    assert again.indices == (1, 2, 0, 2)
    assert again.batch is not None
    assert again.batch.leaf_hashes == (hash_leaf(b"c"),)
    head = store.head()
    assert store.append([b"c", b"b"]) == Appended((2, 1), (hash_leaf(b"c"), hash_leaf(b"b")), None)
    assert store.head() == head == head_of([b"a", b"b", b"c"])


def test_every_entry_leads_back_to_its_batch(store: SqliteStore) -> None:
    batches = [store.append([b"%d %d" % (batch, at) for at in range(batch)]).batch for batch in range(1, 9)]
    for batch in batches:
        assert batch is not None
        assert store.root_at(batch.head.size) == batch.head.root
        for index in range(batch.before.size, batch.head.size):
            assert store.batch_of(index) == batch


def test_roots_are_known_where_batches_ended_only(store: SqliteStore) -> None:
    store.append([b"a", b"b"])
    assert store.root_at(2) == head_of([b"a", b"b"]).root
    assert store.root_at(1) is None
    assert store.root_at(3) is None
    assert store.root_at(-1) is None


def test_entries_are_found_by_leaf_hash_and_by_index(store: SqliteStore) -> None:
    store.append([b"a", b"b", b"c"])
    assert store.find(hash_leaf(b"b")) == 1
    assert store.find(hash_leaf(b"d")) is None
    assert store.entries(1, 5) == [b"b", b"c"]
    assert store.entries(1, 1) == [b"b"]
    assert store.entries(0, 0) == store.entries(0, -1) == store.entries(3, 5) == []
    assert store.leaf_hashes(0, 2) == [hash_leaf(b"a"), hash_leaf(b"b")]


def test_a_read_is_bounded(store: SqliteStore) -> None:
    for start in range(0, 2 * MAX_BATCH, MAX_BATCH):
        store.append([b"%d" % index for index in range(start, start + MAX_BATCH)])
    assert len(store.entries(0, 10**9)) == len(store.leaf_hashes(0, 10**9)) == MAX_READ


@pytest.mark.parametrize("index", [-1, 2, 2**63, 2**80])
def test_an_index_outside_the_log_is_refused(store: SqliteStore, index: int) -> None:
    """Also one that no database can hold: it comes from the network."""
    store.append([b"a", b"b"])
    with pytest.raises(FormatError) as caught:
        store.batch_of(index)
    assert caught.value.code == "OUT_OF_RANGE"


@pytest.mark.parametrize("first", [-1, 2**63])
def test_reading_from_an_impossible_index_is_refused(store: SqliteStore, first: int) -> None:
    with pytest.raises(FormatError) as caught:
        store.entries(first, 1)
    assert caught.value.code == "OUT_OF_RANGE"


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "BATCH_EMPTY"),
        ([b"%d" % index for index in range(MAX_BATCH + 1)], "BATCH_TOO_LONG"),
        ([b"a", b""], "ENTRY_EMPTY"),
        ([b"a", bytes(MAX_ENTRY + 1)], "ENTRY_TOO_LONG"),
    ],
)
def test_a_batch_out_of_bounds_changes_nothing(store: SqliteStore, entries: list[bytes], code: str) -> None:
    with pytest.raises(FormatError) as caught:
        store.append(entries)
    assert caught.value.code == code
    assert store.head() == EMPTY_HEAD


def test_the_largest_batch_and_the_longest_entry_are_taken(store: SqliteStore) -> None:
    entries = [bytes(MAX_ENTRY), b"a", *(b"%d" % index for index in range(MAX_BATCH - 2))]
    assert store.append(entries).indices == tuple(range(MAX_BATCH))
    assert store.entries(0, 1) == [bytes(MAX_ENTRY)]


def test_numbers_follow_one_another(store: SqliteStore) -> None:
    """Other entries may come in between; the series starts at 1."""
    assert store.append_numbered(b"one", 1).indices == (0,)
    store.append([b"other"])
    assert store.append_numbered(b"two", 2).indices == (2,)


@pytest.mark.parametrize("number", [-1, 0, 1, 3, 2**70])
def test_a_number_that_is_not_the_next_changes_nothing(store: SqliteStore, number: int) -> None:
    store.append_numbered(b"one", 1)
    head = store.head()
    with pytest.raises(ConflictError) as caught:
        store.append_numbered(b"another", number)
    assert caught.value.code == "NUMBER_NOT_NEXT"
    assert store.head() == head
    assert store.find(hash_leaf(b"another")) is None
    assert store.append_numbered(b"two", 2).indices == (1,)


def test_a_numbered_entry_is_repeated_like_any_other(store: SqliteStore) -> None:
    store.append_numbered(b"one", 1)
    store.append_numbered(b"two", 2)
    again = store.append_numbered(b"one", 1)
    assert (again.indices, again.batch) == ((0,), None)


def test_two_stores_on_one_file_see_one_log(store: SqliteStore, tmp_path: Path) -> None:
    with SqliteStore(database_path(tmp_path), ORIGIN) as other:
        store.append([b"a"])
        assert other.append([b"b", b"a"]).indices == (1, 0)
        assert store.head() == other.head() == head_of([b"a", b"b"])


def test_threads_may_share_a_store(store: SqliteStore) -> None:
    def append(name: int) -> None:
        for number in range(20):
            store.append([b"%d %d" % (name, number), b"common %d" % number])

    threads = [threading.Thread(target=append, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.head() == head_of(store.entries(0, MAX_READ))
    assert store.head().size == 4 * 20 + 20


def test_commits_are_flushed_to_the_disk(store: SqliteStore) -> None:
    """What SQLite promises only with these two settings: an answered append survives the loss of power."""
    for name, value in {"journal_mode": "wal", "synchronous": 2, "trusted_schema": 0}.items():
        assert store._connection.execute(f"PRAGMA {name}").fetchone() == (value,), name
