"""``central-server backup``: what a server must not lose, in one new folder, while it serves or is stopped.

Copied are the server's keys, certificates, settings and roster, the bundles, the policy, the embedded chain and the
log, in this order: what a later one names, the earlier ones have, and no anchor is ahead of the log. Never copied is
the **guard**: it tells an old copy of the log from the log, and would tell nothing if it were as old. Nor are the
election key, which is kept offline, and the publication, which follows from the log.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from central_server.backup_files import CopiedFile, Manifest, copy_file, describe_file, write_manifest
from central_server.database_copy import copy_locked, copy_log
from central_server.directory import ElectionDirectory
from central_server.init import make_private_directory
from central_server.roster_state import read_finished_state
from ledger.anchor.chain_store import FILE_NAME as CHAIN_FILE
from ledger.errors import ConflictError


def make_backup(directory: ElectionDirectory, target: Path, clock: Callable[[], float]) -> Manifest:
    """Make the folder, durably; it must not be there yet. ``clock`` gives Unix seconds.

    Raises ConflictError(``BACKUP_EXISTS``), StorageError. What an error leaves has no manifest, and is no backup.
    """
    state = read_finished_state(directory.roster)
    if target.exists():
        raise ConflictError("BACKUP_EXISTS", f"{target} is there already: a backup is never overwritten")
    made = int(clock())
    make_private_directory(target)
    files: dict[str, CopiedFile] = {}
    for source in _plain_files(directory):
        name = source.relative_to(directory.root).as_posix()
        files[name] = copy_file(source, target / name)
    chain, log = ((path.relative_to(directory.root)) for path in (directory.chain / CHAIN_FILE, directory.log))
    if (directory.root / chain).exists():
        copy_locked(directory.root / chain, target / chain, clock)
        files[chain.as_posix()] = describe_file(target / chain)
    head = copy_log(directory.log, target / log, state.origin)
    files[log.as_posix()] = describe_file(target / log)
    manifest = Manifest(
        "tunuk-backup/1", state.election_id, state.origin, made, head.size, head.root.hex(), dict(sorted(files.items()))
    )
    write_manifest(target, manifest)
    return manifest


def _plain_files(directory: ElectionDirectory) -> Iterator[Path]:
    left_out = {directory.guard.parent, directory.lock, directory.running}
    for folder in (directory.server, directory.bundles):
        for path in sorted(folder.rglob("*")):
            is_ours = path.is_file() and not path.is_symlink() and not path.name.startswith((".tmp-", ".new-"))
            is_log = path.parent == directory.log.parent and path.name.startswith(directory.log.name)
            if is_ours and not is_log and left_out.isdisjoint({path, *path.parents}):
                yield path
    yield directory.policy
    yield from (path for path in (directory.run_settings, directory.witness_policy) if path.exists())
