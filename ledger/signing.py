"""Ed25519 signing and verification behind two small protocols.

Every message that is signed anywhere in the project starts with a namespace (``tunuk/record/v1\\n``, a checkpoint's
origin line, …), so that a signature of one sort can never pass for another. A faster verifier may be passed in where
the published edge-case vectors give the same verdicts.
"""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import SignatureError
from ledger.primitives import PublicKey, Signature


class Signer(Protocol):
    """Holds one private key: in memory, in a file, or behind a token."""

    @property
    def public_key(self) -> PublicKey: ...

    def sign(self, message: bytes) -> Signature: ...


class Verifier(Protocol):
    """``verify`` returns nothing, or raises SignatureError(``BAD_SIGNATURE``)."""

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> None: ...


class Ed25519Signer:
    """A signer whose 32-byte seed is in memory."""

    def __init__(self, seed: bytes) -> None:
        self._private_key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = PublicKey(self._private_key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> Signature:
        return Signature(self._private_key.sign(message))


class CryptographyVerifier:
    """Verification by the ``cryptography`` package (OpenSSL)."""

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise SignatureError("BAD_SIGNATURE", "the signature does not verify") from error
