"""``central-server restore`` and ``guard``: put a backup back beside the guard; make a lost guard anew.

The rules, each with its error:

1. The backup is whole: every file has its hash (``BACKUP_UNFINISHED``, ``BACKUP_DAMAGED``).
2. Nothing is overwritten: the directory has no file but the guard (``RESTORE_OVER``).
3. A guard that is there is of this log, and the copy holds its head (``RESTORE_BEHIND_GUARD``,
   ``RESTORE_NOT_OF_GUARD``): otherwise the copy would sign a second history.
4. A guard is made anew only where there is none (``GUARD_EXISTS``), at the head of a log that holds every checkpoint
   which is known (``LOG_BEHIND_CHECKPOINT``).
"""

from collections.abc import Sequence
from pathlib import Path

from central_server.backup_files import Manifest, copy_file, read_manifest, verify_files
from central_server.database_copy import has_head, read_copied_head
from central_server.directory import ElectionDirectory
from central_server.directory_lock import hold_directory
from central_server.init import make_private_directory
from central_server.log_access import open_signer
from central_server.roster_state import read_finished_state
from ledger.checkpoint import verify_checkpoint
from ledger.errors import ConflictError, FormatError, RollbackError
from ledger.note import MAX_NOTE, Ed25519NoteSigner
from ledger.store.contract import TreeHead
from ledger.store.durable import StorageError, read_file
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore


def restore_backup(source: Path, directory: ElectionDirectory) -> tuple[Manifest, bool]:
    """Put the backup back, durably; says whether there is a guard. Raises TunukError."""
    manifest = read_manifest(source)
    _require_empty(directory)
    verify_files(source, manifest)
    log = source / directory.log.relative_to(directory.root)
    head = read_copied_head(log, manifest.origin)
    if (head.size, head.root.hex()) != (manifest.size, manifest.root):
        raise FormatError("BACKUP_DAMAGED", f"{log} has another head than the manifest says: take another copy")
    has_guard = directory.guard.exists()
    if has_guard:
        _verify_guard(log, manifest.origin, head, FileGuard(directory.guard, manifest.origin).read())
    for private in (directory.server, directory.certificates, directory.key("log").parent):
        make_private_directory(private)
    last = directory.settings.relative_to(directory.root).as_posix()
    with hold_directory(directory.lock):
        # Who finds the settings finds the rest.
        for name in sorted(manifest.files, key=lambda name: (name == last, name)):
            copied, expected = copy_file(source / name, directory.root / name), manifest.files[name]
            if copied.sha256 != expected.sha256:
                raise FormatError("BACKUP_DAMAGED", f"{source / name} changed while it was read: take another copy")
            (directory.root / name).chmod(expected.mode)
    return manifest, has_guard


def make_guard(directory: ElectionDirectory, checkpoints: Sequence[Path]) -> TreeHead:
    """Make a lost guard at the log's head, for whoever answers for it that nothing later was signed. Raises TunukError.

    ``checkpoints`` are the newest that are known: of the publication, its mirrors, the witnesses and observers.
    """
    state = read_finished_state(directory.roster)
    guard = FileGuard(directory.guard, state.origin)
    if directory.guard.exists():
        raise ConflictError("GUARD_EXISTS", f"{directory.guard} is there: it must not be replaced")
    key = Ed25519NoteSigner(state.origin, open_signer(directory, "log")).key
    with hold_directory(directory.lock), SqliteStore(directory.log, state.origin) as store:
        for path in checkpoints:
            note = read_file(path, MAX_NOTE)
            if note is None:
                raise StorageError("CHECKPOINT_MISSING", f"{path} does not exist")
            known = verify_checkpoint(note, key)
            if store.root_at(known.size) != known.root:
                raise RollbackError(
                    "LOG_BEHIND_CHECKPOINT",
                    f"{path} is a signed head of size {known.size} that this log, of size {store.head().size}, does "
                    "not hold: it is an old copy. Bring back its newest copy; if that is lost, this log is dead and a "
                    "successor log takes the records again",
                )
        head = store.head()
        guard.create(head)
    return head


def _require_empty(directory: ElectionDirectory) -> None:
    there = (path for path in sorted(directory.root.rglob("*")) if not path.is_dir())
    for path in there:
        if path not in (directory.guard, directory.lock):
            raise ConflictError(
                "RESTORE_OVER",
                f"{path} is there already: restore into a directory that has nothing but the guard; move this one away",
            )


def _verify_guard(log: Path, origin: str, head: TreeHead, guarded: TreeHead) -> None:
    if guarded.size > head.size:
        raise RollbackError(
            "RESTORE_BEHIND_GUARD",
            f"the backup ends at {head.size}, but a head of size {guarded.size} was signed: devices may hold receipts "
            "for what it lacks. Bring back a newer copy, first of all the old disk's log.sqlite and log.sqlite-wal; "
            "if that is lost, this log is dead and a successor log takes the records again",
        )
    if not has_head(log, origin, guarded):
        raise RollbackError(
            "RESTORE_NOT_OF_GUARD",
            f"the backup never had the head of size {guarded.size} that was signed: it holds another history, and is "
            "not to be put back beside this guard",
        )
