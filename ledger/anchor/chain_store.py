"""The embedded chain's database: py-evm's key-value store and an index of event logs, in one SQLite file.

Responsible for durability (WAL, ``synchronous=FULL``: what a transaction committed survives the loss of power) and for
one process at a time. Knows nothing of blocks. All writes of one request are one transaction; outside a transaction
nothing can be written, so that a read that would change the state is found out.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from eth.db.backends.base import BaseDB

from ledger.store.durable import StorageError, make_directory, sync_directory

FILE_NAME = "chain.sqlite"
_APPLICATION_ID = 0x74756E6B
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE logs (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, transaction_index INTEGER NOT NULL,
    transaction_hash BLOB NOT NULL, address BLOB NOT NULL, topics BLOB NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
CREATE INDEX logs_by_address ON logs (address, block_number, log_index);
"""


@dataclass(frozen=True, slots=True)
class StoredLog:
    """One event log: ``topics`` are 32 bytes each, ``log_index`` counts within the block."""

    block_number: int
    log_index: int
    transaction_index: int
    transaction_hash: bytes
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


class ChainStore(BaseDB):
    """One open database. Not for several threads at once: whoever holds it holds a lock. Raises StorageError."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, directory: Path, *, create: bool) -> Self:
        """Open this folder's chain for this process alone (``CHAIN_IN_USE``, ``CHAIN_MISSING``, ``CHAIN_FOREIGN``)."""
        path = directory / FILE_NAME
        if create:
            make_directory(directory)
        elif not path.exists():
            raise StorageError("CHAIN_MISSING", f"{path} does not exist: create the chain, or mount its volume")
        with _storage_errors(path):
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            with _storage_errors(path):
                # Exclusive before the first access: the lock is then held until close, also in WAL mode.
                connection.execute("PRAGMA locking_mode=EXCLUSIVE")
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("BEGIN EXCLUSIVE")
                _prepare(connection, path, create=create)
                connection.execute("COMMIT")
            sync_directory(directory)
        except StorageError:
            connection.close()
            raise
        return cls(connection, path)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is committed at its end, durably, or is gone if anything is raised."""
        with _storage_errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def read_fact(self, name: str) -> bytes | None:
        with _storage_errors(self._path):
            row = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def write_fact(self, name: str, value: bytes) -> None:
        self._write("INSERT INTO facts VALUES (?, ?)", (name, value))

    def write_log(self, log: StoredLog) -> None:
        self._write(
            "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                log.block_number, log.log_index, log.transaction_index,
                log.transaction_hash, log.address, b"".join(log.topics), log.data,
            ),
        )  # fmt: skip

    def read_logs(self, blocks: range, addresses: Sequence[bytes]) -> Iterator[StoredLog]:
        """Logs of these blocks in order, of all addresses where none is given."""
        where, values = "block_number >= ? AND block_number < ?", [blocks.start, blocks.stop, *addresses]
        if addresses:
            where += f" AND address IN ({', '.join('?' * len(addresses))})"
        select = f"SELECT * FROM logs WHERE {where} ORDER BY block_number, log_index"
        with _storage_errors(self._path):
            for row in self._connection.execute(select, values):
                number, log_index, index, transaction_hash, address, topics, data = row
                words = tuple(topics[at : at + 32] for at in range(0, len(topics), 32))
                yield StoredLog(number, log_index, index, transaction_hash, address, words, data)

    def __getitem__(self, key: bytes) -> bytes:
        with _storage_errors(self._path):
            row = self._connection.execute("SELECT value FROM pairs WHERE key = ?", (bytes(key),)).fetchone()
        if row is None:
            raise KeyError(key)
        return bytes(row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._write("INSERT OR REPLACE INTO pairs VALUES (?, ?)", (bytes(key), bytes(value)))

    def __delitem__(self, key: bytes) -> None:
        if self._write("DELETE FROM pairs WHERE key = ?", (bytes(key),)) == 0:
            raise KeyError(key)

    def _exists(self, key: bytes) -> bool:
        with _storage_errors(self._path):
            return self._connection.execute("SELECT 1 FROM pairs WHERE key = ?", (bytes(key),)).fetchone() is not None

    def _write(self, statement: str, values: Sequence[bytes | int | str]) -> int:
        if not self._connection.in_transaction:
            raise StorageError("CHAIN_READ_ONLY", "the chain is written inside a transaction only")
        with _storage_errors(self._path):
            return self._connection.execute(statement, values).rowcount


def _prepare(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if create and application == 0 and tables == 0:
        for statement in _SCHEMA.strip().split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
    elif (application, version) != (_APPLICATION_ID, _SCHEMA_VERSION):
        raise StorageError("CHAIN_FOREIGN", f"{path} is not an embedded chain of version {_SCHEMA_VERSION}")


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith("SQLITE_BUSY"):
            raise StorageError("CHAIN_IN_USE", f"{path} is open in another process: a chain has one") from error
        code = "DISK_FULL" if name.startswith("SQLITE_FULL") else "STORAGE_FAILED"
        raise StorageError(code, f"the database of the chain, {path}, failed: {error}") from error
