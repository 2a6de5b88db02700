"""The newest head that the anchor key has signed, as the server publishes it: ``anchors/signed.json``.

Whoever has it can have it anchored, with an account of his own: the contract asks who signed, not who sends. Its form
is canonical JSON, as that of a claim.
"""

import json
from dataclasses import dataclass

from ledger.anchor.primitives import MAX_CHAIN_ID, Address
from ledger.anchor.rpc_values import encode_data, parse_address, parse_data, parse_fields
from ledger.anchor.statement import AnchorSignature
from ledger.errors import FormatError
from ledger.merkle import MAX_TREE_SIZE
from ledger.primitives import Hash
from ledger.store.contract import TreeHead

FORMAT = "tunuk/anchor-statement/v1"
PATH = "anchors/signed.json"
MAX_STATEMENT = 2_048


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """``head``, for the contract of ``chain_id`` that takes it. Nothing is verified yet."""

    head: TreeHead
    chain_id: int
    contract: Address
    signature: AnchorSignature


def encode_signed_statement(statement: SignedStatement) -> bytes:
    signature = statement.signature
    document = {
        "format": FORMAT,
        "size": statement.head.size,
        "root": encode_data(statement.head.root),
        "chain_id": statement.chain_id,
        "contract": encode_data(statement.contract),
        "v": signature.v,
        "r": encode_data(signature.r.to_bytes(32, "big")),
        "s": encode_data(signature.s.to_bytes(32, "big")),
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def parse_signed_statement(data: bytes) -> SignedStatement:
    """Raises FormatError(``BAD_STATEMENT``, ``BAD_RPC_VALUE``, ``BAD_ANCHOR_SIGNATURE``)."""
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError("BAD_STATEMENT", "a signed statement is a JSON object") from error
    fields = parse_fields(document, "statement")
    size, chain_id, v = (_integer(fields.get(name)) for name in ("size", "chain_id", "v"))
    if not 1 <= size <= MAX_TREE_SIZE or not 1 <= chain_id <= MAX_CHAIN_ID:
        raise FormatError("BAD_STATEMENT", "size or chain id of the signed statement is out of range")
    root, r, s = (parse_data(fields.get(name), name, 32) for name in ("root", "r", "s"))
    if len(root) != Hash.SIZE:
        raise FormatError("BAD_STATEMENT", "the root of the signed statement has 32 bytes")
    signature = AnchorSignature(v, int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    contract = parse_address(fields.get("contract"), "contract")
    statement = SignedStatement(TreeHead(size, Hash(root)), chain_id, contract, signature)
    if encode_signed_statement(statement) != data:
        raise FormatError("BAD_STATEMENT", f"not the canonical form of a signed statement ({FORMAT})")
    return statement


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatError("BAD_STATEMENT", "numbers of a signed statement are JSON integers")
    return value
