"""A signed transaction, who signs it, and the address of the contract that an account's first one creates.

Needs no chain library: observers send transactions too.
"""

from dataclasses import dataclass
from typing import Protocol

from ledger.anchor.block_header import keccak
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.rlp import encode_rlp


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    raw: bytes
    transaction_hash: ChainHash


class Submitter(Protocol):
    """Whoever signs for an account."""

    @property
    def address(self) -> Address: ...

    def sign(
        self, *, chain_id: int, nonce: int, to: Address | None, data: bytes, gas: int, gas_price: int
    ) -> SignedTransaction:
        """A legacy transaction (EIP-155) without value; without ``to`` it creates a contract. Raises TunukError."""
        ...


def contract_address(deployer: Address) -> Address:
    """Where the contract stands that this account creates as its first transaction (nonce 0)."""
    return Address(keccak(encode_rlp([bytes(deployer), b""]))[12:])
