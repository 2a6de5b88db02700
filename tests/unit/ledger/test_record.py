"""The envelope of every log entry: strict to the byte, and signed for its kind, its body and its key."""

import msgpack
import pytest

from ledger.canonical import MAX_ENTRY, encode
from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.merkle import hash_leaf
from ledger.primitives import PublicKey
from ledger.record import (
    KINDS,
    SignedRecord,
    Snapshot,
    parse_record,
    sign_record,
    trust_record,
    verify_record,
)
from ledger.signing import CryptographyVerifier, Ed25519Signer
from ledger.tally import ContestTally
from tests.unit.ledger.election_factory import (
    DEVICE_KEYS,
    ELECTION_KEY,
    PUBLISHER_KEY,
    Night,
    small_night,
    tally,
)
from tests.unit.ledger.ruling_factory import OFFICIALS, decision, every_body

VERIFIER = CryptographyVerifier()


class Anyone:
    """Allows every record the one key that it was made with."""

    def __init__(self, key: Ed25519Signer) -> None:
        self._key = key

    def signing_keys(self, record: SignedRecord) -> tuple[PublicKey, ...]:
        return (self._key.public_key,) * len(record.signatures)


@pytest.fixture(scope="module")
def night() -> Night:
    return small_night()


@pytest.fixture(scope="module")
def entry(night: Night) -> bytes:
    return sign_record(tally(night), [DEVICE_KEYS[0]])


def refuse(data: bytes, code: str = "NOT_CANONICAL") -> None:
    with pytest.raises(FormatError) as caught:
        parse_record(data)
    assert caught.value.code == code


def test_a_record_is_what_was_signed(night: Night, entry: bytes) -> None:
    record = parse_record(entry)
    assert (record.kind, record.body, record.data) == ("tally/1", tally(night), entry)
    assert record.raw_body == encode(tally(night))
    assert record.leaf_hash == hash_leaf(entry)
    verified = verify_record(record, Anyone(DEVICE_KEYS[0]), VERIFIER)
    assert (verified.body, verified.signer) == (record.body, DEVICE_KEYS[0].public_key.key_id)
    assert verified.leaf_hash == record.leaf_hash


@pytest.mark.independent
def test_the_signed_message_by_hand(entry: bytes) -> None:
    """Namespace, then kind, body and key id as one array; the key id is the hash of the public key."""
    kind, body, [[key_id, signature]] = msgpack.unpackb(entry)
    message = b"tunuk/record/v1\n" + msgpack.packb([kind, body, key_id])
    VERIFIER.verify(DEVICE_KEYS[0].public_key, signature, message)
    assert key_id == DEVICE_KEYS[0].public_key.key_id


def test_every_kind_round_trips(night: Night) -> None:
    bodies = every_body(night)
    assert set(bodies) == set(KINDS)
    for kind, body in bodies.items():
        record = parse_record(sign_record(body, [ELECTION_KEY]))
        assert (record.kind, record.body) == (kind, body)


def test_every_cut_and_every_flipped_bit_is_noticed(entry: bytes) -> None:
    """Not one byte of an entry can change without the record being refused or its signature failing."""
    for length in range(len(entry)):
        refuse(entry[:length])
    for place in range(len(entry)):
        changed = bytearray(entry)
        changed[place] ^= 1
        with pytest.raises((FormatError, SignatureError, UnjudgeableError)):
            verify_record(parse_record(bytes(changed)), Anyone(DEVICE_KEYS[0]), VERIFIER)


@pytest.mark.parametrize("extra", [b"\x00", b"\xc0"])
def test_bytes_after_the_record_are_refused(entry: bytes, extra: bytes) -> None:
    refuse(entry + extra)


def test_a_record_of_another_shape_is_refused(entry: bytes) -> None:
    kind, body, signatures = msgpack.unpackb(entry)
    shapes = [
        [kind, body],
        [kind, body, signatures, None],
        {"kind": kind, "body": body, "signatures": signatures},
        [kind, {"a": 1}, signatures],
        [kind, body[:-1], signatures],
        [kind, [*body, None], signatures],
        [kind, [float(1), *body[1:]], signatures],
        [kind, body, []],
        [kind, body, [signatures[0][:1]]],
        [kind, body, [[*signatures[0], b""]]],
        [kind, body, [[signatures[0][0], signatures[0][1][:63]]]],
        [kind, body, [[signatures[0][0][:31], signatures[0][1]]]],
        [kind.encode(), body, signatures],
        None,
        5,
        [],
    ]
    for shape in shapes:
        refuse(msgpack.packb(shape))


def test_a_body_in_another_spelling_is_refused(entry: bytes) -> None:
    """The envelope keeps the body's bytes as they are: they have a check of their own."""
    place = entry.index(encode("u0"))
    respelled = entry[:place] + b"\xd9\x02u0" + entry[place + 3 :]
    assert msgpack.unpackb(respelled) == msgpack.unpackb(entry)
    refuse(respelled)


def test_a_body_nested_without_end_is_refused(entry: bytes) -> None:
    kind, _, signatures = msgpack.unpackb(entry)
    refuse(b"\x93" + msgpack.packb(kind) + b"\x91" * 60_000 + b"\x90" + msgpack.packb(signatures))


def test_the_longest_record_is_bounded() -> None:
    refuse(bytes(MAX_ENTRY + 1), "RECORD_TOO_LONG")
    refuse(bytes(MAX_ENTRY))


