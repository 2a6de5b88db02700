"""Which heads a log has signed, asked of everybody who could know, for a log whose own memory is lost or in doubt.

The guard knows for certain, where it is there. Receipts of devices, checkpoints that somebody kept, the contract and
the witnesses know what they have seen. Nobody's silence shows anything.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from central_server.chain_node import open_nodes
from central_server.directory import ElectionDirectory
from central_server.settings import read_settings
from central_server.witness_client import NewHead, WitnessClient, WitnessError
from central_server.witnessing import open_cosigners, read_witness_policy
from ledger.anchor.anchor_reader import AnchorReader
from ledger.anchor.evm import verify_chain_id
from ledger.anchor.node_answers import RpcCall
from ledger.anchor.primitives import Address
from ledger.checkpoint import verify_checkpoint
from ledger.errors import TunukError
from ledger.merkle import consistency_proof
from ledger.note import MAX_NOTE, parse_note
from ledger.observer.published_log import PublishedLog
from ledger.observer.receipts import read_receipt
from ledger.policy import log_only_policy
from ledger.store.contract import TreeHead
from ledger.store.durable import StorageError, read_file
from ledger.store.guard import FileGuard
from ledger.tiles import TileReader
from ledger.vkey import NoteKey

AGREES = "agrees"


@dataclass(slots=True)
class SignedHeads:
    """Heads with who knows them. ``chain`` and ``witnesses`` say ``agrees``, or the code of why they told no head.

    ``ahead``: what witnesses say that have signed a later head, or another one, than the publication's; they do not
    say which.
    """

    guard: TreeHead | None = None
    heads: list[tuple[str, TreeHead]] = field(default_factory=list)
    chain: str = ""
    witnesses: dict[str, str] = field(default_factory=dict)
    ahead: list[tuple[str, str]] = field(default_factory=list)


def read_known_heads(
    guard: FileGuard | None, key: NoteKey, receipts: Sequence[Path], checkpoints: Sequence[Path]
) -> SignedHeads:
    """What lies in files. ``guard`` is None where it is lost. Raises TunukError for what cannot be read."""
    known = SignedHeads(None if guard is None else guard.read())
    if known.guard is not None:
        known.heads.append(("the guard", known.guard))
    for path in receipts:
        receipt = read_receipt(path, log_only_policy(key))
        known.heads.append((f"the receipt {path}", TreeHead(receipt.size, receipt.root)))
    known.heads.extend((f"the checkpoint {path}", _read_checkpoint(path, key)) for path in checkpoints)
    return known


def ask_network(
    known: SignedHeads,
    directory: ElectionDirectory,
    chain: ElectionDirectory,
    log: PublishedLog,
    key: NoteKey,
    clock: Callable[[], float],
) -> None:
    """Add what witnesses and contract say. ``directory`` is the log's, ``chain`` where its chain and settings are."""
    for url, answer in _ask_witnesses(directory, log, key, clock):
        known.witnesses[url] = AGREES if answer is None else answer.code
        if answer is not None and answer.code in ("WITNESS_AHEAD", "WITNESS_SEES_FORK"):
            known.ahead.append((f"the witness {url}", answer.message))
    try:
        head = _read_contract(chain, log, clock)
    except TunukError as error:
        known.chain = error.code
        return
    known.chain = AGREES
    if head is not None:
        known.heads.append(("the contract", head))


def _ask_witnesses(
    directory: ElectionDirectory, log: PublishedLog, key: NoteKey, clock: Callable[[], float]
) -> Iterator[tuple[str, WitnessError | None]]:
    """They sign the published head once more, or say what they have signed since."""
    own = {signer.key for signer in open_cosigners(directory, key.name, lambda: int(clock()))}
    policy = read_witness_policy(directory.witness_policy, key, own)
    note = parse_note(log.checkpoint.note)
    subtree = TileReader(log.tree.size, log.tree.content).subtree
    size = log.tree.size
    new = NewHead(note, log.checkpoint.note, size, lambda old: consistency_proof(old, size, subtree))
    with httpx.Client(headers={"User-Agent": "tunuk"}) as client:
        for witness in policy.witnesses:
            if witness.url is None or witness.key in own:
                continue
            url = witness.url.decode("utf-8", "replace")
            try:
                WitnessClient(client, url, [witness.key], size).cosign(new)
            except WitnessError as error:
                yield url, error
            else:
                yield url, None


def _read_contract(directory: ElectionDirectory, log: PublishedLog, clock: Callable[[], float]) -> TreeHead | None:
    settings, pins = read_settings(directory.settings), log.fold.definition.chains[-1]

    def read_head(call: RpcCall) -> TreeHead | None:
        verify_chain_id(call, pins.chain_id)
        return AnchorReader(call, pins.chain_id, Address(pins.contract)).head()

    with open_nodes(directory, settings, 0, clock) as nodes:
        return nodes.open(read_head)


def _read_checkpoint(path: Path, key: NoteKey) -> TreeHead:
    note = read_file(path, MAX_NOTE)
    if note is None:
        raise StorageError("CHECKPOINT_MISSING", f"{path} does not exist")
    known = verify_checkpoint(note, key)
    return TreeHead(known.size, known.root)
