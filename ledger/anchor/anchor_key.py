"""The secp256k1 key that signs anchor statements, and the rule that it signs only what the log's guard has passed."""

from collections.abc import Callable
from typing import Protocol

from eth_keys.datatypes import PrivateKey
from eth_utils.exceptions import ValidationError

from ledger.anchor.primitives import Address
from ledger.anchor.statement import AnchorDomain, AnchorSignature, statement_digest
from ledger.errors import FormatError
from ledger.primitives import Hash
from ledger.store.contract import TreeHead


class AnchorSigner(Protocol):
    """Signs statements; ``address`` is what the contract was deployed with."""

    @property
    def address(self) -> Address: ...

    def sign_anchor(self, domain: AnchorDomain, head: TreeHead) -> AnchorSignature:
        """The signature over a head's statement. Raises TunukError for a head that must not be signed."""
        ...


class AnchorKey:
    """A secp256k1 private key of 32 bytes in memory. Raises FormatError(``BAD_ANCHOR_KEY``).

    Signatures are deterministic (RFC 6979) with the lower of the two values of s.
    """

    def __init__(self, private_key: bytes) -> None:
        try:
            self._key = PrivateKey(private_key)
            self.address = Address(self._key.public_key.to_canonical_address())
        except (ValidationError, ValueError) as error:
            raise FormatError("BAD_ANCHOR_KEY", "an anchor key is 32 bytes, from 1 to the curve's order") from error

    def sign_digest(self, digest: Hash) -> AnchorSignature:
        signature = self._key.sign_msg_hash(bytes(digest))
        return AnchorSignature(27 + signature.v, signature.r, signature.s)

    def sign_anchor(self, domain: AnchorDomain, head: TreeHead) -> AnchorSignature:
        return self.sign_digest(statement_digest(domain, head))


class GuardedAnchorSigner:
    """An AnchorSigner that asks before it signs: ``require_passed`` raises unless the guard has passed this head."""

    def __init__(self, key: AnchorSigner, require_passed: Callable[[TreeHead], None]) -> None:
        self._key = key
        self._require_passed = require_passed

    @property
    def address(self) -> Address:
        return self._key.address

    def sign_anchor(self, domain: AnchorDomain, head: TreeHead) -> AnchorSignature:
        self._require_passed(head)
        return self._key.sign_anchor(domain, head)
