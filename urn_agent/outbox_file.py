"""The SQLite file under the outbox: opened so that a commit is on the disk, bounded, its failures given codes.

Responsible for the file as such: durability, size, schema version and owner. What is kept in it is for ``outbox``.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import TunukError
from ledger.primitives import Hash, KeyId
from urn_agent.files import sync_folder

MAX_BYTES = 256 * 1024 * 1024
"""Room for a thousand of the longest reports with their records: an election day has a handful. An urn that goes wild
must not fill the disk of the machine."""

BUSY_S = 10.0
"""How long a writer waits for another; each writes for milliseconds."""

_PAGE = 4_096
_STEPS = (
    """
CREATE TABLE owner (id INTEGER PRIMARY KEY CHECK (id = 1), key_id BLOB NOT NULL, election_id BLOB NOT NULL) STRICT;
CREATE TABLE report (
    id INTEGER PRIMARY KEY, urn TEXT NOT NULL, session INTEGER NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL,
    kind INTEGER NOT NULL, content BLOB NOT NULL, received_ms INTEGER NOT NULL,
    UNIQUE (urn, session, number, digest)
) STRICT;
CREATE TABLE record (
    seq INTEGER PRIMARY KEY, report INTEGER NOT NULL REFERENCES report (id), leaf_hash BLOB NOT NULL UNIQUE,
    data BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'receipted', 'refused')),
    log_index INTEGER, receipt BLOB, code TEXT, words TEXT
) STRICT;
CREATE INDEX record_pending ON record (seq) WHERE state = 'pending'
""",
    """
CREATE TABLE sitting (
    urn TEXT NOT NULL, session INTEGER NOT NULL, firmware TEXT NOT NULL, heard_ms INTEGER NOT NULL,
    clock_offset_s INTEGER, is_answered INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (urn, session)
) STRICT;
CREATE TABLE refusal (
    urn TEXT NOT NULL, session INTEGER NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL, kind INTEGER NOT NULL,
    code TEXT NOT NULL, refused_ms INTEGER NOT NULL,
    PRIMARY KEY (urn, session, number, digest)
) STRICT;
CREATE TABLE task (id INTEGER PRIMARY KEY CHECK (id = 1), urn TEXT, session INTEGER) STRICT
""",
    """
CREATE TABLE former_receipt (
    seq INTEGER NOT NULL REFERENCES record (seq), receipt BLOB NOT NULL,
    PRIMARY KEY (seq, receipt)
) STRICT
""",
)
"""From each version of the file to the next: an agent that is updated takes its outbox along."""

_CODES = {
    sqlite3.SQLITE_FULL: ("OUTBOX_FULL", "the disk or the outbox is full: nothing was stored; make room"),
    sqlite3.SQLITE_IOERR: ("OUTBOX_DISK_FAILED", "the disk did not take the data: check its space and its health"),
    sqlite3.SQLITE_READONLY: ("OUTBOX_READ_ONLY", "the outbox cannot be written: check the folder's owner and mount"),
    sqlite3.SQLITE_CANTOPEN: ("OUTBOX_CANNOT_OPEN", "the outbox cannot be opened: check the folder"),
    sqlite3.SQLITE_BUSY: ("OUTBOX_BUSY", "another process holds the outbox: is a second agent running?"),
    sqlite3.SQLITE_CORRUPT: ("OUTBOX_DAMAGED", "the outbox is damaged: keep the folder as it is and call the operator"),
    sqlite3.SQLITE_NOTADB: ("OUTBOX_DAMAGED", "the outbox is damaged: keep the folder as it is and call the operator"),
}


class OutboxError(TunukError):
    """The outbox could not do what was asked; what it held before is untouched."""


def open_file(path: Path, key_id: KeyId, election_id: Hash, max_bytes: int = MAX_BYTES) -> sqlite3.Connection:
    """Open or make the file. Raises OutboxError, also ``OUTBOX_FOREIGN`` for another key's or election's outbox."""
    with coded():
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            _prepare(connection, key_id, election_id, max_bytes)
        except BaseException:
            connection.close()
            raise
    sync_folder(path.parent)
    return connection


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction: all of it is on the disk afterwards, or, on any error, none. Raises OutboxError."""
    with coded():
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            # After some failures SQLite has rolled back by itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def coded() -> Iterator[None]:
    """Turn failures of SQLite into OutboxError. Wrong use by this program stays what it is."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
            raise  # Wrong use by this program, which no operator can mend.
        code, words = _CODES.get(error.sqlite_errorcode & 0xFF, ("OUTBOX_FAILED", "the outbox failed"))
        raise OutboxError(code, f"{words} ({error})") from error


def _prepare(connection: sqlite3.Connection, key_id: KeyId, election_id: Hash, max_bytes: int) -> None:
    run = connection.execute
    run("PRAGMA journal_mode = WAL")
    run("PRAGMA synchronous = FULL")
    run("PRAGMA foreign_keys = ON")
    run(f"PRAGMA max_page_count = {max_bytes // _PAGE}")
    if run("PRAGMA quick_check").fetchone() != ("ok",):
        raise OutboxError(*_CODES[sqlite3.SQLITE_CORRUPT])
    with writing(connection):
        (version,) = run("PRAGMA user_version").fetchone()
        if version > len(_STEPS):
            raise OutboxError("OUTBOX_NEWER", "the outbox was written by a newer agent: install that one again")
        for step in _STEPS[version:]:
            for statement in step.split(";"):
                run(statement)
        if version == 0:
            run("INSERT INTO owner VALUES (1, ?, ?)", (bytes(key_id), bytes(election_id)))
        if version < len(_STEPS):
            run(f"PRAGMA user_version = {len(_STEPS)}")
    if run("SELECT key_id, election_id FROM owner").fetchone() != (bytes(key_id), bytes(election_id)):
        raise OutboxError("OUTBOX_FOREIGN", "the outbox belongs to another key or election: use a folder for each")
