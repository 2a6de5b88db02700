"""The directory of a successor log: what it has of its own, and what it takes over from the log before it.

Its own are the keys of log, cosigner, anchor and submitter, and what follows from them: the policies. Taken over is
what belongs to the election: the publisher's key, the certificate authority, definition, settings and bundles.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from central_server.database_copy import copy_locked
from central_server.definition_file import MAX_DEFINITION
from central_server.directory import ElectionDirectory
from central_server.init import make_chain, make_private_directory
from central_server.keys import create_key
from central_server.log_access import open_signer
from central_server.roster_state import RosterState
from central_server.settings import Settings, read_settings, write_settings
from central_server.witnessing import OWN_WITNESS, open_cosigners
from ledger.anchor.chain_store import FILE_NAME as CHAIN_FILE
from ledger.policy import MAX_POLICY, PolicyLog, PolicyWitness, encode_policy, parse_policy
from ledger.store.durable import StorageError, make_directory, read_file, sync_directory, write_file
from ledger.vkey import KeyType, NoteKey


def take_over(
    old: ElectionDirectory,
    new: ElectionDirectory,
    state: RosterState,
    origin: str,
    clock: Callable[[], float],
) -> Settings:
    """Keys of its own, and copies of what belongs to the election; its settings, with a chain that can be opened.

    ``state`` is the old log's, ``origin`` the new one's name. After an interruption it goes on. Raises TunukError.
    """
    settings = read_settings(old.settings)
    for folder in (new.key("log").parent, new.certificates):
        make_private_directory(folder)
    create_key(new.key("log"), "ed25519")
    create_key(new.key("cosigner"), "mldsa44")
    for secret in (old.key("publisher"), old.certificates / "authority.pem"):
        write_file(new.root / secret.relative_to(old.root), _read(secret), 0o600)
    for path in (old.certificates / "ca.pem", old.definition):
        write_file(new.root / path.relative_to(old.root), _read(path))
    if old.run_settings.exists():
        write_file(new.run_settings, _read(old.run_settings))
    chain = settings.chain
    if not chain.nodes:
        _copy_chain(old.chain / CHAIN_FILE, new.chain / CHAIN_FILE, clock)
        create_key(new.key("submitter"), "secp256k1")
        chain = make_chain(new, settings, clock)
    # A contract's address is that of its submitter's first transaction: an account that has sent some cannot make it.
    settings = msgspec.structs.replace(settings, chain=msgspec.structs.replace(chain, signer=None))
    write_settings(new.settings, settings)
    _write_policies(old, new, state.origin, origin)
    return settings


def _copy_chain(source: Path, target: Path, clock: Callable[[], float]) -> None:
    """Unless there is none, or it is copied already. Under another name first: a crash leaves no half of a chain."""
    temporary = target.with_name(".tmp-copied")
    if source.exists() and not target.exists():
        make_directory(target.parent)
        for path in (temporary, temporary.with_name(f"{temporary.name}-wal")):
            path.unlink(missing_ok=True)
        copy_locked(source, temporary, clock)
        temporary.replace(target)
        sync_directory(target.parent)


def _write_policies(old: ElectionDirectory, new: ElectionDirectory, before: str, origin: str) -> None:
    """Observers' policy has both logs, so that one file judges the pair. Bundles are the old ones, with this policy."""
    log = PolicyLog(NoteKey(origin, KeyType.ED25519, open_signer(new, "log").public_key))
    own = [signer.key for signer in open_cosigners(new, origin, lambda: 0)]
    generation = origin.rpartition("/")[2].encode()
    added = tuple(PolicyWitness(OWN_WITNESS + b"-" + generation, key) for key in own)
    known = parse_policy(_read(old.policy))
    write_file(new.policy, encode_policy(replace(known, logs=(*known.logs, log), witnesses=(*known.witnesses, *added))))
    if old.witness_policy.exists():
        replaced = {signer.key for signer in open_cosigners(old, before, lambda: 0)}
        asked = parse_policy(_read(old.witness_policy))
        witnesses = tuple(replace(one, key=own[0]) if one.key in replaced else one for one in asked.witnesses)
        write_file(new.witness_policy, encode_policy(replace(asked, logs=(log,), witnesses=witnesses)))
    policy = _read(new.policy)
    for path in _list_files(old.bundles):
        target = new.bundles / path.relative_to(old.bundles)
        make_directory(target.parent)
        write_file(target, policy if path.name == old.policy.name else _read(path))


def _list_files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    if not found:
        raise StorageError("FILE_MISSING", f"{folder} is empty: put the devices' bundles back from a backup")
    return found


def _read(path: Path) -> bytes:
    data = read_file(path, max(MAX_POLICY, MAX_DEFINITION))
    if data is None:
        raise StorageError("FILE_MISSING", f"{path} does not exist: put it back from a backup")
    return data
