"""What a device may hand in: a batch of bytes is parsed and verified, record by record, before anything is logged.

A filter, no judge: whether a record counts is decided by the fold from what the log says, so that conflicts, repeats
and broken rules pass here and are logged. Pure: no IO, no clock. Refused are, each record on its own account:

    NOT_CANONICAL, RECORD_TOO_LONG, SIGNATURES_UNSORTED, UNKNOWN_KIND    as ``record.parse_record`` says
    KIND_NOT_ACCEPTED    a device sends zero reports and tallies; the other kinds have other ways into the log
    OTHER_ELECTION       the record is of another election, a rehearsal perhaps
    FOREIGN_RECORD       it is not signed by the key of the client's certificate
    BAD_SIGNATURE        it names that key, but the signature does not verify
Whether the device's quota has room for it is asked afterwards (``device_shares``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ledger.errors import FormatError, SignatureError, TunukError
from ledger.primitives import Hash, PublicKey
from ledger.record import SignedRecord, VerifiedRecord, parse_record, verify_record
from ledger.signing import Verifier
from ledger.tally import Opening, TallyReport, Turnout, UrnEvent

MAX_RECORDS = 100
"""Records in one request: an urn with a hundred units, or half an hour of a busy agent's backlog."""

MAX_BODY = 1024 * 1024
"""Bytes of one request's body."""

_BATCH = msgspec.msgpack.Decoder(list[bytes])
_KINDS = Opening, Turnout, UrnEvent, TallyReport


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that may be logged. ``data`` is the entry, byte for byte as the device signed it."""

    data: bytes
    record: VerifiedRecord


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is not logged, and the code why."""

    code: str
    message: str


class _OneDevice:
    """The key book (``record.KeyBook``) that knows the key of one client alone."""

    def __init__(self, key: PublicKey) -> None:
        self._key = key
        self._key_id = key.key_id

    def signing_keys(self, record: SignedRecord) -> tuple[PublicKey, ...]:
        if len(record.signatures) != 1:
            raise SignatureError("WRONG_SIGNATURE_COUNT", f"a {record.kind} record has one signature")
        if record.signatures[0].key_id != self._key_id:
            raise SignatureError("FOREIGN_RECORD", "the record is not signed by the key of this client's certificate")
        return (self._key,)


def parse_batch(body: bytes) -> list[bytes]:
    """A MessagePack array of 1 to MAX_RECORDS bins. Raises FormatError(``TOO_LARGE``, ``BAD_BATCH``)."""
    if len(body) > MAX_BODY:
        raise FormatError("TOO_LARGE", f"a request's body has at most {MAX_BODY} bytes: send fewer records at once")
    try:
        records = _BATCH.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError("BAD_BATCH", f"the body is not a MessagePack array of bins: {error}") from error
    if not 1 <= len(records) <= MAX_RECORDS:
        raise FormatError("BAD_BATCH", f"a request has 1 to {MAX_RECORDS} records, not {len(records)}")
    return records


def verify_records(
    records: Sequence[bytes], key: PublicKey, election_id: Hash, verifier: Verifier
) -> list[Accepted | Refused]:
    """The verdict on each record of a client that holds ``key``, in the order given. Raises nothing for bad records."""
    authority = _OneDevice(key)
    verdicts: list[Accepted | Refused] = []
    for data in records:
        try:
            verdicts.append(_verify(data, authority, election_id, verifier))
        except TunukError as error:
            verdicts.append(Refused(error.code, error.message))
    return verdicts


def _verify(data: bytes, authority: _OneDevice, election_id: Hash, verifier: Verifier) -> Accepted:
    record = parse_record(data)
    if not isinstance(record.body, _KINDS):
        raise FormatError("KIND_NOT_ACCEPTED", f"a device does not send records of kind {record.kind}")
    if record.body.election_id != election_id:
        raise FormatError("OTHER_ELECTION", f"this log is for election {election_id.hex()}, the record for another")
    return Accepted(data, verify_record(record, authority, verifier))
