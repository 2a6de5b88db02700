"""The envelope in which everything enters the log: ``[kind, body, [[key id, signature], …]]``.

``SignedRecord`` is well-formed and canonical, nothing more; only ``verify_record`` makes a ``VerifiedRecord`` of it,
with the keys that the log has named so far. What the record then does is the business of ``fold``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import msgspec

from ledger import canonical
from ledger.canonical import Bytes64, Canonical, Count, Hash32, Time
from ledger.election import Contest, Election, ReportingDevice, ReportingUnit
from ledger.errors import FormatError, UnjudgeableError
from ledger.merkle import hash_leaf
from ledger.primitives import Hash, KeyId, PublicKey
from ledger.rulings import Authority, Decision, Return, Succession
from ledger.signing import Signer, Verifier
from ledger.tally import Opening, TallyReport, Turnout, UrnEvent

NAMESPACE = b"tunuk/record/v1\n"
MAX_SIGNATURES = 8


class Snapshot(Canonical, frozen=True):
    """Body of ``snapshot/1``: numbered results, folded from the first ``tree_size`` entries with root ``root_hash``.

    ``manifest_hash`` is the SHA-256 of the numbered result file, which names the hash of every other file.
    """

    election_id: Hash32
    number: Annotated[int, msgspec.Meta(ge=1, le=canonical.MAX_INTEGER)]
    tree_size: Count
    root_hash: Hash32
    time: Time
    fold_version: Count
    manifest_hash: Hash32


Body = (
    Election
    | Contest
    | ReportingUnit
    | ReportingDevice
    | Authority
    | Opening
    | Turnout
    | UrnEvent
    | TallyReport
    | Return
    | Decision
    | Succession
    | Snapshot
)

KINDS: dict[str, type[Body]] = {
    "election/1": Election,
    "contest/1": Contest,
    "unit/1": ReportingUnit,
    "device/1": ReportingDevice,
    "authority/1": Authority,
    "opening/1": Opening,
    "turnout/1": Turnout,
    "event/1": UrnEvent,
    "tally/1": TallyReport,
    "return/1": Return,
    "decision/1": Decision,
    "succession/1": Succession,
    "snapshot/1": Snapshot,
}
KIND_OF: dict[type[Body], str] = {body: kind for kind, body in KINDS.items()}


class SignatureLine(Canonical, frozen=True):
    """A signature and the id of the key that made it."""

    key_id: Hash32
    signature: Bytes64


class _Envelope(Canonical, frozen=True):
    kind: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{1,32}/[1-9][0-9]{0,3}\Z")]
    body: msgspec.Raw
    signatures: Annotated[tuple[SignatureLine, ...], msgspec.Meta(min_length=1, max_length=MAX_SIGNATURES)]


@dataclass(frozen=True, slots=True)
class SignedRecord:
    """A canonical record with signatures that nobody has verified yet. ``data`` is the log entry, byte for byte."""

    data: bytes
    kind: str
    body: Body
    raw_body: bytes
    signatures: tuple[SignatureLine, ...]

    @property
    def leaf_hash(self) -> Hash:
        return hash_leaf(self.data)


@dataclass(frozen=True, slots=True)
class VerifiedRecord:
    """A record whose signatures verify by keys that may sign its kind.

    Made by ``verify_record``, and by ``trust_record`` where that was done before the record entered the log.
    """

    body: Body
    signers: tuple[KeyId, ...]
    leaf_hash: Hash

    @property
    def signer(self) -> KeyId:
        """The only signer of a kind that has one."""
        return self.signers[0]


class KeyBook(Protocol):
    """Says which keys may sign a record, from what the log has named so far."""

    def signing_keys(self, record: SignedRecord) -> tuple[PublicKey, ...]:
        """The public key of each of the record's signatures, in their order.

        Raises SignatureError(``UNKNOWN_KEY``, ``WRONG_SIGNATURE_COUNT``, ``ONE_PERSON``) for signers that the rules for
        this kind do not admit.
        """
        ...


def parse_record(data: bytes) -> SignedRecord:
    """Parse one log entry strictly.

    Raises FormatError(``RECORD_TOO_LONG``, ``NOT_CANONICAL``, ``SIGNATURES_UNSORTED``) and
    UnjudgeableError(``UNKNOWN_KIND``) for a kind that this program does not know.
    """
    if len(data) > canonical.MAX_ENTRY:
        raise FormatError("RECORD_TOO_LONG", f"a record has at most {canonical.MAX_ENTRY} bytes, not {len(data)}")
    envelope = canonical.decode(_Envelope, data)
    key_ids = [line.key_id for line in envelope.signatures]
    if key_ids != sorted(set(key_ids)):
        raise FormatError("SIGNATURES_UNSORTED", "signatures are not sorted by distinct key ids")
    kind = KINDS.get(envelope.kind)
    if kind is None:
        raise UnjudgeableError("UNKNOWN_KIND", f"this program does not know records of kind {envelope.kind!r}")
    raw_body = bytes(envelope.body)
    return SignedRecord(data, envelope.kind, canonical.decode(kind, raw_body), raw_body, envelope.signatures)


def signed_message(kind: str, raw_body: bytes, key_id: bytes) -> bytes:
    """What the key of ``key_id`` signs."""
    return NAMESPACE + canonical.encode([kind, msgspec.Raw(raw_body), key_id])


def sign_record(body: Body, signers: Sequence[Signer]) -> bytes:
    """The log entry that says ``body``, signed by each of ``signers``.

    Raises FormatError where the result could not be parsed again: the same rules hold for what we write.
    """
    kind = KIND_OF[type(body)]
    raw_body = canonical.encode(body)
    lines = []
    for signer in sorted(signers, key=lambda signer: signer.public_key.key_id):
        key_id = signer.public_key.key_id
        lines.append(SignatureLine(key_id, signer.sign(signed_message(kind, raw_body, key_id))))
    return join_record(kind, raw_body, lines)


def join_record(kind: str, raw_body: bytes, lines: Sequence[SignatureLine]) -> bytes:
    """The log entry of a body in canonical form and signatures of it, ascending by key id. Raises as parse_record()."""
    data = canonical.encode(_Envelope(kind, msgspec.Raw(raw_body), tuple(lines)))
    parse_record(data)
    return data


def verify_record(record: SignedRecord, keys: KeyBook, verifier: Verifier) -> VerifiedRecord:
    """Verify every signature of the record by the keys that may sign it.

    Raises SignatureError(``UNKNOWN_KEY``, ``WRONG_SIGNATURE_COUNT``, ``ONE_PERSON``, ``BAD_SIGNATURE``).
    """
    for line, public_key in zip(record.signatures, keys.signing_keys(record), strict=True):
        verifier.verify(public_key, line.signature, signed_message(record.kind, record.raw_body, line.key_id))
    return _verified(record)


def trust_record(record: SignedRecord) -> VerifiedRecord:
    """Take the signatures of an entry as verified, because whoever calls this verified them before it was appended.

    For the log's own operator alone: the server that reads back its own entries, each verified at its ingest, and would
    spend most of its time on verifying them again. An observer never calls this; nothing here has looked at a key.
    """
    return _verified(record)


def _verified(record: SignedRecord) -> VerifiedRecord:
    return VerifiedRecord(record.body, tuple(KeyId(line.key_id) for line in record.signatures), record.leaf_hash)
