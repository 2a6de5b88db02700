"""Checkpoints (C2SP tlog-checkpoint): a tree head as a signed note.

Responsible for the note's text and for whether a log's key signed it under the log's own name. Which logs and how many
witnesses are enough is for policy.py; that one head extends another is for merkle.py.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ledger.errors import FormatError, SignatureError
from ledger.merkle import EMPTY_ROOT, MAX_TREE_SIZE
from ledger.note import NoteSigner, VerifiedSignature, encode_note, parse_note, sign_note, sign_text, verify_note
from ledger.primitives import Hash
from ledger.signing import CryptographyVerifier, Verifier
from ledger.vkey import NoteKey

_VERIFIER = CryptographyVerifier()
_LINE = re.compile(r"[^\x00-\x1f]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head that ``origin`` claims; ``extensions`` are opaque lines that nothing here gives a meaning.

    Raises FormatError(``BAD_CHECKPOINT``).
    """

    origin: str
    size: int
    root: Hash
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(_LINE.fullmatch(line) for line in (self.origin, *self.extensions)):
            raise FormatError("BAD_CHECKPOINT", "a checkpoint's lines are not empty and have no control characters")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise FormatError("BAD_CHECKPOINT", f"a tree's size is from 0 to 2**63 - 1, not {self.size}")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise FormatError("BAD_CHECKPOINT", "the root of an empty tree is the hash of nothing")


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A tree head that its log signed. Made by verify_checkpoint() and verify_checkpoint_with_policy() only.

    ``note``: the signed note, byte for byte. ``signatures``: all that verified, the log's and known witnesses'.
    """

    origin: str
    size: int
    root: Hash
    note: bytes
    signatures: tuple[VerifiedSignature, ...]


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read a note's text. Raises FormatError(``BAD_CHECKPOINT``)."""
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("BAD_CHECKPOINT", "a checkpoint is UTF-8") from error
    if len(lines) < 4 or lines.pop() != "":
        raise FormatError("BAD_CHECKPOINT", "a checkpoint is three lines or more, each ended by a newline")
    origin, size, root, *extensions = lines
    if not _SIZE.fullmatch(size):
        raise FormatError("BAD_CHECKPOINT", f"a tree's size is a decimal number without leading zeros: {size[:80]!r}")
    try:
        return Checkpoint(origin, int(size), Hash.from_base64(root), tuple(extensions))
    except FormatError as error:
        raise FormatError("BAD_CHECKPOINT", error.message) from error


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The text that a log and its witnesses sign."""
    lines = (checkpoint.origin, str(checkpoint.size), checkpoint.root.base64(), *checkpoint.extensions)
    return "".join(f"{line}\n" for line in lines).encode()


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> bytes:
    """The signed note. The signer is the log's: its key's name is the origin, else FormatError(``WRONG_LOG_NAME``)."""
    if signer.key.name != checkpoint.origin:
        raise FormatError("WRONG_LOG_NAME", f"the key of {signer.key.name} signs no checkpoint of {checkpoint.origin}")
    return sign_note(encode_checkpoint(checkpoint), [signer])


def cosign_checkpoint(note: bytes, signer: NoteSigner) -> bytes:
    """The note with one more signature. The caller has verified it, and that it extends all that the signer saw."""
    parsed = parse_note(note)
    parse_checkpoint(parsed.text)
    return encode_note(parsed.text, (*parsed.signatures, sign_text(parsed.text, signer)))


def verify_checkpoint(
    note: bytes,
    log_keys: NoteKey | Iterable[NoteKey],
    witness_keys: Iterable[NoteKey] = (),
    verifier: Verifier = _VERIFIER,
) -> VerifiedCheckpoint:
    """Require a signature by one of the logs' keys whose name is the checkpoint's origin.

    Witnesses' signatures are verified where there are some, but none is required.
    Raises FormatError, SignatureError(``BAD_SIGNATURE``, ``NO_KNOWN_SIGNATURE``, ``NOT_BY_LOG``), UnjudgeableError.
    """
    logs = [log_keys] if isinstance(log_keys, NoteKey) else list(log_keys)
    verified = verify_note(parse_note(note), [*logs, *witness_keys], verifier)
    checkpoint = parse_checkpoint(verified.text)
    if not any(line.key in logs and line.key.name == checkpoint.origin for line in verified.signatures):
        raise SignatureError("NOT_BY_LOG", f"no known log of the name {checkpoint.origin} signed the checkpoint")
    return VerifiedCheckpoint(checkpoint.origin, checkpoint.size, checkpoint.root, note, verified.signatures)
