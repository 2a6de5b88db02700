"""An anchor claim: where on which chain a head was anchored, as published beside the log (``anchors/…json``).

A claim proves nothing by itself: it says where to look. Its form is canonical JSON (these fields in this order, two
spaces of indent, a newline at the end), so that the same anchor always gives the same file.
"""

import json
from dataclasses import dataclass

from ledger.anchor.primitives import MAX_CHAIN_ID, Address, ChainHash
from ledger.anchor.rpc_values import encode_data, parse_address, parse_data, parse_fields, parse_hash
from ledger.errors import FormatError
from ledger.merkle import MAX_TREE_SIZE
from ledger.primitives import Hash
from ledger.store.contract import TreeHead

FORMAT = "tunuk/anchor-claim/v1"
MAX_CLAIM = 2_048
"""Bytes of a claim; a usual one has about 500."""

_MAX_BLOCK = 2**53 - 1
_MAX_LOG_INDEX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class AnchorClaim:
    """``head`` was anchored by the event log ``log_index`` of this block. Raises FormatError(``BAD_CLAIM``)."""

    head: TreeHead
    chain_id: int
    contract: Address
    transaction_hash: ChainHash
    block_number: int
    block_hash: ChainHash
    log_index: int

    def __post_init__(self) -> None:
        bounds = [
            (self.head.size, 1, MAX_TREE_SIZE), (self.chain_id, 1, MAX_CHAIN_ID),
            (self.block_number, 1, _MAX_BLOCK), (self.log_index, 0, _MAX_LOG_INDEX),
        ]  # fmt: skip
        if not all(low <= value <= high for value, low, high in bounds):
            raise FormatError("BAD_CLAIM", "a claim's size, chain id, block number or log index is out of range")


def encode_claim(claim: AnchorClaim) -> bytes:
    document = {
        "format": FORMAT,
        "size": claim.head.size,
        "root": encode_data(claim.head.root),
        "chain_id": claim.chain_id,
        "contract": encode_data(claim.contract),
        "transaction_hash": encode_data(claim.transaction_hash),
        "block_number": claim.block_number,
        "block_hash": encode_data(claim.block_hash),
        "log_index": claim.log_index,
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def parse_claim(data: bytes) -> AnchorClaim:
    """Raises FormatError(``BAD_CLAIM``, ``BAD_RPC_VALUE``) for anything that is not the one encoding of a claim."""
    if len(data) > MAX_CLAIM:
        raise FormatError("BAD_CLAIM", f"a claim has at most {MAX_CLAIM} bytes, not {len(data)}")
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError("BAD_CLAIM", "a claim is a JSON object") from error
    fields = parse_fields(document, "claim")
    root = parse_data(fields.get("root"), "root", Hash.SIZE)
    claim = AnchorClaim(
        TreeHead(_parse_integer(fields.get("size")), Hash(root)),
        _parse_integer(fields.get("chain_id")),
        parse_address(fields.get("contract"), "contract"),
        parse_hash(fields.get("transaction_hash"), "transaction_hash"),
        _parse_integer(fields.get("block_number")),
        parse_hash(fields.get("block_hash"), "block_hash"),
        _parse_integer(fields.get("log_index")),
    )
    # One spelling: no unknown fields, no other order, no upper case.
    if encode_claim(claim) != data:
        raise FormatError("BAD_CLAIM", f"not the canonical form of a claim ({FORMAT})")
    return claim


def _parse_integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatError("BAD_CLAIM", "sizes and numbers of a claim are JSON integers")
    return value
