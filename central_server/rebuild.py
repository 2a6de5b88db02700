"""``central-server rebuild``: the log's database again, from the publication alone, when it is lost and has no backup.

Keys, settings and roster are in the directory still; entries come from the publication, whose tree must lead to the
checkpoint that this log's key has signed. Whether something later was signed is asked of everybody who could know
(``signed_heads``): the guard, if it is there, knows for certain. Without it the database is made all the same, and no
server runs on it before somebody answers for a new guard (``guard``).

Whoever knows a head that the publication does not lead to says that the log is dead (``LOG_IS_DEAD``): entries are
lost for which devices may hold receipts, and this log must sign nothing any more. A successor takes its entries again.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from central_server.directory import ElectionDirectory
from central_server.directory_lock import hold_directory
from central_server.log_access import open_signer
from central_server.roster_state import read_finished_state
from central_server.signed_heads import SignedHeads, ask_network, read_known_heads
from ledger.errors import ConflictError, RollbackError
from ledger.observer.fetch import Source
from ledger.observer.published_log import PublishedLog, read_published_log
from ledger.policy import log_only_policy
from ledger.record import Snapshot, parse_record
from ledger.store.contract import TreeHead
from ledger.store.durable import StorageError, sync_directory
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from ledger.vkey import KeyType, NoteKey

_SUFFIXES = ("", "-wal", "-shm")
"""Of the files that SQLite keeps a database in."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was made, and on whose word."""

    head: TreeHead
    known: SignedHeads
    receipts: int
    checkpoints: int


def rebuild_log(
    directory: ElectionDirectory,
    source: Source,
    receipts: Sequence[Path],
    checkpoints: Sequence[Path],
    clock: Callable[[], float],
) -> Rebuilt:
    """Raises ConflictError(``REBUILD_OVER``), RollbackError(``LOG_IS_DEAD``, ``GUARD_IS_OLD``), and TunukError for
    what cannot be read. What an error leaves is no database.
    """
    state = read_finished_state(directory.roster)
    if directory.log.exists():
        raise ConflictError("REBUILD_OVER", f"{directory.log} is there: move it away, with what lies beside it")
    key = NoteKey(state.origin, KeyType.ED25519, open_signer(directory, "log").public_key)
    log = read_published_log(source, log_only_policy(key))
    with hold_directory(directory.lock):
        guard = FileGuard(directory.guard, state.origin) if directory.guard.exists() else None
        known = read_known_heads(guard, key, receipts, checkpoints)
        _require_all(log, known)
        if known.guard is not None and known.guard.size < log.tree.size:
            raise RollbackError(
                "GUARD_IS_OLD",
                f"the guard ends at {known.guard.size}, but a head of size {log.tree.size} was signed and published: "
                "it is an old copy and tells nothing. Bring back the one that was in use, or move this one away",
            )
        ask_network(known, directory, directory, log, key, clock)
        _require_all(log, known)
        write_log(directory, log, state.origin)
    return Rebuilt(TreeHead(log.tree.size, log.checkpoint.root), known, len(receipts), len(checkpoints))


def _require_all(log: PublishedLog, known: SignedHeads) -> None:
    for who, head in known.heads:
        if head.size > log.tree.size:
            raise _dead(who, f"a head of size {head.size} was signed, and the publication ends at {log.tree.size}")
        if log.tree.root_at(head.size) != head.root:
            raise _dead(who, f"of size {head.size} another head was signed than the publication has")
    for who, why in known.ahead:
        raise _dead(who, why)


def _dead(who: str, why: str) -> RollbackError:
    return RollbackError(
        "LOG_IS_DEAD",
        f"{who} knows better: {why}. Look for a newer copy of the publication, on mirrors and with observers, or of "
        "the database; where none is left, this log must not be written any more: read docs/backup.md",
    )


def write_log(directory: ElectionDirectory, log: PublishedLog, origin: str) -> None:
    """The database of what is published, under this name; each entry is a batch of its own, so that every head that was
    ever signed is one that the log has had.

    Made under another name and moved into place: a crash leaves no half of a log.
    """
    temporary = directory.log.with_name(".tmp-rebuilt.sqlite")
    for suffix in _SUFFIXES:
        temporary.with_name(temporary.name + suffix).unlink(missing_ok=True)
    numbers = {}
    for index, entry in enumerate(log.entries):
        body = None if index in log.refused else parse_record(entry).body
        if isinstance(body, Snapshot):
            numbers[index] = body.number
    with closing(SqliteStore.create(temporary, origin)) as store:
        store.append_each(log.entries, numbers)
        if store.head() != TreeHead(log.tree.size, log.checkpoint.root):
            raise StorageError("STORE_CORRUPT", f"{temporary} does not lead to the published head")
    temporary.chmod(0o600)
    # What another database has left would be replayed onto this one.
    for suffix in _SUFFIXES[1:]:
        directory.log.with_name(directory.log.name + suffix).unlink(missing_ok=True)
    temporary.replace(directory.log)
    sync_directory(directory.log.parent)
