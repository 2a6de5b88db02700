"""``central-server successor``: the log that goes on where another has ended (``docs/backup.md``).

``prepare`` makes the directory of the successor: keys and contract of its own, the old log's entries again, and a file
for officials to sign, which says what was taken and what the old log is known to have signed. ``finish`` appends the
signed record, and only then there is a guard, so that this log signs nothing before it has said whose successor it is.
What belongs to the election stays: its definition, certificates, roster, and the publisher's key.

Both find what an interrupted run has made, and go on. The old directory is read, and never changed.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import msgspec

from central_server.backup_files import MANIFEST
from central_server.chain_node import genesis_hash_of, open_nodes
from central_server.directory import ElectionDirectory
from central_server.directory_lock import hold_directory
from central_server.init import make_private_directory
from central_server.log_access import open_log, open_signer
from central_server.new_contract import ChainPlace, deploy_anchor
from central_server.rebuild import write_log
from central_server.roster_state import RosterState, read_finished_state, read_state, write_state
from central_server.ruling_build import signers_of, try_ruling
from central_server.ruling_file import RulingFile, make_ruling_file, read_ruling, write_ruling
from central_server.settings import Settings
from central_server.signed_heads import SignedHeads, ask_network, read_known_heads
from central_server.successor_directory import take_over
from ledger.election import ChainPins
from ledger.errors import ConflictError, FormatError, RollbackError
from ledger.fold import Fold
from ledger.log import read_entries
from ledger.observer.fetch import Source
from ledger.observer.origin import parse_origin
from ledger.observer.published_log import PublishedLog, read_published_log
from ledger.policy import log_only_policy
from ledger.primitives import Hash
from ledger.record import parse_record, trust_record, verify_record
from ledger.rulings import Succession
from ledger.signing import CryptographyVerifier
from ledger.store.contract import TreeHead
from ledger.store.durable import StorageError
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from ledger.vkey import KeyType, NoteKey

RULING = "succession.json"
"""In the successor's directory: what officials sign."""


@dataclass(frozen=True, slots=True)
class SuccessorOptions:
    """``old``: the directory of the log that has ended, or a backup of it. ``guard``: its file, None where it is lost.

    ``receipts`` and ``checkpoints``: heads that it is known to have signed.
    """

    old: ElectionDirectory
    guard: Path | None
    receipts: Sequence[Path]
    checkpoints: Sequence[Path]
    reason: str
    document: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """The successor's name, what it took and the last head that is known, on whose word, and what is to be signed."""

    origin: str
    body: Succession
    known: SignedHeads
    ruling: Path


def prepare_successor(
    new: ElectionDirectory,
    options: SuccessorOptions,
    source: Source,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
) -> Prepared:
    """Raises ConflictError(``SUCCESSOR_EXISTS``, ``SUCCESSOR_OVER``), RollbackError(``TWO_HISTORIES``),
    FormatError(``NOT_VERIFIED``, ``ELECTION_INCOMPLETE``, ``NO_OFFICIALS``), and TunukError for what cannot be read or
    written.
    """
    old = options.old
    state = read_finished_state(old.roster)
    key = NoteKey(state.origin, KeyType.ED25519, open_signer(old, "log").public_key)
    guard = None if options.guard is None else FileGuard(options.guard, state.origin)
    known = read_known_heads(guard, key, options.receipts, options.checkpoints)
    log = read_published_log(source, log_only_policy(key))
    if known.guard is not None and known.guard.size < log.tree.size:
        words = (
            f"the guard ends at {known.guard.size}, and {log.tree.size} entries were signed and published: it is old"
        )
        raise RollbackError("GUARD_IS_OLD", f"{words}. Bring back the one that was in use, or move this one away")
    _require_complete(log)
    signers = signers_of(Succession, log.fold)
    # Nobody works on a backup.
    is_backup = (old.root / MANIFEST).exists()
    with nullcontext() if is_backup else hold_directory(old.lock):
        make_private_directory(new.server)
        with hold_directory(new.lock):
            origin = parse_origin(state.origin)
            successor = origin.of_generation(origin.generation + 1)
            _begin(new, msgspec.structs.replace(state, origin=successor, finished=False))
            settings = take_over(old, new, state, successor, clock)
            ask_network(known, old, new, log, key, clock)
            last = _last_head(log, known)
            pins = _deploy(new, settings, log, successor, clock, monotonic)
            write_log(new, log, successor)
            _write_state(new, state, successor, pins)
            body = _body(new, log, last, pins, origin.generation + 1, options)
            try_ruling(body, signers, log.fold)
            write_ruling(new.root / RULING, make_ruling_file(body, [], signers))
    return Prepared(successor, body, known, new.root / RULING)


def finish_successor(new: ElectionDirectory) -> TreeHead:
    """The head with the signed record; again afterwards changes nothing. Raises TunukError."""
    state = read_state(new.roster)
    if state is None or not (state.finished or (new.root / RULING).exists()):
        words = f"{new.root} has nothing to be finished: central-server successor prepare comes first, to its end"
        raise StorageError("SUCCESSOR_MISSING", words)
    with hold_directory(new.lock), SqliteStore(new.log, state.origin) as store:
        if not state.finished:
            record = _verified_record(new, store, read_ruling(new.root / RULING))
            store.append([record])
            FileGuard(new.guard, state.origin).create(store.head())
            write_state(new.roster, msgspec.structs.replace(state, finished=True))
        open_log(new, store)
        return store.head()


