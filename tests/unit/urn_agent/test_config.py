"""The agent's folder: begun once, completed after a crash, read strictly."""

import json
from pathlib import Path

import pytest
from cryptography import x509

from urn_agent.config import AgentFolder, begin_folder, load_settings, make_settings, parse_server
from urn_agent.files import FolderError
from urn_agent.keys import load_key

SETTINGS = make_settings("d0", None, "en")


def test_a_folder_is_begun(tmp_path: Path) -> None:
    """The enrolment names device, key and certificate request; only the key is a secret."""
    folder = AgentFolder(tmp_path / "device")
    key = begin_folder(folder, SETTINGS, bytes(32))
    assert load_key(folder.key).public_key == key.public_key
    assert load_settings(folder) == SETTINGS
    enrolment = json.loads(folder.enrolment.read_bytes())
    assert enrolment.keys() == {"format", "device", "public_key", "csr"}
    assert (enrolment["format"], enrolment["device"]) == ("tunuk-enrolment/1", "d0")
    assert enrolment["public_key"] == key.public_key.hex()
    assert x509.load_pem_x509_csr(enrolment["csr"].encode()).is_signature_valid
    assert folder.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("missing", ["settings.json", "enrolment.json"])
def test_a_folder_that_a_crash_left_is_completed_with_the_same_key(tmp_path: Path, missing: str) -> None:
    folder = AgentFolder(tmp_path)
    key = begin_folder(folder, SETTINGS, bytes(32))
    before = folder.enrolment.read_bytes()
    (tmp_path / missing).unlink()
    assert begin_folder(folder, SETTINGS, bytes([1]) * 32).public_key == key.public_key
    assert json.loads(folder.enrolment.read_bytes())["public_key"] == json.loads(before)["public_key"]
    assert load_settings(folder) == SETTINGS


def test_a_folder_of_another_device_is_refused(tmp_path: Path) -> None:
    folder = AgentFolder(tmp_path)
    begin_folder(folder, SETTINGS, bytes(32))
    with pytest.raises(FolderError) as caught:
        begin_folder(folder, make_settings("d1", None, "en"), bytes(32))
    assert caught.value.code == "FOLDER_OF_OTHER_DEVICE"


def test_settings_are_read_strictly(tmp_path: Path) -> None:
    folder = AgentFolder(tmp_path)
    for text in ("", "[]", '{"format": "tunuk-agent/1", "device": "d0", "server": null, "language": "en", "x": 1}'):
        folder.settings.write_text(text)
        with pytest.raises(FolderError) as caught:
            load_settings(folder)
        assert caught.value.code == "FILE_UNREADABLE"


@pytest.mark.parametrize("address", ["http://a", "https://", "https://a/path", "https://u@a", "a:443", "https://a b"])
def test_what_is_no_servers_address_is_refused(address: str) -> None:
    with pytest.raises(FolderError) as caught:
        parse_server(address)
    assert caught.value.code == "SETTINGS_BAD"
    with pytest.raises(FolderError):
        make_settings("d0", address, "en")
    assert parse_server("https://cec.example:8443") == "https://cec.example:8443"


def test_a_devices_name_is_an_identifier() -> None:
    with pytest.raises(FolderError) as caught:
        make_settings("device one", None, "en")
    assert caught.value.code == "SETTINGS_BAD"
