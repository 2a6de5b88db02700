"""The key file and the small files: private, whole, never replaced."""

import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.signing import CryptographyVerifier
from urn_agent.files import FolderError, create_file, read_file
from urn_agent.keys import create_key, load_key

SEED = bytes(range(32))


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    key = create_key(path, SEED)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path).public_key == key.public_key
    with pytest.raises(FolderError) as caught:
        create_key(path, bytes(32))
    assert caught.value.code == "FILE_EXISTS"
    assert load_key(path).public_key == key.public_key
    assert [item.name for item in tmp_path.iterdir()] == ["device.key"]


def test_it_signs_as_the_ledger_verifies(tmp_path: Path) -> None:
    key = create_key(tmp_path / "device.key", SEED)
    CryptographyVerifier().verify(key.public_key, key.sign(b"message"), b"message")


def test_the_certificate_request_is_for_the_same_key(tmp_path: Path) -> None:
    key = create_key(tmp_path / "device.key", SEED)
    request = x509.load_pem_x509_csr(key.request_certificate("agent-1").encode())
    assert request.is_signature_valid
    raw = request.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    assert raw == key.public_key
    assert request.subject.rfc4514_string() == "CN=agent-1"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "device.key"
    create_key(path, SEED)
    path.chmod(mode)
    with pytest.raises(FolderError) as caught:
        load_key(path)
    assert caught.value.code == "FILE_OPEN_TO_OTHERS"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    create_key(path, SEED)
    os.chown(path, 65_534, 65_534)
    with pytest.raises(FolderError) as caught:
        load_key(path)
    assert caught.value.code == "FILE_OPEN_TO_OTHERS"


def test_a_key_behind_a_link_is_refused(tmp_path: Path) -> None:
    create_key(tmp_path / "other.key", SEED)
    (tmp_path / "device.key").symlink_to(tmp_path / "other.key")
    with pytest.raises(FolderError):
        load_key(tmp_path / "device.key")


def test_what_is_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for number, data in enumerate([b"", b"nonsense", curve]):
        path = tmp_path / f"{number}.key"
        create_file(path, data, is_secret=True)
        with pytest.raises(FolderError) as caught:
            load_key(path)
        assert caught.value.code == "KEY_UNREADABLE"


def test_reading_is_bounded_and_of_plain_files_only(tmp_path: Path) -> None:
    create_file(tmp_path / "long", b"x" * 11)
    os.mkfifo(tmp_path / "pipe")
    for name, code in [("long", "FILE_TOO_LONG"), ("pipe", "FILE_NOT_PLAIN"), ("none", "FILE_MISSING")]:
        with pytest.raises(FolderError) as caught:
            read_file(tmp_path / name, 10)
        assert caught.value.code == code
    with pytest.raises(FolderError) as caught:
        create_file(tmp_path / "nowhere" / "file", b"x")
    assert caught.value.code == "FILE_FAILED"
