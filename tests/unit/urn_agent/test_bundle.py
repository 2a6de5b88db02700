"""The authority's bundle: used only when all of it fits together and fits this device."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.policy import Policy, encode_policy
from ledger.record import sign_record
from tests.unit.ledger.election_factory import DEVICE_KEYS, ELECTION_KEY, PUBLISHER_KEY, small_night, small_parts, tally
from tests.unit.urn_agent.agent_factory import ASSIGNMENT, KEY
from tests.unit.urn_agent.bundle_factory import frame_entries, make_certificate, write_bundle
from tests.unit.urn_agent.small_log import SmallLog
from urn_agent.bundle import Bundle, import_bundle, load_bundle
from urn_agent.config import BundleFolder
from urn_agent.files import FolderError

ENTRIES = small_night().entries
EXPECTED = Bundle(ASSIGNMENT, SmallLog().policy, None)


def load(root: Path) -> Bundle:
    return load_bundle(BundleFolder(root), "d0", KEY.public_key)


def test_a_whole_bundle_is_read(tmp_path: Path) -> None:
    assert load(write_bundle(tmp_path, KEY.public_key)) == EXPECTED
    root = write_bundle(tmp_path, KEY.public_key, server='"https://cec.example"')
    assert load(root).server == "https://cec.example"


def test_the_device_needs_only_what_concerns_it(tmp_path: Path) -> None:
    """The election, and its own device record; a country's other parts may be left out."""
    root = write_bundle(tmp_path, KEY.public_key)
    own = [entry for entry in ENTRIES if b"election/1" in entry[:16] or bytes(KEY.public_key) in entry]
    (root / "election.records").write_bytes(frame_entries(own))
    assert load(root) == EXPECTED


def put(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda root: (root / name).write_bytes(data)


def records(*entries: bytes) -> Callable[[Path], object]:
    return put("election.records", frame_entries(list(entries)))


OTHER_ELECTIONS = [sign_record(part, [ELECTION_KEY]) for part in small_parts(bytes([7]) * 32)]
FOREIGN = sign_record(tally(small_night()), [PUBLISHER_KEY])


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (put("device.json", b'{"device": "d1", "server_url": null}'), "BUNDLE_NOT_OURS"),
        (put("device.json", b'{"device": "d0"}'), "FILE_UNREADABLE"),
        (put("device.json", b'{"device": "d0", "server_url": "http://cec.example"}'), "FILE_UNREADABLE"),
        (records(), "BUNDLE_RECORDS"),
        (records(*ENTRIES[1:]), "BUNDLE_RECORDS"),
        (records(ENTRIES[0]), "BUNDLE_NOT_OURS"),
        (records(*ENTRIES, ENTRIES[0]), "BUNDLE_RECORDS"),
        (records(*ENTRIES, FOREIGN), "BUNDLE_RECORDS"),
        (records(ENTRIES[0], *OTHER_ELECTIONS), "BUNDLE_RECORDS"),
        (records(ENTRIES[0][:-1] + b"\x00", *ENTRIES[1:]), "BUNDLE_RECORDS"),
        (put("election.records", frame_entries(ENTRIES)[:-1]), "BUNDLE_RECORDS"),
        (put("election.records", frame_entries(ENTRIES) + b"\x00"), "BUNDLE_RECORDS"),
        (put("policy", b"quorum none\n"), "BUNDLE_POLICY"),
        (put("policy", b"log nonsense\nquorum none\n"), "BUNDLE_POLICY"),
        (put("policy", encode_policy(SmallLog(origin="cec.example/" + "0" * 64 + "/1").policy)), "BUNDLE_POLICY"),
        (put("client.pem", b"nonsense"), "BUNDLE_CERTIFICATE"),
        (put("client.pem", make_certificate(DEVICE_KEYS[1].public_key, "device")), "BUNDLE_CERTIFICATE"),
        (lambda root: (root / "ca.pem").unlink(), "FILE_MISSING"),
    ],
)
def test_what_does_not_fit_is_refused_by_code(tmp_path: Path, spoil: Callable[[Path], object], code: str) -> None:
    root = write_bundle(tmp_path, KEY.public_key)
    spoil(root)
    with pytest.raises(FolderError) as caught:
        load(root)
    assert caught.value.code == code


def test_a_bundle_for_another_key_is_refused(tmp_path: Path) -> None:
    root = write_bundle(tmp_path, DEVICE_KEYS[1].public_key)
    with pytest.raises(FolderError) as caught:
        load_bundle(BundleFolder(root), "d0", DEVICE_KEYS[1].public_key)
    assert caught.value.code == "BUNDLE_NOT_OURS"


def test_a_bundle_is_imported_and_renewed(tmp_path: Path) -> None:
    source = write_bundle(tmp_path / "usb", KEY.public_key)
    target = BundleFolder(tmp_path / "bundle")
    assert import_bundle(BundleFolder(source), target, "d0", KEY.public_key) == EXPECTED
    write_bundle(source, KEY.public_key, server='"https://cec.example"')
    assert import_bundle(BundleFolder(source), target, "d0", KEY.public_key).server == "https://cec.example"
    assert load(target.root).server == "https://cec.example"
    assert {path.name for path in target.root.iterdir()} == {path.name for path in target.files}


def test_a_bad_bundle_does_not_replace_a_good_one(tmp_path: Path) -> None:
    source = write_bundle(tmp_path / "usb", KEY.public_key)
    target = BundleFolder(tmp_path / "bundle")
    import_bundle(BundleFolder(source), target, "d0", KEY.public_key)
    (source / "policy").write_bytes(b"")
    with pytest.raises(FolderError):
        import_bundle(BundleFolder(source), target, "d0", KEY.public_key)
    assert load(target.root) == EXPECTED


def test_receipts_count_by_the_last_log_of_the_election(tmp_path: Path) -> None:
    """A policy names a log that has ended, and its successors, in any order."""
    first = SmallLog().policy
    election = first.logs[0].key.name.removesuffix("/1")
    names = [f"{election}/{number}" for number in (2, 10, 9)]
    successors = [SmallLog(60 + place, name) for place, name in enumerate(names)]
    logs = (*first.logs, *(log.policy.logs[0] for log in successors))
    root = write_bundle(tmp_path, KEY.public_key, policy=Policy(logs))
    assert load(root).policy == successors[1].policy