@pytest.mark.parametrize("kind", ["tally/2", "return/2", "snapshot/10", "a/9999"])
def test_an_unknown_kind_cannot_be_judged(entry: bytes, kind: str) -> None:
    _, body, signatures = msgpack.unpackb(entry)
    with pytest.raises(UnjudgeableError) as caught:
        parse_record(msgpack.packb([kind, body, signatures]))
    assert caught.value.code == "UNKNOWN_KIND"


@pytest.mark.parametrize(
    "kind", ["tally", "tally/0", "tally/01", "tally/10000", "Tally/1", "/1", "tally/1\n", "a" * 33 + "/1", "tally/1 "]
)
def test_what_is_no_name_of_a_kind_is_refused(entry: bytes, kind: str) -> None:
    _, body, signatures = msgpack.unpackb(entry)
    refuse(msgpack.packb([kind, body, signatures]))


def test_signatures_are_sorted_and_distinct(night: Night) -> None:
    both = sign_record(tally(night), [DEVICE_KEYS[1], DEVICE_KEYS[0]])
    assert both == sign_record(tally(night), DEVICE_KEYS[:2])
    kind, body, signatures = msgpack.unpackb(both)
    assert signatures == sorted(signatures)
    refuse(msgpack.packb([kind, body, signatures[::-1]]), "SIGNATURES_UNSORTED")
    refuse(msgpack.packb([kind, body, [signatures[0], signatures[0]]]), "SIGNATURES_UNSORTED")
    other = [signatures[0][0], bytes(64)]
    refuse(msgpack.packb([kind, body, [signatures[0], other]]), "SIGNATURES_UNSORTED")
    refuse(msgpack.packb([kind, body, [[bytes([n]) * 32, bytes(64)] for n in range(9)]]))


def test_what_could_not_be_read_again_is_not_signed(night: Night) -> None:
    with pytest.raises(FormatError):
        sign_record(tally(night, urn="not an identifier"), [DEVICE_KEYS[0]])
    with pytest.raises(FormatError) as caught:
        sign_record(tally(night), [DEVICE_KEYS[0], DEVICE_KEYS[0]])
    assert caught.value.code == "SIGNATURES_UNSORTED"
    crowded = ContestTally(1, 1, 0, 0, tuple((number, 1, 0) for number in range(500)))
    with pytest.raises(FormatError) as caught:
        sign_record(tally(night, contests=(crowded,) * 40), [DEVICE_KEYS[0]])
    assert caught.value.code == "RECORD_TOO_LONG"
    with pytest.raises(FormatError):
        sign_record(tally(night), [])


def test_an_array_in_a_tally_is_bounded(night: Night) -> None:
    contest = tally(night).contests[0]
    with pytest.raises(FormatError):
        sign_record(tally(night, contests=(contest,) * 501), [DEVICE_KEYS[0]])
    with pytest.raises(FormatError):
        sign_record(tally(night, contests=()), [DEVICE_KEYS[0]])


def test_a_signature_is_by_the_key_that_may(entry: bytes) -> None:
    with pytest.raises(SignatureError) as caught:
        verify_record(parse_record(entry), Anyone(DEVICE_KEYS[1]), VERIFIER)
    assert caught.value.code == "BAD_SIGNATURE"


def test_a_signature_of_another_kind_or_body_does_not_fit(night: Night, entry: bytes) -> None:
    _, body, _ = msgpack.unpackb(entry)
    _, _, signatures = msgpack.unpackb(sign_record(tally(night, votes=6), [DEVICE_KEYS[0]]))
    record = parse_record(msgpack.packb(["tally/1", body, signatures]))
    with pytest.raises(SignatureError):
        verify_record(record, Anyone(DEVICE_KEYS[0]), VERIFIER)
    snapshot = Snapshot(night.election_id, 1, 11, bytes(32), 5, 1, bytes(32))
    _, _, signatures = msgpack.unpackb(sign_record(snapshot, [DEVICE_KEYS[0]]))
    with pytest.raises(SignatureError):
        verify_record(parse_record(msgpack.packb(["tally/1", body, signatures])), Anyone(DEVICE_KEYS[0]), VERIFIER)


def test_each_signature_is_verified(night: Night) -> None:
    """The second as much as the first, in the order of their key ids."""
    body = decision(night, "out_of_use", urn="u1")
    data = sign_record(body, OFFICIALS)
    verified = verify_record(parse_record(data), night.fold.definition, VERIFIER)
    assert verified.signers == tuple(sorted(PublicKey(key.public_key).key_id for key in OFFICIALS))
    kind, raw, lines = msgpack.unpackb(data)
    for place in (0, 1):
        forged = [list(line) for line in lines]
        forged[place][1] = bytes(64)
        with pytest.raises(SignatureError) as caught:
            verify_record(parse_record(msgpack.packb([kind, raw, forged])), night.fold.definition, VERIFIER)
        assert caught.value.code == "BAD_SIGNATURE"


def test_trusting_gives_what_verifying_gives(entry: bytes) -> None:
    record = parse_record(entry)
    assert trust_record(record) == verify_record(record, Anyone(DEVICE_KEYS[0]), VERIFIER)


def test_equal_counts_in_another_envelope_have_one_hash(night: Night) -> None:
    first, again = tally(night), tally(night, seq=2, time=7, report_hash=bytes([1]) * 32, source="typed")
    assert first.counts_hash == again.counts_hash != tally(night, votes=6).counts_hash


def test_snapshots_are_numbered_from_one(night: Night) -> None:
    with pytest.raises(FormatError):
        sign_record(Snapshot(night.election_id, 0, 11, bytes(32), 5, 1, bytes(32)), [PUBLISHER_KEY])
