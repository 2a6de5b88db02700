"""What is wrong with the database's file is told with a code, and a failed append leaves nothing behind."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledger.errors import FormatError
from ledger.merkle import hash_leaf
from ledger.store import sqlite_database
from ledger.store.durable import StorageError
from ledger.store.sqlite import SqliteStore
from tests.unit.ledger.store.log_factory import ORIGIN, database_path, head_of


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(StorageError) as caught:
        yield
    assert caught.value.code == code


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_missing_database_is_not_made_by_opening_it(tmp_path: Path) -> None:
    with refused("STORE_NOT_OPENED"):
        SqliteStore(tmp_path / "log.sqlite", ORIGIN)
    assert [*tmp_path.iterdir()] == []


def test_a_store_serves_one_origin(store: SqliteStore, tmp_path: Path) -> None:
    for attempt in (SqliteStore, SqliteStore.create):
        with refused("STORE_OF_ANOTHER_LOG"):
            attempt(database_path(tmp_path), "cec.example/5f0c/2")


def test_an_origin_that_no_key_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        SqliteStore.create(tmp_path / "log.sqlite", "two words")


def test_making_a_store_again_keeps_its_entries(store: SqliteStore, tmp_path: Path) -> None:
    store.append([b"a"])
    with SqliteStore.create(database_path(tmp_path), ORIGIN) as again:
        assert again.head() == head_of([b"a"])


@pytest.mark.parametrize("content", [b"", b"not a database, but a text that is long enough to have a header" * 20])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.sqlite").write_bytes(content)
    with refused("STORE_NOT_OURS"):
        SqliteStore(tmp_path / "log.sqlite", ORIGIN)


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    change(path, "CREATE TABLE head (size)")
    for attempt in (SqliteStore, SqliteStore.create):
        with refused("STORE_NOT_OURS"):
            attempt(path, ORIGIN)


def test_a_newer_schema_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    store.close()
    change(database_path(tmp_path), "PRAGMA user_version = 2")
    with refused("STORE_NOT_OURS"):
        SqliteStore(database_path(tmp_path), ORIGIN)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM entries WHERE idx = 4",
        "DELETE FROM batches WHERE first = 3",
        "UPDATE head SET size = 4",
        "UPDATE head SET root = zeroblob(32)",
        "UPDATE head SET nodes = zeroblob(64)",
        "UPDATE head SET nodes = zeroblob(7)",
        "DELETE FROM head",
    ],
)
def test_a_head_that_does_not_fit_is_found_when_opening(store: SqliteStore, tmp_path: Path, damage: str) -> None:
    store.append([b"a", b"b", b"c"])
    store.append([b"d", b"e"])
    store.close()
    change(database_path(tmp_path), damage)
    with refused("STORE_CORRUPT"):
        SqliteStore(database_path(tmp_path), ORIGIN)


def test_a_head_that_does_not_fit_takes_no_append(store: SqliteStore, tmp_path: Path) -> None:
    store.append([b"a", b"b", b"c"])
    change(database_path(tmp_path), "UPDATE head SET root = zeroblob(32)")
    with refused("STORE_CORRUPT"):
        store.append([b"d"])
    assert store.find(hash_leaf(b"d")) is None


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entries SET leaf_hash = zeroblob(32) WHERE idx = 1",
        "UPDATE batches SET root = zeroblob(32) WHERE first = 0",
        "UPDATE batches SET nodes_before = zeroblob(32) WHERE first = 0",
        "DELETE FROM entries WHERE idx = 1",
    ],
)
def test_a_batch_that_does_not_fit_gives_no_receipt(store: SqliteStore, tmp_path: Path, damage: str) -> None:
    store.append([b"a", b"b", b"c"])
    change(database_path(tmp_path), damage)
    with refused("STORE_CORRUPT"):
        store.batch_of(2)


def test_waiting_for_another_writer_ends(store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_database, "BUSY_TIMEOUT_SECONDS", 0.01)
    with SqliteStore(database_path(tmp_path), ORIGIN) as hasty:
        with closing(sqlite3.connect(database_path(tmp_path), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with refused("STORE_BUSY"):
                hasty.append([b"a"])
            # A reader does not wait for the writer.
            assert hasty.head().size == 0
        assert hasty.append([b"a"]).indices == (0,)


def test_a_full_disk_refuses_the_whole_batch(store: SqliteStore, tmp_path: Path) -> None:
    """SQLite's own page limit stands for the disk's: the append fails in the middle and leaves nothing."""
    store.append([b"a"])
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    with refused("DISK_FULL"):
        store.append([b"b", *(b"%d" % index + bytes(9_000) for index in range(20))])
    assert store.head() == head_of([b"a"])
    assert store.find(hash_leaf(b"b")) is None
    store._connection.execute("PRAGMA max_page_count = 1000000")
    assert store.append([b"c"]).indices == (1,)


def test_using_a_closed_store_is_our_own_mistake(store: SqliteStore) -> None:
    """Not hidden among the disk's failures."""
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store.head()
