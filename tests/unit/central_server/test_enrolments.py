"""Enrolments are read strictly and matched one to one with the devices of the definition."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from central_server.enrolments import match_enrolments, read_enrolments
from ledger.errors import TunukError
from tests.unit.central_server.server_factory import DEVICE_SEEDS, make_enrolment, write_enrolments
from tests.unit.ledger.election_factory import DEVICE_KEYS

DEVICES = ["d0", "d1", "d2"]


def code_of(folder: Path) -> str:
    with pytest.raises(TunukError) as caught:
        match_enrolments(DEVICES, read_enrolments(folder))
    return caught.value.code


def test_every_device_gets_its_key(tmp_path: Path) -> None:
    folder = write_enrolments(tmp_path / "enrolments")
    (folder / "notes.txt").write_text("not an enrolment")
    keys = match_enrolments(DEVICES, read_enrolments(folder))
    assert keys == {f"d{place}": signer.public_key for place, signer in enumerate(DEVICE_KEYS)}


@pytest.mark.parametrize(
    "change",
    [{"format": "tunuk-enrolment/2"}, {"device": "../d0"}, {"public_key": "AB" * 32}, {"csr": 1}, {"extra": 1}],
)
def test_a_malformed_enrolment_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    folder = write_enrolments(tmp_path / "enrolments")
    (folder / "d0.json").write_text(json.dumps(make_enrolment("d0", DEVICE_SEEDS[0]) | change))
    assert code_of(folder) == "BAD_ENROLMENT"


def test_files_that_are_no_enrolments_are_refused(tmp_path: Path) -> None:
    folder = write_enrolments(tmp_path / "enrolments")
    (folder / "d0.json").write_bytes(b"")
    assert code_of(folder) == "BAD_ENROLMENT"
    (folder / "d0.json").write_bytes(b" " * 20_000)
    assert code_of(folder) == "FILE_TOO_LONG"


def test_devices_and_enrolments_match_one_to_one(tmp_path: Path) -> None:
    folder = write_enrolments(tmp_path / "enrolments")
    (folder / "d3.json").write_text(json.dumps(make_enrolment("d3", bytes([50]) * 32)))
    assert code_of(folder) == "NOT_IN_DEFINITION"
    (folder / "d3.json").write_text(json.dumps(make_enrolment("d2", bytes([50]) * 32)))
    assert code_of(folder) == "ENROLLED_TWICE"
    (folder / "d2.json").unlink()
    (folder / "d3.json").write_text(json.dumps(make_enrolment("d2", DEVICE_SEEDS[0])))
    assert code_of(folder) == "KEY_ENROLLED_TWICE"
    (folder / "d3.json").unlink()
    assert code_of(folder) == "NOT_ENROLLED"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert code_of(tmp_path / "nowhere") == "STORAGE_MISSING"


def test_a_key_whose_signatures_prove_nothing_is_refused(tmp_path: Path) -> None:
    """Under the neutral point as key, one signature is valid for every message: the request "proves" it."""
    folder = write_enrolments(tmp_path / "enrolments")
    neutral = b"\x01" + bytes(31)
    enrolment = make_enrolment("d0", DEVICE_SEEDS[0])
    request = x509.load_pem_x509_csr(enrolment["csr"].encode()).public_bytes(Encoding.DER)
    forged = request.replace(DEVICE_KEYS[0].public_key, neutral)[:-64] + neutral + bytes(32)
    csr = x509.load_der_x509_csr(forged).public_bytes(Encoding.PEM).decode()
    (folder / "d0.json").write_text(json.dumps(enrolment | {"public_key": neutral.hex(), "csr": csr}))
    assert code_of(folder) == "UNSOUND_KEY"
