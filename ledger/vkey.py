"""Verifier keys of signed notes: a public key under a name, and its one line of text (C2SP signed-note's vkey).

Responsible for naming keys. Checking signatures with them is for note.py, deciding whom to trust for policy.py.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

from ledger.errors import FormatError, UnjudgeableError
from ledger.primitives import encode_base64, parse_base64, sha256

MAX_NAME = 255
"""Bytes of a key's name, which the ML-DSA-44 cosignature gives a length of one byte."""

KEY_ID_SIZE = 4
_NOT_IN_NAME = re.compile(r"[\x00-\x1f\s+]")


class KeyType(IntEnum):
    """Signature type identifiers of signed-note that a log of this project may meet."""

    ED25519 = 0x01
    COSIGNATURE_ED25519 = 0x04
    COSIGNATURE_MLDSA44 = 0x06


_PUBLIC_KEY_SIZE = {KeyType.ED25519: 32, KeyType.COSIGNATURE_ED25519: 32, KeyType.COSIGNATURE_MLDSA44: 1312}


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key under a name: what a vkey says. Raises FormatError(``BAD_KEY_NAME``, ``BAD_VKEY``)."""

    name: str
    key_type: KeyType
    public_key: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        try:
            length = len(self.name.encode())
        except UnicodeEncodeError as error:
            raise FormatError("BAD_KEY_NAME", f"a key's name is Unicode text: {self.name[:80]!r}") from error
        if length > MAX_NAME:
            raise FormatError("BAD_KEY_NAME", f"a key's name is at most {MAX_NAME} bytes long, not {length}")
        if len(self.public_key) != _PUBLIC_KEY_SIZE[self.key_type]:
            raise FormatError("BAD_VKEY", f"{len(self.public_key)} bytes are no {self.key_type.name} public key")

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, tell keys apart. They are no hash to rely on."""
        return sha256(self.name.encode() + b"\n" + bytes([self.key_type]) + self.public_key)[:KEY_ID_SIZE]


def check_key_name(name: str) -> None:
    """What signed-note asks of every name, known or not. Raises FormatError(``BAD_KEY_NAME``)."""
    if not name or _NOT_IN_NAME.search(name):
        raise FormatError("BAD_KEY_NAME", f"a key's name has no spaces, plus signs, control characters: {name[:80]!r}")


def parse_vkey(text: str) -> NoteKey:
    """``name+<key id, 8 hexadecimal digits>+base64(type ‖ public key)``.

    Raises FormatError(``BAD_VKEY``, ``BAD_KEY_NAME``, ``BAD_BASE64``), UnjudgeableError(``UNKNOWN_KEY_TYPE``).
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    material = parse_base64(encoded)
    if not material:
        raise FormatError("BAD_VKEY", f"a vkey is name+key id+base64 of type and public key: {text[:80]!r}")
    if material[0] not in _PUBLIC_KEY_SIZE:
        raise UnjudgeableError("UNKNOWN_KEY_TYPE", f"this program does not know keys of type {material[0]:#04x}")
    key = NoteKey(name, KeyType(material[0]), material[1:])
    if key.key_id.hex() != key_id:
        raise FormatError("BAD_VKEY", f"the key id of {name} is {key.key_id.hex()}, not {key_id[:80]!r}")
    return key


def encode_vkey(key: NoteKey) -> str:
    return f"{key.name}+{key.key_id.hex()}+{encode_base64(bytes([key.key_type]) + key.public_key)}"
