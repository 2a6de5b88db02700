"""What the anchor of a proof bundle proves: a block of a pinned chain holds the head of a tree that this one extends.

    ANCHOR_NOT_PINNED    the event is of a contract, or the block of a time, for which nothing is pinned
    ANCHOR_EVENT_DIFFERS the event says another head than the bundle
and those of ``qbft`` and ``receipt_trie``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.anchor.block_header import parse_header
from ledger.anchor.contract_code import parse_anchored_event
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.qbft import block_hash, verify_seals
from ledger.anchor.receipt_trie import ReceiptLog, parse_receipt_value, verify_receipt_path
from ledger.checkpoint import VerifiedCheckpoint
from ledger.election import ChainPins, ValidatorSet
from ledger.errors import VerificationError
from ledger.merkle import verify_consistency
from ledger.observer.bundle import AnchorProof
from ledger.primitives import Hash


@dataclass(frozen=True, slots=True)
class ProvedAnchor:
    """``sealers`` of ``validators`` pinned ones sealed the block; both 0 where none are pinned (a demonstration)."""

    size: int
    chain_id: int
    block: int
    block_hash: ChainHash
    timestamp: int
    sealers: int
    validators: int


def check_anchor(anchor: AnchorProof, checkpoint: VerifiedCheckpoint, chains: Sequence[ChainPins]) -> ProvedAnchor:
    """``chains``: the election's pins and those that acts of authority added, in their order.

    Raises FormatError, VerificationError.
    """
    proof = [Hash(node) for node in anchor.consistency]
    verify_consistency(anchor.size, Hash(anchor.root), checkpoint.size, checkpoint.root, proof)
    header = parse_header(anchor.header)
    receipt = parse_receipt_value(verify_receipt_path(header.receipts_root, anchor.transaction, anchor.path))
    if not receipt.succeeded or anchor.log >= len(receipt.logs):
        raise VerificationError("ANCHOR_EVENT_DIFFERS", "the transaction failed, or has no such event")
    log = receipt.logs[anchor.log]
    chain_id, sets = _pins_of(log, chains)
    event = parse_anchored_event(log.topics, log.data)
    if (event.size, bytes(event.root)) != (anchor.size, anchor.root):
        raise VerificationError("ANCHOR_EVENT_DIFFERS", f"the event anchors size {event.size}, not {anchor.size}")
    sealers = validators = 0
    if sets:
        pinned = _validators_at(sets, header.number)
        sealers, validators = len(verify_seals(header, pinned).sealers), len(set(pinned))
    return ProvedAnchor(anchor.size, chain_id, header.number, block_hash(header), header.timestamp, sealers, validators)


def _pins_of(log: ReceiptLog, chains: Sequence[ChainPins]) -> tuple[int, list[ValidatorSet]]:
    """The newest chain with the event's contract, and all sets of validators that are pinned for it.

    A later record may name later sets alone: it takes the place of what was pinned from its first block on.
    """
    same = [one for one in chains if one.contract == bytes(log.address)]
    if not same:
        raise VerificationError("ANCHOR_NOT_PINNED", f"the event is of contract 0x{log.address.hex()}: not pinned")
    sets: list[ValidatorSet] = []
    for pins in same:
        if pins.chain_id == same[-1].chain_id and pins.validator_sets:
            first = min(one.first_block for one in pins.validator_sets)
            sets = [one for one in sets if one.first_block < first] + list(pins.validator_sets)
    return same[-1].chain_id, sets


def _validators_at(sets: Sequence[ValidatorSet], number: int) -> list[Address]:
    """Those pinned for a block. Raises VerificationError(``ANCHOR_NOT_PINNED``) before the first set begins."""
    begun = [one for one in sets if one.first_block <= number]
    if not begun:
        raise VerificationError("ANCHOR_NOT_PINNED", f"no validators are pinned for block {number}")
    return [Address(address) for address in max(begun, key=lambda one: one.first_block).addresses]
