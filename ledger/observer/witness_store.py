"""What a witness remembers: one row for each log, in one SQLite file that is flushed before anything is answered."""

import threading
from pathlib import Path
from typing import Self

from ledger.observer.witness import NOTHING_SEEN, SeenHead
from ledger.primitives import Hash
from ledger.store.durable import StorageError
from ledger.store.sqlite_database import connect, funnel, transaction

_APPLICATION_ID = 0x54554E57
"""The letters TUNW."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS heads (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, "
    "note BLOB NOT NULL) STRICT",
    f"PRAGMA application_id = {_APPLICATION_ID}",
)


class SqliteHeadStore:
    """A ``HeadStore``, for any number of threads and processes. Raises StorageError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # One connection: its statements wait for each other here, and for other processes' in SQLite.
        self._lock = threading.Lock()
        with funnel(path):
            self._connection = connect(path, "rwc")
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        with transaction(self._connection):
            (application,) = self._connection.execute("PRAGMA application_id").fetchone()
            (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if application != _APPLICATION_ID and tables:
                raise StorageError("STORE_NOT_OURS", f"{self._path} is no witness's database")
            for statement in _SCHEMA:
                self._connection.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def read(self, origin: str) -> SeenHead:
        with self._lock, funnel(self._path):
            return self._read(origin)

    def advance(self, origin: str, before: SeenHead, after: SeenHead) -> bool:
        with self._lock, funnel(self._path), transaction(self._connection):
            if self._read(origin) != before:
                return False
            row = (origin, after.size, bytes(after.root), after.note)
            self._connection.execute("INSERT OR REPLACE INTO heads VALUES (?, ?, ?, ?)", row)
            return True

    def _read(self, origin: str) -> SeenHead:
        query = "SELECT size, root, note FROM heads WHERE origin = ?"
        row: tuple[int, bytes, bytes] | None = self._connection.execute(query, (origin,)).fetchone()
        return NOTHING_SEEN if row is None else SeenHead(row[0], Hash(row[1]), row[2])
