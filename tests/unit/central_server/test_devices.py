"""A client is the device whose key its certificate holds, and only the log says which devices there are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from central_server.devices import KnownDevice, Roster, read_roster
from ledger.errors import FormatError
from ledger.signing import Ed25519Signer
from ledger.store.sqlite import SqliteStore
from tests.unit.central_server.office_factory import AUTHORITY, certificate
from tests.unit.ledger.election_factory import DEVICE_KEYS, small_election, small_night


def test_a_device_is_known_by_its_key_and_not_by_its_name() -> None:
    roster = Roster(small_night().fold.definition)
    key = DEVICE_KEYS[1].public_key
    assert roster.identify(certificate(key)) == KnownDevice("d1", key, 1, 1)
    assert roster.identify(certificate(Ed25519Signer(bytes([99]) * 32).public_key)) is None
    server = AUTHORITY.issue_server(["localhost"], datetime(2027, 1, 24, tzinfo=UTC), timedelta(days=1))
    assert roster.identify(server.certificate) is None
    assert len(roster) == 3


def store_of(path: Path, entries: list[bytes], origin: str | None = None) -> SqliteStore:
    store = SqliteStore.create(path / "log.sqlite", origin or small_election()[0].origin())
    store.append(entries)
    return store


def test_the_roster_is_read_from_the_log(tmp_path: Path) -> None:
    night = small_night()
    with store_of(tmp_path, night.entries) as store:
        roster = read_roster(store)
    assert (roster.election_id, len(roster)) == (night.election_id, 3)


def test_a_log_with_a_part_missing_has_no_roster(tmp_path: Path) -> None:
    with store_of(tmp_path, small_night().entries[:-1]) as store, pytest.raises(FormatError) as caught:
        read_roster(store)
    assert caught.value.code == "ELECTION_INCOMPLETE"


def test_a_log_of_another_election_is_refused(tmp_path: Path) -> None:
    with (
        store_of(tmp_path, small_night().entries, "cec.example/other/1") as store,
        pytest.raises(FormatError) as caught,
    ):
        read_roster(store)
    assert caught.value.code == "LOG_OF_OTHER_ELECTION"
