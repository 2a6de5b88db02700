"""The SQLite file underneath the store: its tables, its settings, its transactions and its failures.

Knows nothing of trees. One file serves one log; its application id and schema version say what it is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import FormatError
from ledger.store.durable import StorageError

SCHEMA_VERSION = 1
APPLICATION_ID = 0x54554E4B
"""The letters TUNK."""

BUSY_TIMEOUT_SECONDS = 10.0
"""How long an append waits for other processes' commits before it gives up with STORE_BUSY."""

_CACHE_KIB = 65_536
"""Page cache: holds most of the index by leaf hash of 1,000,000 entries, which is looked up at random."""

SCHEMA = (
    "CREATE TABLE log (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL) STRICT",
    # One row: the lock of every append, and all that the next one needs to know of the tree.
    """CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL,
    nodes BLOB NOT NULL) STRICT""",
    "CREATE TABLE entries (idx INTEGER PRIMARY KEY, leaf_hash BLOB NOT NULL UNIQUE, data BLOB NOT NULL) STRICT",
    # A batch is the entries from first to size - 1; root belongs to size, nodes_before to first.
    """CREATE TABLE batches (first INTEGER PRIMARY KEY, size INTEGER NOT NULL UNIQUE, root BLOB NOT NULL,
    nodes_before BLOB NOT NULL) STRICT""",
    "CREATE TABLE numbered (number INTEGER PRIMARY KEY, idx INTEGER NOT NULL UNIQUE) STRICT",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
    f"PRAGMA application_id = {APPLICATION_ID}",
)

_FAILURES = {
    sqlite3.SQLITE_BUSY: ("STORE_BUSY", "another process holds the database for too long; ask again"),
    sqlite3.SQLITE_LOCKED: ("STORE_BUSY", "another connection holds the database for too long; ask again"),
    sqlite3.SQLITE_FULL: ("DISK_FULL", "the disk is full; make room, then ask again"),
    sqlite3.SQLITE_READONLY: ("STORAGE_NOT_WRITABLE", "the database or its folder cannot be written"),
    sqlite3.SQLITE_CANTOPEN: (
        "STORE_NOT_OPENED",
        "there is no database, or it may not be opened; mount its volume, or initialise the log",
    ),
    sqlite3.SQLITE_CORRUPT: ("STORE_CORRUPT", "the database is damaged; do not write to it, restore its newest copy"),
    sqlite3.SQLITE_NOTADB: ("STORE_NOT_OURS", "the file is not a database"),
    sqlite3.SQLITE_CONSTRAINT: ("STORE_CORRUPT", "the database contradicts itself; do not write to it"),
}


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open the file; ``mode`` is ``rw``, or ``rwc`` to make it where missing. Any one thread at a time may use it."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        (journal,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if journal != "wal":
            raise StorageError("STORE_NOT_WAL", f"{path} is on a file system without shared memory: use a local disk")
        # FULL flushes the WAL at every commit. NORMAL would lose the last ones with the power, though answered.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        # A process that was killed while it committed may have left what is readable but not flushed yet. Moving the
        # WAL into the database flushes it first, so that nothing that we find here can be lost again.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except BaseException:
        connection.close()
        raise
    return connection


def verify_identity(connection: sqlite3.Connection, path: Path, origin: str) -> None:
    """Raises StorageError(``STORE_NOT_OURS``, ``STORE_OF_ANOTHER_LOG``) for a file that another program or log made."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StorageError("STORE_NOT_OURS", f"{path} is not a log's database, or was never initialised")
    if version != SCHEMA_VERSION:
        raise StorageError(
            "STORE_NOT_OURS", f"{path} has schema version {version}; this program knows version {SCHEMA_VERSION} only"
        )
    (stored,) = connection.execute("SELECT origin FROM log").fetchone()
    if stored != origin:
        raise StorageError("STORE_OF_ANOTHER_LOG", f"{path} is the log {stored}, not {origin}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Take the write lock, commit at the end, and leave nothing behind on an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def funnel(path: Path) -> Iterator[None]:
    """Turn SQLite's failures into StorageError, and a number that it cannot hold into FormatError(``OUT_OF_RANGE``)."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
        # We used it wrongly: not the disk's fault, and not to be hidden among its failures.
        raise
    except sqlite3.Error as error:
        # The low byte is the primary code, the rest tells where it happened.
        primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        code, advice = _FAILURES.get(primary, ("STORAGE_FAILED", "the database failed; look at the disk"))
        raise StorageError(code, f"{path}: {advice} ({error})") from error
    except OverflowError as error:
        raise FormatError("OUT_OF_RANGE", "the number is larger than any index") from error
