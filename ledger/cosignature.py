"""Cosignatures (C2SP tlog-cosignature): a cosigner's timestamped statement that a tree head extends all that it saw.

Responsible for the bytes that are signed and for both algorithms: type 04, Ed25519 over the checkpoint's whole text,
and type 06, ML-DSA-44 (FIPS 204) over a structure that names the cosigner, the origin, the size and the root. The
latter is secure against quantum computers, and says nothing about extension lines: a text that has some is neither
signed nor accepted here, so that whatever verifies was signed in whole. Whose cosignatures count is for policy.py.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from ledger.checkpoint_text import parse_checkpoint
from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.primitives import Signature
from ledger.signing import Signer, Verifier
from ledger.vkey import MAX_NAME, KeyType, NoteKey

MAX_TIMESTAMP = 2**63 - 1
MLDSA44_SIGNATURE_SIZE = 2420

_TIMESTAMP_SIZE = 8
_SIGNATURE_SIZE = {
    KeyType.COSIGNATURE_ED25519: Signature.SIZE,
    KeyType.COSIGNATURE_MLDSA44: MLDSA44_SIGNATURE_SIZE,
}


class CosignatureSigner:
    """Type 04. ``clock``: POSIX seconds."""

    def __init__(self, name: str, signer: Signer, clock: Callable[[], int]) -> None:
        self.key = NoteKey(name, KeyType.COSIGNATURE_ED25519, bytes(signer.public_key))
        self._signer = signer
        self._clock = clock

    def sign(self, text: bytes) -> bytes:
        timestamp = self._clock()
        return timestamp.to_bytes(_TIMESTAMP_SIZE) + self._signer.sign(_ed25519_message(timestamp, text))


class MLDSA44CosignatureSigner:
    """Type 06, from a seed of 32 bytes. Signatures are randomised: no two are the same bytes.

    Raises UnjudgeableError(``UNKNOWN_KEY_TYPE``) where this machine's OpenSSL has no ML-DSA.
    """

    def __init__(self, name: str, seed: bytes, clock: Callable[[], int]) -> None:
        try:
            self._private_key = MLDSA44PrivateKey.from_seed_bytes(seed)
        except UnsupportedAlgorithm as error:
            raise _unsupported(name) from error
        self.key = NoteKey(name, KeyType.COSIGNATURE_MLDSA44, self._private_key.public_key().public_bytes_raw())
        self._clock = clock

    def sign(self, text: bytes) -> bytes:
        """Raises FormatError where the text is no checkpoint, or one that this algorithm does not cover."""
        timestamp = self._clock()
        message = _mldsa44_message(self.key.name, timestamp, text)
        return timestamp.to_bytes(_TIMESTAMP_SIZE) + self._private_key.sign(message)


def verify_cosignature(text: bytes, signature: bytes, key: NoteKey, verifier: Verifier) -> int:
    """The timestamp of ``signature`` (what follows the key id on its line), once it is good.

    Raises SignatureError(``BAD_SIGNATURE``), UnjudgeableError(``UNKNOWN_KEY_TYPE``).
    """
    timestamp, signature = int.from_bytes(signature[:_TIMESTAMP_SIZE]), signature[_TIMESTAMP_SIZE:]
    if len(signature) != _SIGNATURE_SIZE[key.key_type] or timestamp > MAX_TIMESTAMP:
        raise SignatureError("BAD_SIGNATURE", "its length or its time is out of range")
    if key.key_type is KeyType.COSIGNATURE_ED25519:
        verifier.verify(key.public_key, signature, _ed25519_message(timestamp, text))
        return timestamp
    try:
        message = _mldsa44_message(key.name, timestamp, text)
        MLDSA44PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except FormatError as error:
        raise SignatureError("BAD_SIGNATURE", f"ML-DSA-44 cannot cover this text: {error.message}") from error
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("BAD_SIGNATURE", "the signature does not verify") from error
    except UnsupportedAlgorithm as error:
        raise _unsupported(key.name) from error
    return timestamp


def _ed25519_message(timestamp: int, text: bytes) -> bytes:
    return b"cosignature/v1\ntime %d\n" % timestamp + text


def _mldsa44_message(name: str, timestamp: int, text: bytes) -> bytes:
    """The specification's ``cosigned_message`` for a whole tree: from leaf 0 to its size."""
    head = parse_checkpoint(text)
    if head.extensions:
        raise FormatError("BAD_CHECKPOINT", "an ML-DSA-44 cosignature does not cover extension lines")
    fields = (
        b"subtree/v1\n\0",
        _opaque(name),
        timestamp.to_bytes(8),
        _opaque(head.origin),
        bytes(8),
        head.size.to_bytes(8),
        head.root,
    )
    return b"".join(fields)


def _opaque(text: str) -> bytes:
    """A string after its length in one byte."""
    data = text.encode()
    if len(data) > MAX_NAME:
        raise FormatError("BAD_CHECKPOINT", f"a name that ML-DSA-44 covers has at most {MAX_NAME} bytes")
    return bytes([len(data)]) + data


def _unsupported(name: str) -> UnjudgeableError:
    return UnjudgeableError("UNKNOWN_KEY_TYPE", f"the OpenSSL of this machine has no ML-DSA-44, the key of {name}")
