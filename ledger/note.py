"""Signed notes (C2SP signed-note) with plain signatures and with cosignatures, whose bytes are cosignature.py's.

Responsible for a text, its signature lines and the keys that are known. What the text says, and whose signature is
enough, is for checkpoint.py and policy.py. The rules that verify_note() keeps:

1. A line whose name *and* key id are not those of a known key is ignored.
2. Every line by a known key must verify; one that does not rejects the whole note.
3. At least one line must be by a known key.
4. A line by a known key of a type that cannot be verified on this machine makes the note unjudgeable, never good.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.cosignature import verify_cosignature
from ledger.errors import FormatError, SignatureError
from ledger.primitives import Signature, encode_base64, parse_base64
from ledger.signing import CryptographyVerifier, Signer, Verifier
from ledger.vkey import KEY_ID_SIZE, KeyType, NoteKey, check_key_name

MAX_SIGNATURES = 64
"""The specification asks for at least 16: a log, its witnesses and its mirrors."""
MAX_TEXT = 64 * 1024
MAX_NOTE = MAX_TEXT + 1 + MAX_SIGNATURES * 8 * 1024
"""Bytes. A line of 8 KiB holds the longest post-quantum signature, near 5 kB, and its name."""

_LINE_START = "\u2014 "
_VERIFIER = CryptographyVerifier()
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line, unverified: ``signature`` without the key id before it."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note. Nothing in it may be believed before verify_note()."""

    text: bytes
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A signature that verified. ``timestamp``: POSIX seconds that a cosignature claims, None for a plain signature."""

    key: NoteKey
    timestamp: int | None


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """``text`` is what every key in ``signatures`` (at least one) signed."""

    text: bytes
    signatures: tuple[VerifiedSignature, ...]


class NoteSigner(Protocol):
    """Signs texts under one name. ``sign`` returns what follows the key id on the signature's line."""

    @property
    def key(self) -> NoteKey: ...

    def sign(self, text: bytes) -> bytes: ...


class Ed25519NoteSigner:
    """Type 01: the signature is over the text itself. What a log signs its checkpoints with."""

    def __init__(self, name: str, signer: Signer) -> None:
        self.key = NoteKey(name, KeyType.ED25519, bytes(signer.public_key))
        self._signer = signer

    def sign(self, text: bytes) -> bytes:
        return bytes(self._signer.sign(text))


def parse_note(data: bytes) -> Note:
    """Read a note, refusing every spelling that encode_note() does not write.

    Raises FormatError(``NOTE_TOO_LONG``, ``TOO_MANY_SIGNATURES``, ``BAD_NOTE``, ``BAD_KEY_NAME``, ``BAD_BASE64``).
    """
    if len(data) > MAX_NOTE:
        raise FormatError("NOTE_TOO_LONG", f"a note is at most {MAX_NOTE} bytes long, not {len(data)}")
    try:
        note = data.decode()
    except UnicodeDecodeError as error:
        raise FormatError("BAD_NOTE", f"a note is UTF-8; byte {error.start} is not") from error
    if _CONTROL.search(note):
        raise FormatError("BAD_NOTE", "a note has no control characters but newlines")
    # The text may hold empty lines, the signatures may not: the last one divides them.
    text, divider, lines = note.rpartition("\n\n")
    if not divider or not lines.endswith("\n"):
        raise FormatError("BAD_NOTE", "a note is a text, an empty line and lines of signatures, each with its newline")
    text_size = len(text.encode()) + 1
    _check_bounds(text_size, lines.count("\n"))
    return Note(data[:text_size], tuple(_parse_line(line) for line in lines[:-1].split("\n")))


def parse_signatures(data: bytes) -> tuple[NoteSignature, ...]:
    """Lines of signatures without their text. Raises FormatError as parse_note() does."""
    # As those of a note whose text is one empty line.
    return parse_note(b"\n\n" + data).signatures


def encode_note(text: bytes, signatures: Sequence[NoteSignature]) -> bytes:
    """The note's one byte string. Raises FormatError for what parse_note() would refuse."""
    _check_bounds(len(text), len(signatures))
    data = text + b"\n" + encode_signatures(signatures)
    if parse_note(data) != Note(text, tuple(signatures)):
        raise FormatError("BAD_NOTE", "the text and signatures would be read back as something else")
    return data


def encode_signatures(signatures: Sequence[NoteSignature]) -> bytes:
    """The lines alone, as a witness answers with them."""
    lines = (f"{_LINE_START}{line.name} {encode_base64(line.key_id + line.signature)}\n" for line in signatures)
    return "".join(lines).encode()


def sign_text(text: bytes, signer: NoteSigner) -> NoteSignature:
    return NoteSignature(signer.key.name, signer.key.key_id, signer.sign(text))


def sign_note(text: bytes, signers: Sequence[NoteSigner]) -> bytes:
    """The text as a note signed by all of ``signers``, in their order. Raises FormatError as encode_note() does."""
    return encode_note(text, [sign_text(text, signer) for signer in signers])


def verify_note(note: Note, keys: Iterable[NoteKey], verifier: Verifier = _VERIFIER) -> VerifiedNote:
    """Raises SignatureError(``BAD_SIGNATURE``, ``NO_KNOWN_SIGNATURE``), UnjudgeableError(``UNKNOWN_KEY_TYPE``).

    FormatError(``AMBIGUOUS_KEYS``) where two of ``keys`` could not be told apart.
    """
    known: dict[tuple[str, bytes], NoteKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise FormatError("AMBIGUOUS_KEYS", f"two known keys share the name {key.name} and the key id")
    verified = []
    for line in note.signatures:
        known_key = known.get((line.name, line.key_id))
        if known_key is not None:
            verified.append(VerifiedSignature(known_key, _verify_line(note.text, line, known_key, verifier)))
    if not verified:
        raise SignatureError("NO_KNOWN_SIGNATURE", "none of the note's signatures is by a known key")
    return VerifiedNote(note.text, tuple(verified))


def _verify_line(text: bytes, line: NoteSignature, key: NoteKey, verifier: Verifier) -> int | None:
    """The timestamp of a cosignature, None of a plain signature."""
    try:
        if key.key_type is not KeyType.ED25519:
            return verify_cosignature(text, line.signature, key, verifier)
        if len(line.signature) != Signature.SIZE:
            raise SignatureError("BAD_SIGNATURE", "its length is out of range")
        verifier.verify(key.public_key, line.signature, text)
    except SignatureError as error:
        raise SignatureError("BAD_SIGNATURE", f"the signature of {key.name} is bad: {error.message}") from error
    return None


def _parse_line(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_LINE_START).partition(" ")
    if not line.startswith(_LINE_START):
        raise FormatError("BAD_NOTE", f"a signature's line starts with an em dash and a space: {line[:80]!r}")
    check_key_name(name)
    value = parse_base64(encoded)
    if len(value) <= KEY_ID_SIZE:
        raise FormatError("BAD_NOTE", f"the signature of {name} is empty")
    return NoteSignature(name, value[:KEY_ID_SIZE], value[KEY_ID_SIZE:])


def _check_bounds(text_size: int, signatures: int) -> None:
    if text_size > MAX_TEXT:
        raise FormatError("NOTE_TOO_LONG", f"a note's text is at most {MAX_TEXT} bytes long, not {text_size}")
    if signatures > MAX_SIGNATURES:
        raise FormatError("TOO_MANY_SIGNATURES", f"a note has at most {MAX_SIGNATURES} signatures")
