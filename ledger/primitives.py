"""Fixed-size byte strings, so that a length error dies at the edge and a hash is never passed for a key."""

import binascii
import hashlib
from typing import ClassVar, Self

from ledger.errors import FormatError


class FixedBytes(bytes):
    """Bytes of exactly ``SIZE`` octets. Raises FormatError(``BAD_LENGTH``, ``BAD_HEX``, ``BAD_BASE64``)."""

    SIZE: ClassVar[int]
    __slots__ = ()

    def __new__(cls, value: bytes) -> Self:
        if len(value) != cls.SIZE:
            raise FormatError("BAD_LENGTH", f"{cls.__name__} is {cls.SIZE} bytes long, not {len(value)}")
        return super().__new__(cls, value)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Parse lower-case hexadecimal of exactly twice ``SIZE`` digits."""
        if len(text) != 2 * cls.SIZE or any(digit not in "0123456789abcdef" for digit in text):
            raise FormatError(
                "BAD_HEX", f"{cls.__name__} is {2 * cls.SIZE} lower-case hexadecimal digits: {text[:80]!r}"
            )
        return cls(bytes.fromhex(text))

    @classmethod
    def from_base64(cls, text: str) -> Self:
        """Parse standard base64 with padding, in its one canonical spelling."""
        return cls(parse_base64(text))

    def base64(self) -> str:
        return encode_base64(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.hex()})"

    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        return type(self), (bytes(self),)


class Hash(FixedBytes):
    """A SHA-256 value."""

    SIZE = 32
    __slots__ = ()


class KeyId(FixedBytes):
    """SHA-256 of a public key, by which records name their signers."""

    SIZE = 32
    __slots__ = ()


class PublicKey(FixedBytes):
    """An Ed25519 public key (RFC 8032)."""

    SIZE = 32
    __slots__ = ()

    @property
    def key_id(self) -> KeyId:
        return KeyId(hashlib.sha256(self).digest())


class Signature(FixedBytes):
    """An Ed25519 signature (RFC 8032)."""

    SIZE = 64
    __slots__ = ()


def sha256(data: bytes) -> Hash:
    return Hash(hashlib.sha256(data).digest())


def parse_base64(text: str) -> bytes:
    """Decode standard base64, refusing every spelling but the canonical one. Raises FormatError(``BAD_BASE64``)."""
    try:
        value = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise FormatError("BAD_BASE64", f"not base64: {text[:80]!r}") from error
    if encode_base64(value) != text:
        raise FormatError("BAD_BASE64", f"not canonical base64: {text[:80]!r}")
    return value


def encode_base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()
