"""Checkpoints (C2SP tlog-checkpoint): a tree head as a signed note.

Responsible for whether a log's key signed a checkpoint under the log's own name; the text is for checkpoint_text.py.
Which logs and how many witnesses are enough is for policy.py; that one head extends another is for merkle.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.checkpoint_text import Checkpoint, encode_checkpoint, parse_checkpoint
from ledger.errors import FormatError, SignatureError
from ledger.note import NoteSigner, VerifiedSignature, encode_note, parse_note, sign_note, sign_text, verify_note
from ledger.primitives import Hash
from ledger.signing import CryptographyVerifier, Verifier
from ledger.vkey import NoteKey

__all__ = [
    "Checkpoint",
    "VerifiedCheckpoint",
    "cosign_checkpoint",
    "encode_checkpoint",
    "parse_checkpoint",
    "sign_checkpoint",
    "verify_checkpoint",
]

_VERIFIER = CryptographyVerifier()


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
