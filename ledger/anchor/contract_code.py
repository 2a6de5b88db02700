"""The anchor contract's code and its calls, from the published artifact and the standard library alone.

Responsible for the code that must stand at the contract's address, for encoding calls and for reading their answers and
events (the contract ABI's layout: 32-byte big-endian words). Knows nothing of nodes and transactions.
"""

import functools
import importlib.resources
import json
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.statement import AnchorSignature, origin_hash
from ledger.errors import FormatError
from ledger.merkle import MAX_TREE_SIZE
from ledger.primitives import Hash, PublicKey
from ledger.store.contract import TreeHead

ARTIFACT = "CheckpointAnchor.json"
MAX_PROOF = 64
"""Hashes in a consistency proof that the contract takes: enough for trees of fewer than 2**63 entries."""

_ZERO_ROOT = bytes(32)
_ERROR_SELECTOR = bytes.fromhex("08c379a0")
"""``Error(string)``: how a reverted call says why (Solidity's convention, which Vyper follows)."""


@dataclass(frozen=True, slots=True)
class ContractArtifact:
    """What the compiler made of the contract: code before the immutables are filled in, selectors, event topic."""

    creation_code: bytes
    runtime_code: bytes
    selectors: dict[str, bytes]
    anchored_topic: ChainHash


@dataclass(frozen=True, slots=True)
class AnchoredEvent:
    """One ``Anchored`` event. Before the first anchor the size is 0 and the root is all zeros."""

    size: int
    root: Hash
    previous_size: int
    previous_root: Hash


@functools.cache
def read_artifact() -> ContractArtifact:
    """The artifact that is installed with the project; a test compiles the source and compares."""
    document = json.loads(importlib.resources.files("contracts").joinpath(ARTIFACT).read_bytes())
    return ContractArtifact(
        bytes.fromhex(document["creation_bytecode"][2:]),
        bytes.fromhex(document["runtime_bytecode"][2:]),
        {signature.split("(")[0]: bytes.fromhex(value[2:]) for signature, value in document["selectors"].items()},
        ChainHash.from_hex(document["topics"]["Anchored(uint256,bytes32,uint256,bytes32)"][2:]),
    )


def _immutables(origin: str, log_public_key: PublicKey, anchor_address: Address) -> bytes:
    return origin_hash(origin) + log_public_key.key_id + bytes(12) + anchor_address


def expected_runtime_code(origin: str, log_public_key: PublicKey, anchor_address: Address) -> bytes:
    """What ``eth_getCode`` must give for the contract of this log: the compiled code, then the immutables in order."""
    return read_artifact().runtime_code + _immutables(origin, log_public_key, anchor_address)


def creation_code(origin: str, log_public_key: PublicKey, anchor_address: Address) -> bytes:
    """The data of the transaction that deploys the contract for this log."""
    return read_artifact().creation_code + _immutables(origin, log_public_key, anchor_address)


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def encode_anchor_call(head: TreeHead, proof: Sequence[Hash], signature: AnchorSignature) -> bytes:
    """The data of a call of ``anchor``. Raises FormatError(``PROOF_TOO_LONG``)."""
    if len(proof) > MAX_PROOF:
        raise FormatError("PROOF_TOO_LONG", f"a consistency proof has at most {MAX_PROOF} hashes, not {len(proof)}")
    fixed = [
        _word(head.size), head.root, _word(6 * 32), _word(signature.v), _word(signature.r), _word(signature.s),
    ]  # fmt: skip
    return b"".join([read_artifact().selectors["anchor"], *fixed, _word(len(proof)), *proof])


def encode_head_call() -> bytes:
    return read_artifact().selectors["head"]


def encode_roots_call(size: int) -> bytes:
    return read_artifact().selectors["roots"] + _word(size)


def parse_head_answer(data: bytes) -> TreeHead | None:
    """The last anchored head, or None before the first. Raises FormatError(``BAD_CALL_ANSWER``)."""
    if len(data) != 64:
        raise FormatError("BAD_CALL_ANSWER", f"head() gives 64 bytes, not {len(data)}")
    size, root = _parse_size(data[:32]), Hash(data[32:])
    if (size == 0) != (root == _ZERO_ROOT):
        raise FormatError("BAD_CALL_ANSWER", "a size without a root, or a root without a size")
    return TreeHead(size, root) if size else None


def parse_root_answer(data: bytes) -> Hash | None:
    """The root anchored for a size, or None. Raises FormatError(``BAD_CALL_ANSWER``)."""
    if len(data) != 32:
        raise FormatError("BAD_CALL_ANSWER", f"roots(size) gives 32 bytes, not {len(data)}")
    return None if data == _ZERO_ROOT else Hash(data)


def parse_anchored_event(topics: Sequence[bytes], data: bytes) -> AnchoredEvent:
    """Raises FormatError(``BAD_EVENT``) for a log of another event."""
    if len(topics) != 2 or topics[0] != read_artifact().anchored_topic or len(data) != 96:
        raise FormatError("BAD_EVENT", "not an Anchored event: two topics, the event's own first, and 96 bytes")
    size, previous_size = _parse_size(topics[1]), _parse_size(data[32:64])
    if size <= previous_size:
        raise FormatError("BAD_EVENT", f"the contract anchors larger sizes only: {size} after {previous_size}")
    return AnchoredEvent(size, Hash(data[:32]), previous_size, Hash(data[64:]))


def _parse_size(word: bytes) -> int:
    size = int.from_bytes(word, "big")
    if size > MAX_TREE_SIZE:
        raise FormatError("BAD_CALL_ANSWER", "a tree's size is below 2**63")
    return size


def parse_revert_reason(data: bytes) -> str | None:
    """The sentence in a reverted call's data; None where there is none in the usual form."""
    if data[:4] != _ERROR_SELECTOR or len(data) < 68 or int.from_bytes(data[4:36], "big") != 32:
        return None
    length = int.from_bytes(data[36:68], "big")
    if length > len(data) - 68:
        return None
    return data[68 : 68 + length].decode(errors="replace")
