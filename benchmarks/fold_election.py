"""An election for the fold alone, of any size, without signatures: records as they are once they have been verified.

The shapes are those of ``load_election``: two contests, twenty counts a tally, an urn a precinct. The rules are those
that every election has unless it lists its own.
"""

from collections.abc import Iterator
from functools import partial

from msgspec import structs

from benchmarks.load_election import (
    POLLS_CLOSE,
    chain_up,
    make_bodies,
    make_contests,
    make_counts,
    make_layouts,
    make_units,
)
from central_server.roster_plan import standard_rules
from ledger.canonical import encode
from ledger.election import FOLD_VERSION, Election, Part, ReportingDevice, part_hash, parts_root
from ledger.fold import Fold
from ledger.merkle import hash_leaf
from ledger.primitives import Hash, KeyId, PublicKey, sha256
from ledger.record import Body, Snapshot, VerifiedRecord
from ledger.signing import Ed25519Signer
from ledger.tally import Opening, TallyReport
from tests.unit.ledger.election_factory import ELECTION_KEY, PUBLISHER_KEY, small_election


def define(fold: Fold, precincts: int) -> Hash:
    """Fold an election of so many precincts, all of its parts and the urns' zero reports; its id."""
    devices = [
        ReportingDevice(bytes(32), layout.id, _device_key(place), layout.urns)
        for place, layout in enumerate(make_layouts(precincts))
    ]
    parts: list[Part] = [*make_contests(), *make_units(precincts), *devices]
    root = parts_root([part_hash(part) for part in parts])
    election: Election = structs.replace(small_election(standard_rules())[0], parts=len(parts), parts_root=root)
    for body in (election, *(structs.replace(part, election_id=election.election_id) for part in parts)):
        outcome = fold.apply(fold.size, _verified(body, ELECTION_KEY.public_key.key_id))
        if outcome.status != "applied":
            raise ValueError(outcome.message)
    for record in _make_records(election.election_id, precincts):
        if isinstance(record.body, Opening):
            fold.apply(fold.size, record)
    return election.election_id


def make_tallies(election_id: Hash, precincts: int) -> Iterator[VerifiedRecord]:
    """The tally of each precinct, each device's in the order of its chain."""
    return (record for record in _make_records(election_id, precincts) if isinstance(record.body, TallyReport))


def _make_records(election_id: Hash, precincts: int) -> Iterator[VerifiedRecord]:
    for place, layout in enumerate(make_layouts(precincts)):
        counts = {(urn.urn, urn.units[0].unit): make_counts(int(urn.urn[1:])) for urn in layout.urns}
        yield from chain_up(make_bodies(layout, election_id, counts), partial(_seal, _device_key(place).key_id))


def _seal(signer: KeyId, body: Opening | TallyReport) -> tuple[VerifiedRecord, Hash]:
    record = _verified(body, signer)
    return record, record.leaf_hash


def make_snapshot(election_id: Hash, number: int, size: int) -> VerifiedRecord:
    body = Snapshot(election_id, number, size, bytes(32), POLLS_CLOSE + number, FOLD_VERSION, bytes(32))
    return _verified(body, PUBLISHER_KEY.public_key.key_id)


def _device_key(place: int) -> PublicKey:
    return Ed25519Signer(sha256(b"device %d" % place)).public_key


def _verified(body: Body, signer: KeyId) -> VerifiedRecord:
    return VerifiedRecord(body, (signer,), hash_leaf(encode(body)))
