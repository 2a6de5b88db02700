"""An election as its authority and its devices hand it in: a definition file, enrolments, and a directory made of them.

The same election as in ``election_factory``: two precincts, two contests, and the devices d0, d1 and (a spare) d2.
"""

import json
import time
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from central_server.directory import ElectionDirectory
from central_server.init import InitOptions, init_election
from central_server.roster import finish_roster
from central_server.roster_state import RosterState
from ledger.primitives import Hash
from ledger.record import sign_record
from ledger.signing import Ed25519Signer
from ledger.tally import ContestTally, TallyReport
from tests.unit.ledger.election_factory import DEVICE_KEYS

DEVICE_SEEDS = [bytes([10 + place]) * 32 for place in range(3)]


def words(text: str) -> dict[str, str]:
    return {"ky": text, "ru": text, "en": text}


def _unit(name: str, kind: str, parent: str | None, ballot: list[dict[str, Any]]) -> dict[str, Any]:
    registered = 100 if ballot else None
    return {
        "id": name,
        "type": kind,
        "name": words(name),
        "parent": parent,
        "registered_voters": registered,
        "ballot": ballot,
    }


def _device(place: int, unit: str, role: str) -> dict[str, Any]:
    units = [{"unit": unit, "role": role, "contests": None}]
    return {"id": f"d{place}", "urns": [{"urn": f"u{place}", "units": units}]}


_SELECTIONS = [{"id": place, "name": words(f"S{place}"), "party": "P", "kind": "candidate"} for place in (1, 2, 3)]
_BALLOT = [{"contest": 1, "omitted": []}, {"contest": 2, "omitted": [3]}]

_DEFINITION: dict[str, Any] = {
    "format": "tunuk-definition/1",
    "authority": "cec.example",
    "title": words("Election"),
    "date": "2027-01-24",
    "utc_offset": "+06:00",
    "polls_close": 1_800_000_000,
    "vote_types": ["early", "polls"],
    "contests": [
        {
            "number": number,
            "title": words(f"C{number}"),
            "office": f"C{number}",
            "district": "",
            "votes_allowed": 1,
            "selections": _SELECTIONS,
        }
        for number in (1, 2)
    ],
    "units": [
        _unit("KG", "country", None, []),
        _unit("A", "region", "KG", []),
        _unit("B", "region", "KG", []),
        _unit("101", "precinct", "A", _BALLOT),
        _unit("201", "precinct", "B", _BALLOT),
    ],
    "devices": [_device(0, "101", "primary"), _device(1, "201", "primary"), _device(2, "101", "spare")],
}


def small_definition() -> dict[str, Any]:
    """A fresh copy that shares nothing with itself, to be changed at will."""
    definition: dict[str, Any] = json.loads(json.dumps(_DEFINITION))
    return definition


def make_request(device: str, seed: bytes) -> str:
    """A certificate request (PEM) by the key of this seed."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
    key = Ed25519PrivateKey.from_private_bytes(seed)
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, None)
    return request.public_bytes(Encoding.PEM).decode()


def make_enrolment(device: str, seed: bytes) -> dict[str, str]:
    public_key = Ed25519Signer(seed).public_key.hex()
    return {
        "format": "tunuk-enrolment/1",
        "device": device,
        "public_key": public_key,
        "csr": make_request(device, seed),
    }


def write_enrolments(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for place, seed in enumerate(DEVICE_SEEDS):
        (folder / f"d{place}.json").write_text(json.dumps(make_enrolment(f"d{place}", seed)))
    return folder


def write_device_key(path: Path, device: int | bytes) -> Path:
    """The key of a device (its place, or any seed) in PEM, as its TLS library wants it."""
    key = Ed25519PrivateKey.from_private_bytes(DEVICE_SEEDS[device] if isinstance(device, int) else device)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def init_small(root: Path, **changes: Any) -> ElectionDirectory:
    """``central-server init`` with the small definition; ``changes`` are of its options."""
    definition = root / "definition.json"
    definition.write_text(json.dumps(small_definition()))
    chosen: dict[str, Any] = {
        "definition": definition,
        "server_url": None,
        "network": None,
        "snapshot_seconds": 1,
        "anchor_seconds": 1,
    }
    directory = ElectionDirectory(root / "election")
    init_election(directory, InitOptions(**chosen | changes), time.time)
    return directory


def roster_small(directory: ElectionDirectory) -> RosterState:
    enrolments = write_enrolments(directory.root.parent / "enrolments")
    return finish_roster(directory, enrolments, time.time, time.monotonic)


def small_tally(election_id: Hash, device: int = 0, *, votes: int = 5, seq: int = 1) -> bytes:
    """A signed tally of the device's urn, with ``votes`` for each selection of contest 1."""
    first = ContestTally(1, 3 * votes + 3, 0, 0, ((1, votes, 1), (2, votes, 1), (3, votes, 1)))
    second = ContestTally(2, 30, 1, 2, ((1, 9, 8), (2, 7, 3)))
    unit = "201" if device == 1 else "101"
    report = TallyReport(
        election_id, seq, None, f"u{device}", unit, 1, 1_800_000_100, "urn", bytes(32), None, (first, second)
    )
    return sign_record(report, [DEVICE_KEYS[device]])
