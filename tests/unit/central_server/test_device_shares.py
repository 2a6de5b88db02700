"""A device fills neither the log nor the writer's time; what it has in the log always gets its receipt."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from central_server import device_shares
from central_server.device_shares import DeviceShares, read_shares
from ledger.log import initialise_guard
from ledger.record import Body, parse_record, sign_record
from ledger.store.durable import StorageError
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from tests.unit.central_server.office_factory import ORIGIN, RECORDS, Office, certificate, refusal
from tests.unit.central_server.server_factory import small_tally
from tests.unit.ledger.election_factory import DEVICE_KEYS, small_night
from tests.unit.ledger.ruling_factory import every_body
from urn_agent.session import MAX_SIDE_RECORDS


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A device may have three counts and two side records in this log, and repeat four records at once."""
    monkeypatch.setattr(device_shares, "MAX_COUNTS_OF_CELL", 3)
    monkeypatch.setattr(device_shares, "MAX_SIDE_RECORDS_OF_URN", 2)
    monkeypatch.setattr(device_shares, "REPEATS_AT_ONCE", 4)
    with SqliteStore.create(tmp_path / "log.sqlite", ORIGIN) as store:
        guard = FileGuard(tmp_path / "guard", ORIGIN)
        initialise_guard(store, guard)
        yield Office(store, guard)


def tallies(office: Office, first: int, count: int, device: int = 0) -> list[bytes]:
    return [small_tally(office.election_id, device, seq=first + place) for place in range(count)]


def codes(verdicts: list[list[object]]) -> list[object]:
    return [verdict[1] if verdict[0] == "refused" else "" for verdict in verdicts]


def used(shares: DeviceShares) -> dict[tuple[str, bool], int]:
    names = {key.public_key.key_id: f"d{place}" for place, key in enumerate(DEVICE_KEYS)}
    return {(names[key], is_count): number for (key, is_count), number in shares._used.items() if number}


def test_the_quota_is_above_what_an_agent_signs() -> None:
    assert device_shares.MAX_SIDE_RECORDS_OF_URN >= 2 * MAX_SIDE_RECORDS


def test_what_goes_beyond_the_quota_is_refused_for_good(office: Office) -> None:
    assert codes(office.post(*tallies(office, 1, 5))) == ["", "", "", "TOO_MANY_RECORDS", "TOO_MANY_RECORDS"]
    assert office.store.head().size == 3
    [verdict] = office.post(*tallies(office, 9, 1))
    assert verdict[1:] == ["TOO_MANY_RECORDS", verdict[2], False]
    office.peer = certificate(DEVICE_KEYS[1].public_key)
    assert codes(office.post(*tallies(office, 1, 2, device=1))) == ["", ""], "another device has its own"


def test_what_is_logged_gets_its_receipt_beyond_the_quota(office: Office) -> None:
    first = office.post(*tallies(office, 1, 3))
    *again, beyond = office.post(*tallies(office, 2, 3))
    assert (again, codes([beyond])) == (first[1:], ["TOO_MANY_RECORDS"])


def test_counts_and_side_records_have_a_quota_each(office: Office) -> None:
    bodies: dict[str, Body] = every_body(small_night())
    side = [sign_record(bodies[kind], [DEVICE_KEYS[0]]) for kind in ("turnout/1", "event/1")]
    assert codes(office.post(*tallies(office, 1, 3), *side)) == [""] * 5
    assert used(office.shares) == {("d0", True): 3, ("d0", False): 2}


def test_a_restart_gives_nothing_back(office: Office) -> None:
    """The count is read from the log, by the bytes of each record, for every kind that a device sends."""
    bodies = every_body(small_night())
    for kind in ("opening/1", "turnout/1", "event/1", "tally/1"):
        assert codes(office.post(sign_record(bodies[kind], [DEVICE_KEYS[0]]))) == [""], kind
    [another] = tallies(office, 9, 1)
    assert codes(office.post(another, another)) == ["", ""]
    office.log.append([sign_record(bodies["decision/1"], [DEVICE_KEYS[0]]), b"no record"])
    assert used(read_shares(office.store, lambda: 0.0)) == used(office.shares) == {("d0", True): 3, ("d0", False): 2}


def test_a_record_twice_in_a_request_is_charged_once(office: Office) -> None:
    [record] = tallies(office, 1, 1)
    office.post(record, record, record)
    assert used(office.shares) == {("d0", True): 1}


def test_a_failed_append_is_not_charged(office: Office) -> None:
    office.failure = StorageError("DISK_FULL", "full")
    body = msgspec.msgpack.encode(tallies(office, 1, 1))
    for _ in range(9):
        assert refusal(office.send("POST", RECORDS, body)) == "STORAGE_FULL"
    office.failure = None
    assert codes(office.post(*tallies(office, 1, 3))) == ["", "", ""]


def test_repeats_are_rationed_by_the_second(office: Office) -> None:
    records = tallies(office, 1, 2)
    first = office.post(*records)
    for _ in range(2):
        assert office.post(*records) == first
    answer = office.send("POST", RECORDS, b"\x90")
    assert refusal(answer) == "TOO_MANY_REPEATS"
    office.now += 0.2
    assert office.post(*records) == first
    office.peer = certificate(DEVICE_KEYS[1].public_key)
    assert codes(office.post(*tallies(office, 1, 1, device=1))) == [""], "another device is served"


def test_records_beyond_the_quota_use_up_the_same_allowance(office: Office) -> None:
    office.post(*tallies(office, 1, 3))
    assert codes(office.post(*tallies(office, 4, 5))) == ["TOO_MANY_RECORDS"] * 5
    assert refusal(office.send("POST", RECORDS, b"\x90")) == "TOO_MANY_REPEATS"


def test_the_allowance_does_not_grow_beyond_its_start(office: Office) -> None:
    records = tallies(office, 1, 1)
    office.post(*records, *records)
    office.now += 1_000
    for _ in range(4):
        office.post(*records)
    assert refusal(office.send("POST", RECORDS, b"\x90")) == "TOO_MANY_REPEATS"
    assert parse_record(records[0]).leaf_hash == office.store.leaf_hashes(0, 1)[0]
