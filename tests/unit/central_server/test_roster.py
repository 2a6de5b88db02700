"""``roster`` fixes one election, completes it after every interruption, and never changes it."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from central_server import bundles, roster
from central_server.certificates import certificate_key
from central_server.chain_node import anchor_target, open_nodes
from central_server.devices import read_roster
from central_server.directory import ElectionDirectory
from central_server.log_access import open_log, open_signer
from central_server.roster_state import RosterState, read_finished_state, read_state
from central_server.settings import read_settings
from central_server.submitters import open_submitter
from ledger.anchor.evm import open_contract
from ledger.definition import Definition
from ledger.errors import ConflictError, TunukError
from ledger.fold import Fold
from ledger.log import read_entries
from ledger.policy import parse_policy
from ledger.record import parse_record, verify_record
from ledger.signing import CryptographyVerifier
from ledger.store.durable import StorageError, place_file
from ledger.store.sqlite import SqliteStore
from tests.unit.central_server.server_factory import init_small, make_enrolment, roster_small, write_enrolments
from tests.unit.ledger.election_factory import DEVICE_KEYS


class Death(BaseException):
    """The process ends here."""


def verify_whole(directory: ElectionDirectory, state: RosterState) -> None:
    """Everything that a finished roster promises, by the means of those who will rely on it."""
    with SqliteStore(directory.log, state.origin) as store:
        open_log(directory, store)
        fold, entries = Fold(), [entry for _, entry in read_entries(store, 0, store.head().size)]
        for index, entry in enumerate(entries):
            record = verify_record(parse_record(entry), fold.definition, CryptographyVerifier())
            assert fold.apply(index, record).status == "applied"
        election = read_roster(store).election
    assert fold.definition.complete
    assert len(entries) == 1 + election.parts
    assert (state.election_id, state.origin) == (election.election_id.hex(), election.origin())
    [log] = parse_policy(directory.policy.read_bytes()).logs
    assert (log.key.name, log.key.public_key) == (state.origin, open_signer(directory, "log").public_key)
    settings = read_settings(directory.settings)
    target = anchor_target(election.chain, election.origin(), open_signer(directory, "log").public_key)
    with (
        open_submitter(directory, settings, None) as submitter,
        open_nodes(directory, settings, 0, lambda: 0.0) as nodes,
    ):
        nodes.open(lambda call: open_contract(call, target, submitter(), 0))
    for place in range(3):
        verify_bundle(directory, place, entries)


def verify_bundle(directory: ElectionDirectory, place: int, entries: list[bytes]) -> None:
    folder, definition = directory.bundles / f"d{place}", Definition()
    records, rest = [], (folder / "election.records").read_bytes()
    while rest:
        length = int.from_bytes(rest[:2], "big")
        records.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    assert set(records) <= set(entries)
    for entry in records:
        record = parse_record(entry)
        verify_record(record, definition, CryptographyVerifier())
        if definition.election is None:
            definition.add_election(record.body)  # type: ignore[arg-type]  # the first record of a bundle
        else:
            definition.add_part(record.body)  # type: ignore[arg-type]  # all others are parts
    unit = "201" if place == 1 else "101"
    assert definition.units.keys() == {"KG", "B" if place == 1 else "A", unit}
    assert definition.contests.keys() == {1, 2}
    assert [device.id for device in definition.devices.values()] == [f"d{place}"]
    certificate = x509.load_pem_x509_certificate((folder / "client.pem").read_bytes())
    assert certificate_key(certificate.public_bytes(Encoding.DER)) == DEVICE_KEYS[place].public_key
    authority = (directory.certificates / "ca.pem").read_bytes()
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    assert (folder / "ca.pem").read_bytes() == authority
    assert (folder / "policy").read_bytes() == directory.policy.read_bytes()
    assert json.loads((folder / "device.json").read_bytes()) == {"device": f"d{place}", "server_url": None}


def test_a_finished_roster_is_whole(tmp_path: Path) -> None:
    directory = init_small(tmp_path)
    state = roster_small(directory)
    assert read_finished_state(directory.roster) == state
    verify_whole(directory, state)


STEPS = [
    ("write_state", 0), ("sign_election", 0), ("initialise_guard", 0), ("_append", 0), ("deploy_contract", 0),
    ("write_bundle", 0), ("write_bundle", 2), ("write_file", 0), ("write_state", 1),
]  # fmt: skip


@pytest.mark.parametrize(("step", "times"), STEPS)
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_an_interrupted_roster_goes_on_to_the_same_election(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, times: int, done: bool
) -> None:
    directory = init_small(tmp_path)
    with monkeypatch.context() as patch:
        real, calls = getattr(roster, step), []

        def die(*arguments: object, **named: object) -> object:
            calls.append(step)
            if len(calls) <= times:
                return real(*arguments, **named)
            if done:
                real(*arguments, **named)
            raise Death

        patch.setattr(roster, step, die)
        with pytest.raises(Death):
            roster_small(directory)
    begun = read_state(directory.roster)
    if (step, times, done) != ("write_state", 1, True):
        with pytest.raises(StorageError, match="roster"):
            read_finished_state(directory.roster)
    state = roster_small(directory)
    assert begun is None or begun.election_id == state.election_id
    verify_whole(directory, state)


@pytest.mark.parametrize("written", range(5))
def test_a_bundle_that_was_cut_off_is_made_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    directory = init_small(tmp_path)
    with monkeypatch.context() as patch:
        real, calls = place_file, []

        def die(path: Path, data: bytes) -> None:
            calls.append(path)
            if len(calls) > written:
                raise Death
            real(path, data)

        patch.setattr(bundles, "place_file", die)
        with pytest.raises(Death):
            roster_small(directory)
    verify_whole(directory, roster_small(directory))


def test_again_changes_nothing(tmp_path: Path) -> None:
    """Also without the election key, which is to be offline by then."""
    directory = init_small(tmp_path)
    state = roster_small(directory)
    directory.election_key.unlink()
    before = {path: path.read_bytes() for path in directory.root.rglob("*") if path.is_file()}
    assert roster_small(directory) == state
    assert before == {path: path.read_bytes() for path in directory.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("finished", [False, True])
def test_a_roster_is_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: bool) -> None:
    directory = init_small(tmp_path)
    if finished:
        roster_small(directory)
    else:
        with monkeypatch.context() as patch:
            patch.setattr(roster, "_append", lambda *_: (_ for _ in ()).throw(Death))
            with pytest.raises(Death):
                roster_small(directory)
    before = directory.roster.read_bytes()
    enrolments = write_enrolments(tmp_path / "others")
    (enrolments / "d1.json").write_text(json.dumps(make_enrolment("d1", bytes([77]) * 32)))
    with pytest.raises(ConflictError, match="d1") as caught:
        roster.finish_roster(directory, enrolments, lambda: 0.0, lambda: 0.0)
    assert caught.value.code == "ROSTER_FIXED"
    assert directory.roster.read_bytes() == before


def test_a_roster_that_was_begun_does_not_follow_another_definition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = init_small(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(roster, "_append", lambda *_: (_ for _ in ()).throw(Death))
        with pytest.raises(Death):
            roster_small(directory)
    definition = json.loads(directory.definition.read_bytes())
    directory.definition.write_text(json.dumps(definition | {"date": "2027-01-25"}))
    with pytest.raises(ConflictError) as caught:
        roster_small(directory)
    assert caught.value.code == "ROSTER_FIXED"


def test_enrolments_must_match_before_anything_is_fixed(tmp_path: Path) -> None:
    directory = init_small(tmp_path)
    enrolments = write_enrolments(tmp_path / "enrolments")
    (enrolments / "d2.json").unlink()
    with pytest.raises(TunukError) as caught:
        roster.finish_roster(directory, enrolments, lambda: 0.0, lambda: 0.0)
    assert caught.value.code == "NOT_ENROLLED"
    assert not directory.roster.exists()
