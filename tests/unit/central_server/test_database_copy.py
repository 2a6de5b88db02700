"""Copies of databases in use are whole, of one moment, and left alone afterwards."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from central_server import database_copy
from central_server.backup_files import CopiedFile, Manifest, copy_file, read_manifest, verify_files, write_manifest
from central_server.database_copy import copy_locked, copy_log, has_head, read_copied_head
from ledger.errors import FormatError, TunukError
from ledger.primitives import sha256
from ledger.store.contract import EMPTY_HEAD, TreeHead
from ledger.store.durable import StorageError
from ledger.store.sqlite import SqliteStore

ORIGIN = "cec.example/test/1"
LATER = 4e9
"""Seconds, long after every write of a test."""


def test_a_log_is_copied_while_it_is_open(tmp_path: Path) -> None:
    with SqliteStore.create(tmp_path / "log.sqlite", ORIGIN) as store:
        store.append([b"a", b"b"])
        first = store.head()
        store.append([b"c"])
        head = copy_log(tmp_path / "log.sqlite", tmp_path / "copy" / "log.sqlite", ORIGIN)
        store.append([b"d"])
        last = store.head()
    copy = tmp_path / "copy" / "log.sqlite"
    before = copy.read_bytes()
    assert (head.size, read_copied_head(copy, ORIGIN)) == (3, head)
    assert has_head(copy, ORIGIN, first) and has_head(copy, ORIGIN, head) and has_head(copy, ORIGIN, EMPTY_HEAD)
    assert not has_head(copy, ORIGIN, last) and not has_head(copy, ORIGIN, TreeHead(2, last.root))
    assert copy.stat().st_mode & 0o777 == 0o600
    # Looking at it changes nothing, and leaves nothing beside it.
    assert copy.read_bytes() == before and [*copy.parent.iterdir()] == [copy]
    with SqliteStore(copy, ORIGIN) as opened:
        assert opened.entries(0, 9) == [b"a", b"b", b"c"]


def test_a_damaged_log_is_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with SqliteStore.create(path, ORIGIN) as store:
        store.append([bytes([number]) * 4_000 for number in range(100)])
    data = bytearray(path.read_bytes())
    data[12_000:40_000] = bytes(28_000)
    path.write_bytes(data)
    with pytest.raises(StorageError) as caught:
        copy_log(path, tmp_path / "copy.sqlite", ORIGIN)
    assert caught.value.code == "STORE_CORRUPT"


def open_locked(path: Path) -> sqlite3.Connection:
    """As the embedded chain holds its database."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS facts (value)")
    connection.execute("INSERT INTO facts VALUES (1)")
    return connection


def test_a_locked_database_is_copied_with_its_write_ahead_log(tmp_path: Path) -> None:
    with closing(open_locked(tmp_path / "chain.sqlite")) as held:
        assert (tmp_path / "chain.sqlite-wal").stat().st_size > 0
        copy_locked(tmp_path / "chain.sqlite", tmp_path / "copy" / "chain.sqlite", lambda: LATER)
        held.execute("INSERT INTO facts VALUES (2)")
    assert [*(tmp_path / "copy").iterdir()] == [tmp_path / "copy" / "chain.sqlite"]
    with closing(sqlite3.connect(tmp_path / "copy" / "chain.sqlite")) as copy:
        assert copy.execute("SELECT value FROM facts").fetchall() == [(1,)]


def test_a_copy_during_which_something_was_written_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_copy, "PAUSE_SECONDS", 0.0)
    with closing(open_locked(tmp_path / "chain.sqlite")) as held:
        copies = []

        def copy_and_write(source: Path, target: Path, mode: int) -> CopiedFile:
            copies.append(source)
            copied = copy_file(source, target, mode)
            if len(copies) == 1:
                held.execute("INSERT INTO facts VALUES (2)")
            return copied

        monkeypatch.setattr(database_copy, "copy_file", copy_and_write)
        copy_locked(tmp_path / "chain.sqlite", tmp_path / "copy.sqlite", lambda: LATER)
    assert len(copies) == 4
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT value FROM facts").fetchall() == [(1,), (2,)]


def test_a_database_without_a_quiet_moment_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_copy, "PAUSE_SECONDS", 0.0)
    with closing(open_locked(tmp_path / "chain.sqlite")), pytest.raises(StorageError) as caught:
        copy_locked(tmp_path / "chain.sqlite", tmp_path / "copy.sqlite", lambda: 0.0)
    assert caught.value.code == "CHAIN_BUSY"
    assert not (tmp_path / "copy.sqlite").exists()


def make_manifest(files: dict[str, CopiedFile]) -> Manifest:
    return Manifest("tunuk-backup/1", "0" * 64, ORIGIN, 1, 0, "0" * 64, files)


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside", "a//b", "./a", "a\0b"])
def test_a_manifest_names_nothing_outside(tmp_path: Path, name: str) -> None:
    """Whoever can write a backup must not write elsewhere by it."""
    write_manifest(tmp_path, make_manifest({name: CopiedFile(sha256(b"").hex(), 0, 0o600)}))
    with pytest.raises(FormatError) as caught:
        read_manifest(tmp_path)
    assert caught.value.code == "BACKUP_DAMAGED"


def test_a_copied_file_keeps_its_mode_and_has_its_hash(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"secret")
    (tmp_path / "a").chmod(0o640)
    copied = copy_file(tmp_path / "a", tmp_path / "new" / "b")
    assert copied == CopiedFile(hashlib.sha256(b"secret").hexdigest(), 6, 0o640)
    assert (tmp_path / "new" / "b").stat().st_mode & 0o777 == 0o640
    manifest = make_manifest({"b": copied})
    verify_files(tmp_path / "new", manifest)
    with pytest.raises(TunukError):
        copy_file(tmp_path / "a", tmp_path / "new" / "b")
    (tmp_path / "new" / "b").unlink()
    with pytest.raises(FormatError) as caught:
        verify_files(tmp_path / "new", manifest)
    assert caught.value.code == "BACKUP_DAMAGED"
