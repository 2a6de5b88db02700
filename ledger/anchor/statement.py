"""What the anchor key signs, byte for byte as the contract puts it together.

The statement is ``"tunuk/anchor/v1\\n" ‖ uint256 chain id ‖ contract address (20) ‖ SHA-256(origin) ‖ uint256 size ‖
root``, big-endian; what is signed is its SHA-256, by ECDSA over secp256k1. Chain and contract are part of it, so that
a statement for a rehearsal's contract is worth nothing on another.
"""

from dataclasses import dataclass

from ledger.anchor.primitives import MAX_CHAIN_ID, Address
from ledger.errors import FormatError
from ledger.primitives import Hash, sha256
from ledger.store.contract import TreeHead

NAMESPACE = b"tunuk/anchor/v1\n"
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True, slots=True)
class AnchorDomain:
    """The one contract that a statement is for, and the log (SHA-256 of its origin line) that the contract serves."""

    chain_id: int
    contract: Address
    origin_hash: Hash

    def __post_init__(self) -> None:
        if not 1 <= self.chain_id <= MAX_CHAIN_ID:
            raise FormatError("BAD_CHAIN_ID", f"a chain id is from 1 to 2**53 - 1, not {self.chain_id}")


@dataclass(frozen=True, slots=True)
class AnchorSignature:
    """A recoverable ECDSA signature: ``v`` is 27 or 28, ``s`` is not above half the order.

    Raises FormatError(``BAD_ANCHOR_SIGNATURE``).
    """

    v: int
    r: int
    s: int

    def __post_init__(self) -> None:
        if self.v not in (27, 28) or not 0 < self.r < CURVE_ORDER or not 0 < self.s <= CURVE_ORDER // 2:
            raise FormatError("BAD_ANCHOR_SIGNATURE", "v is 27 or 28, r below the order, s at most half of it")


def origin_hash(origin: str) -> Hash:
    """SHA-256 of the origin line as the contract keeps it: UTF-8, without the newline."""
    return sha256(origin.encode())


def encode_statement(domain: AnchorDomain, head: TreeHead) -> bytes:
    chain_id, size = domain.chain_id.to_bytes(32, "big"), head.size.to_bytes(32, "big")
    return NAMESPACE + chain_id + domain.contract + domain.origin_hash + size + head.root


def statement_digest(domain: AnchorDomain, head: TreeHead) -> Hash:
    return sha256(encode_statement(domain, head))