def _require_complete(log: PublishedLog) -> None:
    if not log.fold.definition.complete:
        words = "the old log never had all parts of its election: make another directory with central-server init"
        raise FormatError("ELECTION_INCOMPLETE", words)
    if log.refused:
        words = f"entry {min(log.refused)} of the publication is no record: take one that observer verify passes"
        raise FormatError("NOT_VERIFIED", words)


def _begin(new: ElectionDirectory, state: RosterState) -> None:
    """Write down whose directory this is, before anything else is in it; or find that written down."""
    if (new.root / RULING).exists():
        words = "have it signed, and finish; or begin anew with another directory"
        raise ConflictError("SUCCESSOR_EXISTS", f"{new.root / RULING} is there already: {words}")
    begun = read_state(new.roster)
    # The guard's disk may be mounted already; what a kill left half written has another name.
    own = new.server, new.lock, new.guard.parent
    if begun is None and all(path in own or path.name.startswith(".tmp-") for path in new.root.rglob("*")):
        write_state(new.roster, state)
    elif begun is None or begun.finished or begun.origin != state.origin:
        raise ConflictError(
            "SUCCESSOR_OVER", f"{new.root} has something else in it: give the successor a new directory"
        )


def _last_head(log: PublishedLog, known: SignedHeads) -> TreeHead:
    """The largest of all. Raises RollbackError(``TWO_HISTORIES``) where a smaller one is not of the published tree."""
    last = TreeHead(log.tree.size, log.checkpoint.root)
    roots = {head.size: head.root for _, head in known.heads}
    for who, head in known.heads:
        root = log.tree.root_at(head.size) if head.size <= log.tree.size else roots[head.size]
        if root != head.root:
            raise RollbackError(
                "TWO_HISTORIES",
                f"{who} has another head of size {head.size} than the publication or somebody else: two were signed. "
                "Keep both as evidence, find out which one devices hold receipts of, and give its publication",
            )
        if head.size > last.size:
            last = head
    return last


def _deploy(
    new: ElectionDirectory,
    settings: Settings,
    log: PublishedLog,
    origin: str,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
) -> ChainPins:
    chains = log.fold.definition.chains
    with open_nodes(new, settings, 0, clock) as nodes:
        genesis = nodes.open(lambda call: genesis_hash_of(call, settings.chain.chain_id))
        sets = next((pins.validator_sets for pins in reversed(chains) if pins.validator_sets), ())
        return deploy_anchor(new, "", ChainPlace(settings.chain.chain_id, genesis, sets), origin, nodes, monotonic)


def _write_state(new: ElectionDirectory, state: RosterState, origin: str, pins: ChainPins) -> None:
    contract = f"0x{pins.contract.hex()}"
    write_state(new.roster, msgspec.structs.replace(state, origin=origin, contract=contract, finished=False))


def _body(
    new: ElectionDirectory,
    log: PublishedLog,
    last: TreeHead,
    pins: ChainPins,
    generation: int,
    options: SuccessorOptions,
) -> Succession:
    election_id = log.fold.definition.election_id or Hash(bytes(32))
    log_key = bytes(open_signer(new, "log").public_key)
    try:
        body = Succession(
            election_id, generation, log_key, log.tree.size, log.checkpoint.root, last.size, last.root, pins,
            options.reason, options.document,
        )  # fmt: skip
        return msgspec.msgpack.decode(msgspec.msgpack.encode(body, enc_hook=bytes), type=Succession)
    except (ValueError, msgspec.ValidationError) as error:
        raise FormatError("BAD_OPTIONS", f"such a succession cannot be: {error}") from error


def _verified_record(new: ElectionDirectory, store: SqliteStore, file: RulingFile) -> bytes:
    """The record, if it would take effect as this log's next entry. Raises TunukError."""
    record, body = file.record(), file.ruling
    if not isinstance(body, Succession) or body.log_key != open_signer(new, "log").public_key:
        raise FormatError("NOT_THIS_SUCCESSION", f"{new.root / RULING} is not what was prepared here: prepare it anew")
    head = TreeHead(body.tree_size, Hash(body.root_hash))
    # One entry more is what a run that was interrupted has appended.
    added = store.entries(head.size, 2)
    if store.root_at(head.size) != head.root or added not in ([], [record]):
        raise FormatError("NOT_THIS_SUCCESSION", f"{new.log} does not have the entries that were signed for")
    fold = Fold()
    for index, entry in read_entries(store, 0, head.size):
        fold.apply(index, trust_record(parse_record(entry)))
    outcome = fold.apply(head.size, verify_record(parse_record(record), fold.definition, CryptographyVerifier()))
    if outcome.status != "applied":
        raise FormatError(outcome.code, outcome.message)
    return record
