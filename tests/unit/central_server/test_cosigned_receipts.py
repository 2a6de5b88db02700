"""Receipts under the published checkpoint: for what it covers, and never in the place of none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from central_server.cosigned_receipts import CosignedReceipts
from ledger.checkpoint import parse_checkpoint
from ledger.log import initialise_guard
from ledger.note import parse_note
from ledger.proof import parse_tlog_proof, verify_tlog_proof
from ledger.record import parse_record
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import CHECKPOINT, publish
from tests.unit.central_server.office_factory import ORIGIN, Office
from tests.unit.central_server.server_factory import small_tally


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with SqliteStore.create(tmp_path / "log.sqlite", ORIGIN) as store:
        guard = FileGuard(tmp_path / "guard", ORIGIN)
        initialise_guard(store, guard)
        office = Office(store, guard)
        office.cosigned = CosignedReceipts(tmp_path / "public", ORIGIN, lambda: office.now)
        yield office


def head_size(proof: bytes) -> int:
    return parse_checkpoint(parse_note(parse_tlog_proof(proof).note).text).size


def publish_all(office: Office, folder: Path) -> None:
    publish(office.store, folder, office.log.checkpoint())
    office.now += 1


def test_what_is_published_is_receipted_under_it_and_what_is_not_as_before(office: Office, tmp_path: Path) -> None:
    records = [small_tally(office.election_id, seq=seq) for seq in (1, 2, 3)]
    first = office.post(records[0])
    assert office.post(records[0]) == first
    office.post(records[1])
    publish_all(office, tmp_path / "public")
    for _, index, proof in office.post(*records):
        verify_tlog_proof(proof, records[index], office.signer.key)
        assert head_size(proof) == (2 if index < 2 else 3)
    leaf = parse_record(records[0]).leaf_hash.hex()
    assert head_size(office.send("GET", f"/v1/receipts/{leaf}").content) == 2
    publish_all(office, tmp_path / "public")
    [[_, _, proof]] = office.post(records[0])
    assert head_size(proof) == 3
    assert parse_tlog_proof(proof).note == (tmp_path / "public" / CHECKPOINT).read_bytes()


def test_a_publication_that_is_damaged_costs_no_receipt(office: Office, tmp_path: Path) -> None:
    record = small_tally(office.election_id)
    first = office.post(record)
    publish_all(office, tmp_path / "public")
    (tile,) = (tmp_path / "public" / "tile" / "0").rglob("1")
    tile.unlink()
    office.post(small_tally(office.election_id, seq=2))
    assert head_size(office.post(record)[0][2]) == 1 and office.post(record)[0][:2] == first[0][:2]
    (tmp_path / "public" / CHECKPOINT).write_bytes(b"nonsense")
    office.now += 1
    assert office.post(record) == first
