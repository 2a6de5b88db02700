"""``central-server rebuild``: the log's database again, from the publication alone, when it is lost and has no backup.

Keys, settings and roster are in the directory still; entries come from the publication, whose tree must lead to the
checkpoint that this log's key has signed. Whether something later was signed is asked of everybody who could know:

1. The guard, if it is there, knows for certain. Without it the database is made all the same, and no server runs on
   it before somebody answers for a new guard (``guard``).
2. The contract, the witnesses of ``witness-policy``, receipts and checkpoints that are given.

Whoever knows a head that the publication does not lead to says that the log is dead (``LOG_IS_DEAD``): entries are
lost for which devices may hold receipts, and this log must sign nothing any more.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from central_server.chain_node import open_nodes
from central_server.directory import ElectionDirectory
from central_server.directory_lock import hold_directory
from central_server.log_access import open_signer
from central_server.roster_state import read_finished_state
from central_server.settings import read_settings
from central_server.witness_client import NewHead, WitnessClient, WitnessError
from central_server.witnessing import open_cosigners, read_witness_policy
from ledger.anchor.anchor_reader import AnchorReader
from ledger.anchor.evm import verify_chain_id
from ledger.anchor.node_answers import RpcCall
from ledger.anchor.primitives import Address
from ledger.checkpoint import verify_checkpoint
from ledger.errors import ConflictError, RollbackError, TunukError
from ledger.merkle import consistency_proof
from ledger.note import MAX_NOTE, parse_note
from ledger.observer.fetch import Source
from ledger.observer.published_log import PublishedLog, read_published_log
from ledger.observer.receipts import read_receipt
from ledger.policy import log_only_policy
from ledger.record import Snapshot, parse_record
from ledger.store.contract import TreeHead
from ledger.store.durable import StorageError, read_file, sync_directory
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from ledger.tiles import TileReader
from ledger.vkey import KeyType, NoteKey

_SUFFIXES = ("", "-wal", "-shm")
"""Of the files that SQLite keeps a database in."""


@dataclass(slots=True)
class Rebuilt:
    """What was made, and on whose word: ``witnesses`` and ``chain`` say ``agrees``, or the code of why they cannot."""

    head: TreeHead
    guard: bool
    chain: str
    witnesses: dict[str, str] = field(default_factory=dict)
    receipts: int = 0
    checkpoints: int = 0


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
        rebuilt = Rebuilt(TreeHead(log.tree.size, log.checkpoint.root), directory.guard.exists(), "")
        if rebuilt.guard:
            _ask_guard(log, FileGuard(directory.guard, state.origin).read())
        for path in receipts:
            head = read_receipt(path, log_only_policy(key))
            _require_held(log, TreeHead(head.size, head.root), f"the receipt {path}")
            rebuilt.receipts += 1
        for path in checkpoints:
            _require_held(log, _read_checkpoint(path, key), f"the checkpoint {path}")
            rebuilt.checkpoints += 1
        rebuilt.witnesses = _ask_witnesses(directory, log, key, clock)
        rebuilt.chain = _ask_chain(directory, log, clock)
        _write(directory, log, state.origin)
    return rebuilt


def _ask_guard(log: PublishedLog, guarded: TreeHead) -> None:
    _require_held(log, guarded, "the guard")
    if guarded.size < log.tree.size:
        raise RollbackError(
            "GUARD_IS_OLD",
            f"the guard ends at {guarded.size}, but a head of size {log.tree.size} was signed and published: it is an "
            "old copy and tells nothing. Bring back the one that was in use, or move this one away",
        )


def _ask_witnesses(
    directory: ElectionDirectory, log: PublishedLog, key: NoteKey, clock: Callable[[], float]
) -> dict[str, str]:
    """They sign the published head once more, or say what they have signed since."""
    own = {signer.key for signer in open_cosigners(directory, key.name, lambda: int(clock()))}
    policy = read_witness_policy(directory.witness_policy, key, own)
    note = parse_note(log.checkpoint.note)
    subtree = TileReader(log.tree.size, log.tree.content).subtree
    size = log.tree.size
    new = NewHead(note, log.checkpoint.note, size, lambda old: consistency_proof(old, size, subtree))
    said: dict[str, str] = {}
    with httpx.Client(headers={"User-Agent": "tunuk"}) as client:
        for witness in policy.witnesses:
            if witness.url is None or witness.key in own:
                continue
            url = witness.url.decode("utf-8", "replace")
            try:
                WitnessClient(client, url, [witness.key], size).cosign(new)
            except WitnessError as error:
                if error.code in ("WITNESS_AHEAD", "WITNESS_SEES_FORK"):
                    raise _dead(f"the witness {url}", error.message) from error
                said[url] = error.code
            else:
                said[url] = "agrees"
    return said


def _ask_chain(directory: ElectionDirectory, log: PublishedLog, clock: Callable[[], float]) -> str:
    settings, pins = read_settings(directory.settings), log.fold.definition.chains[-1]

    def read_head(call: RpcCall) -> TreeHead | None:
        verify_chain_id(call, pins.chain_id)
        return AnchorReader(call, pins.chain_id, Address(pins.contract)).head()

    try:
        with open_nodes(directory, settings, 0, clock) as nodes:
            head = nodes.open(read_head)
    except TunukError as error:
        return error.code
    if head is not None:
        _require_held(log, head, "the contract")
    return "agrees"


def _require_held(log: PublishedLog, head: TreeHead, who: str) -> None:
    if head.size > log.tree.size:
        raise _dead(who, f"a head of size {head.size} was signed, and the publication ends at {log.tree.size}")
    if log.tree.root_at(head.size) != head.root:
        raise _dead(who, f"of size {head.size} another head was signed than the publication has")


def _dead(who: str, why: str) -> RollbackError:
    return RollbackError(
        "LOG_IS_DEAD",
        f"{who} knows better: {why}. Look for a newer copy of the publication, on mirrors and with observers, or of "
        "the database; where none is left, this log must not be written any more: read docs/backup.md",
    )


def _read_checkpoint(path: Path, key: NoteKey) -> TreeHead:
    note = read_file(path, MAX_NOTE)
    if note is None:
        raise StorageError("CHECKPOINT_MISSING", f"{path} does not exist")
    known = verify_checkpoint(note, key)
    return TreeHead(known.size, known.root)


def _write(directory: ElectionDirectory, log: PublishedLog, origin: str) -> None:
    """Each entry as a batch of its own, so that every head that was ever signed is one that the log has had.

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
    temporary.replace(directory.log)
    sync_directory(directory.log.parent)
