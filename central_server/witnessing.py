"""What a published checkpoint must carry in this election: the log's own second signature, and its witnesses'.

Responsible for reading the directory: the cosigner's key, which directories made by earlier versions do not have, and
the policy of the witnesses, which only those have that ask some. Whoever made the policy decides whom to ask.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import httpx

from central_server.directory import ElectionDirectory
from central_server.health import FollowerReport
from central_server.keys import load_key
from central_server.witness_client import WitnessClient
from central_server.witnesses import Witnesses
from ledger.checkpoint import parse_checkpoint
from ledger.cosignature import MLDSA44CosignatureSigner
from ledger.errors import FormatError, TunukError
from ledger.log import Log
from ledger.merkle import consistency_proof
from ledger.note import MAX_NOTE, parse_note
from ledger.policy import MAX_POLICY, Policy, log_only_policy, parse_policy
from ledger.primitives import Hash
from ledger.store.contract import Store, TreeHead
from ledger.store.durable import StorageError, read_file
from ledger.store.tile_files import CHECKPOINT, publish, read_published
from ledger.tiles import TILE_WIDTH, Tile, TileReader, encode_tile_path
from ledger.vkey import NoteKey

OWN_WITNESS = b"log-mldsa44"
"""The name of the log's own second key in the policies that this server writes."""


def open_cosigners(
    directory: ElectionDirectory, origin: str, clock: Callable[[], int]
) -> tuple[MLDSA44CosignatureSigner, ...]:
    """The log's own: one, or none in a directory of an earlier version. Raises KeyFileError, UnjudgeableError."""
    path = directory.key("cosigner")
    return (MLDSA44CosignatureSigner(origin, load_key(path, "mldsa44"), clock),) if path.exists() else ()


@contextlib.contextmanager
def run_witnesses(
    directory: ElectionDirectory,
    log_key: NoteKey,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
    report: Callable[[str, TunukError], None],
) -> Iterator[Witnesses]:
    """Raises FormatError(``WITNESS_POLICY``), UnjudgeableError, KeyFileError, StorageError."""
    own = open_cosigners(directory, log_key.name, lambda: int(clock()))
    own_keys = {signer.key for signer in own}
    _require_policy(directory, log_key.name)
    policy = read_witness_policy(directory.witness_policy, log_key, own_keys)
    published = read_published(directory.publication, log_key.name)
    addresses: dict[str, list[NoteKey]] = {}
    for witness in policy.witnesses:
        if witness.url is not None and witness.key not in own_keys:
            addresses.setdefault(witness.url.decode("utf-8", "replace"), []).append(witness.key)
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(httpx.Client(headers={"User-Agent": "tunuk"}))
        clients = [(url, WitnessClient(client, url, keys, published.size)) for url, keys in addresses.items()]
        yield stack.enter_context(Witnesses(policy, clients, own, monotonic, report))


def _require_policy(directory: ElectionDirectory, origin: str) -> None:
    """What witnesses have signed once is not published without them because a file is lost.

    Raises FormatError(``WITNESS_POLICY``), and what a damaged checkpoint does.
    """
    note = read_file(directory.publication / CHECKPOINT, MAX_NOTE)
    if note is None or directory.witness_policy.exists():
        return
    names = {line.name for line in parse_note(note).signatures} - {origin}
    if names:
        raise FormatError(
            "WITNESS_POLICY",
            f"{directory.witness_policy} is missing, and {', '.join(sorted(names))} signed what is published: put it "
            "back. To go on without witnesses, write one with the log's line and 'quorum none'",
        )


def read_witness_policy(path: Path, log_key: NoteKey, own_keys: Collection[NoteKey]) -> Policy:
    """The policy, or one that asks for no witness where there is no file. ``own_keys`` need no address.

    Raises FormatError(``WITNESS_POLICY``), UnjudgeableError, StorageError.
    """
    data = read_file(path, MAX_POLICY)
    if data is None:
        return log_only_policy(log_key)
    try:
        policy = parse_policy(data)
    except FormatError as error:
        raise FormatError("WITNESS_POLICY", f"{path} cannot be read: {error.message}") from error
    if log_key not in [log.key for log in policy.logs]:
        raise FormatError("WITNESS_POLICY", f"{path} does not name this log, {log_key.name}: it is another election's")
    reachable = [item.key for item in policy.witnesses if item.url is not None or item.key in own_keys]
    if not policy.accepts(reachable):
        raise FormatError("WITNESS_POLICY", f"{path} gives addresses of too few witnesses for its own quorum")
    return policy


def publish_cosigned(witnesses: Witnesses) -> Callable[[Store, Path, bytes], TreeHead]:
    """``ledger.store.tile_files.publish`` with all signatures: tiles, then signatures, then the checkpoint."""

    def publish_all(store: Store, directory: Path, signed_checkpoint: bytes) -> TreeHead:
        def cosign(checkpoint: bytes) -> bytes:
            size = parse_checkpoint(parse_note(checkpoint).text).size
            return witnesses.cosign(checkpoint, lambda old_size: _prove(directory, old_size, size))

        return publish(store, directory, signed_checkpoint, cosign)

    return publish_all


def complete_published(witnesses: Witnesses, log: Log, store: Store, directory: Path) -> Callable[[], None]:
    """For a policy that is newer than what is published: sign that anew, without waiting for the log to grow.

    To be called before each step until it has succeeded once. Raises QuorumError, and as ``publish`` does.
    """
    is_complete = False

    def complete() -> None:
        nonlocal is_complete
        data = None if is_complete else read_file(directory / CHECKPOINT, MAX_NOTE)
        if data is not None and not witnesses.accepts(data):
            publish_cosigned(witnesses)(store, directory, log.checkpoint())
        is_complete = True

    return complete


def witness_reports(witnesses: Witnesses) -> tuple[FollowerReport, ...]:
    """None where no witness is asked. ``WITNESS_QUORUM`` while the head that is to be published lacks signatures."""
    if not witnesses.size:
        return ()

    def numbers() -> dict[str, int | None]:
        return {"asked": witnesses.counts.asked, "cosigned": witnesses.counts.cosigned}

    return (FollowerReport("witnesses", lambda: witnesses.problem, numbers),)


def _prove(directory: Path, old_size: int, size: int) -> tuple[Hash, ...]:
    """From the tiles that are in place for the new head. By several threads at once, each with a reader of its own."""

    def read_tile(tile: Tile) -> bytes:
        path = directory / encode_tile_path(tile)
        data = read_file(path, TILE_WIDTH * Hash.SIZE)
        if data is None:
            raise StorageError("TILE_MISSING", f"{path} is missing: move the folder away, and it is published anew")
        return data

    return consistency_proof(old_size, size, TileReader(size, read_tile).subtree)
