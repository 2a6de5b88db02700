"""What the store's durability rests on is SQLite's promise for these settings, so they must be these."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store import sqlite_database
from ledger.store.durable import StorageError

FULL = 2
"""The WAL is flushed before each commit returns. NORMAL, 1, is flushed at checkpoints only."""


def setting(connection: sqlite3.Connection, name: str) -> object:
    [value] = connection.execute(f"PRAGMA {name}").fetchone()
    return value


@pytest.mark.parametrize("mode", ["rwc", "rw"])
def test_every_connection_flushes_each_commit(tmp_path: Path, mode: str) -> None:
    """When the file is made, and when it is opened again: ``synchronous`` is not kept in the file."""
    path = tmp_path / "log.sqlite"
    if mode == "rw":
        sqlite_database.connect(path, "rwc").close()
    with closing(sqlite_database.connect(path, mode)) as connection:
        assert setting(connection, "journal_mode") == "wal"
        assert setting(connection, "synchronous") == FULL
        assert setting(connection, "locking_mode") == "normal"
        assert setting(connection, "trusted_schema") == 0


def test_a_file_system_without_wal_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where several machines share a file: SQLite stays with its rollback journal, and says so."""

    class Elsewhere(sqlite3.Connection):
        def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:
            return super().execute(sql.replace("journal_mode = WAL", "journal_mode = DELETE"))

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **named: connect(*args, **named, factory=Elsewhere))
    with pytest.raises(StorageError) as caught:
        sqlite_database.connect(tmp_path / "log.sqlite", "rwc")
    assert caught.value.code == "STORE_NOT_WAL"
