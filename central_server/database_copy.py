"""Copies of databases that are in use: the log's, which others may read, and the chain's, which its server locks.

Both come out as one file without a write-ahead log, and are checked before they count as copies.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from central_server.backup_files import copy_file
from ledger.primitives import Hash
from ledger.store.contract import EMPTY_HEAD, TreeHead
from ledger.store.durable import StorageError, make_directory, storage_error
from ledger.store.sqlite_database import funnel, verify_identity

QUIET_SECONDS = 0.1
"""Without a write, before a locked database is copied: longer than the grain of a file system's times."""

ATTEMPTS = 100
PAUSE_SECONDS = 0.2
"""A chain writes for each anchor, every few seconds: within 20 seconds there is a moment between two."""


def copy_log(source: Path, target: Path, origin: str) -> TreeHead:
    """The log as of one moment, by SQLite's online backup; the server goes on. Returns the copy's head.

    Raises StorageError, also for a copy that contradicts itself.
    """
    make_directory(target.parent)
    with funnel(source), closing(_connect(source, "ro")) as old, closing(_connect(target, "rwc")) as new:
        target.chmod(0o600)
        # In one step: it reads one state of the log, and neither waits for appends nor holds one up.
        old.backup(new, pages=-1)
        _settle(new, target)
    return read_copied_head(target, origin)


def read_copied_head(path: Path, origin: str) -> TreeHead:
    """The head of a copied log, whose file is not written to. Raises StorageError."""
    with funnel(path), closing(_connect(path, "ro&immutable=1")) as copy:
        verify_identity(copy, path, origin)
        size, root = copy.execute("SELECT size, root FROM head").fetchone()
    return TreeHead(size, Hash(root))


def has_head(path: Path, origin: str, head: TreeHead) -> bool:
    """Whether a copied log has had this head. Raises StorageError."""
    if head == EMPTY_HEAD:
        return True
    with funnel(path), closing(_connect(path, "ro&immutable=1")) as copy:
        verify_identity(copy, path, origin)
        row = copy.execute("SELECT root FROM batches WHERE size = ?", (head.size,)).fetchone()
    return row is not None and Hash(row[0]) == head.root


def copy_locked(source: Path, target: Path, clock: Callable[[], float]) -> None:
    """A database that another process may hold, with its write-ahead log, at a moment when nobody writes to it.

    Raises StorageError(``CHAIN_BUSY``) where there is none.
    """
    wal, target_wal = source.with_name(f"{source.name}-wal"), target.with_name(f"{target.name}-wal")
    for _ in range(ATTEMPTS):
        before = _signature(source, wal)
        if clock() - max(time for _, time in before) / 1e9 > QUIET_SECONDS:
            copy_file(source, target, 0o600)
            if wal.exists():
                copy_file(wal, target_wal, 0o600)
            if _signature(source, wal) == before:
                with funnel(target), closing(_connect(target, "rw")) as copy:
                    _settle(copy, target)
                return
            for path in (target, target_wal):
                path.unlink(missing_ok=True)
        threading.Event().wait(PAUSE_SECONDS)
    raise StorageError("CHAIN_BUSY", f"{source} is written to all the time: make the backup again, or stop the server")


def _signature(*paths: Path) -> list[tuple[int, int]]:
    found = [(0, 0)]
    for path in paths:
        try:
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_size, status.st_mtime_ns))
        except OSError as error:
            raise storage_error(error, f"look at {path}") from error
    return found


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)


def _settle(copy: sqlite3.Connection, path: Path) -> None:
    """Bring the write-ahead log into the one file, and check that the pages fit together."""
    copy.execute("PRAGMA journal_mode = DELETE")
    if copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise StorageError("STORE_CORRUPT", f"the copy {path} is damaged, and so is what it was copied from")
