"""A batch is bounded, and each record in it is judged on its own account."""

import msgspec
import pytest

from central_server.http_errors import RECORD_REFUSALS
from central_server.ingest import MAX_BODY, MAX_RECORDS, Accepted, Refused, parse_batch, verify_records
from ledger.errors import FormatError
from ledger.primitives import Hash
from ledger.record import Body, sign_record
from ledger.signing import CryptographyVerifier, Ed25519Signer
from tests.unit.central_server.server_factory import small_tally
from tests.unit.ledger.election_factory import (
    DEVICE_KEYS,
    ELECTION_KEY,
    PUBLISHER_KEY,
    small_election,
    small_night,
    small_parts,
)
from tests.unit.ledger.ruling_factory import every_body

ELECTION_ID = Hash(bytes(range(32)))
KINDS_OF_DEVICES = {"opening/1", "turnout/1", "event/1", "tally/1"}


def verdicts(*records: bytes, device: int = 0) -> list[Accepted | Refused]:
    return verify_records(records, DEVICE_KEYS[device].public_key, ELECTION_ID, CryptographyVerifier())


def codes(*records: bytes, device: int = 0) -> list[str]:
    found = [verdict.code if isinstance(verdict, Refused) else "" for verdict in verdicts(*records, device=device)]
    assert {code for code in found if code} <= RECORD_REFUSALS.keys()
    return found


def reshaped(record: bytes, place: int, value: object) -> bytes:
    """The record with one element of its envelope replaced."""
    envelope = msgspec.msgpack.decode(record)
    envelope[place] = value
    return msgspec.msgpack.encode(envelope)


def test_accepted_is_what_the_device_signed_byte_for_byte() -> None:
    record = small_tally(ELECTION_ID)
    [verdict] = verdicts(record)
    assert isinstance(verdict, Accepted)
    assert verdict.data == record
    assert verdict.record.signer == DEVICE_KEYS[0].public_key.key_id


def test_one_bad_record_does_not_touch_its_neighbours() -> None:
    good, other = small_tally(ELECTION_ID), small_tally(ELECTION_ID, seq=2)
    assert codes(good, b"garbage", other, good) == ["", "NOT_CANONICAL", "", ""]


def test_a_record_of_another_device_is_foreign() -> None:
    assert codes(small_tally(ELECTION_ID, device=1)) == ["FOREIGN_RECORD"]


def test_a_record_of_another_election_is_refused() -> None:
    assert codes(small_tally(Hash(bytes(32)))) == ["OTHER_ELECTION"]


def test_a_changed_record_is_refused() -> None:
    record = small_tally(ELECTION_ID)
    body = msgspec.msgpack.decode(record)[1]
    body[6] += 1
    assert codes(reshaped(record, 1, body)) == ["BAD_SIGNATURE"]
    [line] = msgspec.msgpack.decode(record)[2]
    assert codes(reshaped(record, 2, [[line[0], bytes(64)]])) == ["BAD_SIGNATURE"]


def test_a_second_signature_is_refused() -> None:
    record = small_tally(ELECTION_ID)
    [own] = msgspec.msgpack.decode(record)[2]
    lines = sorted([own, [b"\xff" * 32, bytes(64)]])
    assert codes(reshaped(record, 2, lines)) == ["WRONG_SIGNATURE_COUNT"]
    assert codes(reshaped(record, 2, lines[::-1])) == ["SIGNATURES_UNSORTED"]


def test_only_kinds_of_devices_are_accepted() -> None:
    """Election, parts and snapshots have other ways into the log, whoever signs them."""
    bodies: list[Body] = [small_election()[0], *small_parts(ELECTION_ID)]
    others = {kind: body for kind, body in every_body(small_night()).items() if kind not in KINDS_OF_DEVICES}
    for body in [*bodies, *others.values()]:
        for signer in (ELECTION_KEY, PUBLISHER_KEY, DEVICE_KEYS[0]):
            assert codes(sign_record(body, [signer])) == ["KIND_NOT_ACCEPTED"]
    assert codes(reshaped(small_tally(ELECTION_ID), 0, "decision/2")) == ["UNKNOWN_KIND"]


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x93", b"\xc1", b"\x91" * 60_000, bytes(65_535)])
def test_garbage_is_not_canonical(data: bytes) -> None:
    assert codes(data) == ["NOT_CANONICAL"]


def test_a_record_longer_than_an_entry_is_refused() -> None:
    assert codes(bytes(65_536)) == ["RECORD_TOO_LONG"]


def test_every_cut_and_every_flipped_byte_is_refused() -> None:
    record = small_tally(ELECTION_ID)
    cut = [record[:length] for length in range(len(record))]
    flipped = [record[:place] + bytes([record[place] ^ 1]) + record[place + 1 :] for place in range(len(record))]
    for start in range(0, len(record), MAX_RECORDS):
        assert all(codes(*cut[start : start + MAX_RECORDS]))
        assert all(codes(*flipped[start : start + MAX_RECORDS]))


@pytest.mark.parametrize(
    "body",
    [b"", b"\x90", b"\x80", b"\xc0", msgspec.msgpack.encode("text"), msgspec.msgpack.encode(["text"]),
     msgspec.msgpack.encode([b"a"]) + b"\x00", msgspec.msgpack.encode([b"a"])[:-1], msgspec.msgpack.encode([1]),
     msgspec.msgpack.encode([b""] * (MAX_RECORDS + 1)), b"\xdd\xff\xff\xff\xff", b"\x91" * 100_000],
)  # fmt: skip
def test_a_body_that_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        parse_batch(body)
    assert caught.value.code == "BAD_BATCH"


def test_a_batch_keeps_its_order() -> None:
    records = [bytes([place]) for place in range(MAX_RECORDS)]
    assert parse_batch(msgspec.msgpack.encode(records)) == records


def test_a_body_has_a_bound() -> None:
    with pytest.raises(FormatError) as caught:
        parse_batch(bytes(MAX_BODY + 1))
    assert caught.value.code == "TOO_LARGE"


def test_a_key_that_is_no_devices_accepts_nothing_of_others() -> None:
    stranger = Ed25519Signer(bytes([99]) * 32)
    [verdict] = verify_records([small_tally(ELECTION_ID)], stranger.public_key, ELECTION_ID, CryptographyVerifier())
    assert isinstance(verdict, Refused)
    assert verdict.code == "FOREIGN_RECORD"
