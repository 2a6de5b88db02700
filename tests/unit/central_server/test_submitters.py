"""Where the submitter's key may be, and what is said when it does not open."""

import json
from pathlib import Path

import pytest
from eth_account import Account

from central_server.directory import ElectionDirectory
from central_server.init_network import NetworkOptions
from central_server.keys import KeyFileError
from central_server.roster_state import RosterState, write_state
from central_server.settings import read_settings
from central_server.status import read_status
from central_server.submitters import open_submitter, submitter_address
from ledger.anchor.remote_signer import RemoteSubmitter
from ledger.anchor.submitter import KeySubmitter
from ledger.errors import TunukError
from tests.unit.central_server.server_factory import init_small

KEY = bytes([5]) * 32
ADDRESS = KeySubmitter(KEY).address
NODE = ("http://127.0.0.1:1",)


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    path = tmp_path / "UTC--submitter"
    path.write_text(json.dumps(Account.encrypt(KEY, "pass word", kdf="scrypt", iterations=2)))
    return path


def password(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "password"
    path.write_text(text)
    path.chmod(mode)
    return path


def opened(directory: ElectionDirectory, password_file: Path | None) -> object:
    with open_submitter(directory, read_settings(directory.settings), password_file) as submitter:
        assert submitter() is submitter()
        return submitter()


def test_a_keystore_opens_with_its_password(tmp_path: Path, keystore: Path) -> None:
    directory = init_small(tmp_path, network=NetworkOptions(NODE, 5, keystore=keystore))
    assert directory.keystore.stat().st_mode & 0o777 == 0o600 and not directory.key("submitter").exists()
    assert submitter_address(directory, read_settings(directory.settings)) == ADDRESS
    for text in ("pass word", "pass word\n"):
        submitter = opened(directory, password(tmp_path, text))
        assert isinstance(submitter, KeySubmitter) and submitter.address == ADDRESS


@pytest.mark.parametrize(
    ("text", "mode", "code"),
    [("wrong", 0o600, "KEYSTORE_LOCKED"), ("pass word", 0o644, "KEY_NOT_PRIVATE"), (None, 0, "KEYSTORE_LOCKED")],
)
def test_what_keeps_it_closed_is_said(tmp_path: Path, keystore: Path, text: str | None, mode: int, code: str) -> None:
    directory = init_small(tmp_path, network=NetworkOptions(NODE, 5, keystore=keystore))
    with pytest.raises(KeyFileError) as caught:
        opened(directory, None if text is None else password(tmp_path, text, mode))
    assert caught.value.code == code and "pass word" not in caught.value.message


@pytest.mark.parametrize("data", ["", "{}", "[]", '{"address": 5}', '{"address": "12"}'])
def test_what_is_no_keystore_is_refused_before_anything_is_made(tmp_path: Path, data: str) -> None:
    path = tmp_path / "keystore"
    path.write_text(data)
    with pytest.raises(TunukError) as caught:
        init_small(tmp_path, network=NetworkOptions(NODE, 5, keystore=path))
    assert caught.value.code == "KEYSTORE_DAMAGED" and not (tmp_path / "election").exists()


def test_a_keystore_of_another_account_than_it_says_is_refused(tmp_path: Path, keystore: Path) -> None:
    document = json.loads(keystore.read_text()) | {"address": "00" * 20}
    keystore.write_text(json.dumps(document))
    directory = init_small(tmp_path, network=NetworkOptions(NODE, 5, keystore=keystore))
    with pytest.raises(KeyFileError) as caught:
        opened(directory, password(tmp_path, "pass word"))
    assert caught.value.code == "KEYSTORE_DAMAGED"


def test_an_external_signer_needs_no_key_here(tmp_path: Path) -> None:
    signer = ("http://127.0.0.1:2", f"0x{ADDRESS.hex().upper()}")
    directory = init_small(tmp_path, network=NetworkOptions(NODE, 5, signer=signer))
    assert not directory.key("submitter").exists() and not directory.keystore.exists()
    submitter = opened(directory, None)
    assert isinstance(submitter, RemoteSubmitter) and submitter.address == ADDRESS


def test_status_misses_no_key_that_is_elsewhere(tmp_path: Path, keystore: Path) -> None:
    for number, changes in enumerate(({"keystore": keystore}, {"signer": (NODE[0], f"0x{ADDRESS.hex()}")}, None)):
        root = tmp_path / str(number)
        root.mkdir()
        network = None if changes is None else NetworkOptions(NODE, 5, **changes)
        directory = init_small(root, network=network)
        if changes is None:
            directory.key("submitter").unlink()
        write_state(directory.roster, RosterState("tunuk-roster/1", "0" * 64, "log.example", f"0x{'0' * 40}", True, {}))
        assert ("submitter-key" in read_status(directory).problems) == (changes is None)


def test_validators_are_read_strictly(tmp_path: Path) -> None:
    path = tmp_path / "validators.json"
    first, second = (f"0x{place * 20}" for place in ("0A", "bb"))
    path.write_text(json.dumps([{"first_block": 0, "addresses": [second, first]}]))
    directory = init_small(tmp_path, network=NetworkOptions(NODE, 5, validators=path))
    [pinned] = read_settings(directory.settings).chain.validator_sets
    assert (pinned.first_block, pinned.addresses) == (0, (first.lower(), second))


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        [{"first_block": 0, "addresses": []}],
        [{"first_block": 0, "addresses": ["0x12"]}],
        [{"first_block": 0, "addresses": ["0x" + "0a" * 20, "0x" + "0A" * 20]}],
        [{"first_block": -1, "addresses": ["0x" + "0a" * 20]}],
        [{"first_block": 0, "addresses": ["0x" + "0a" * 20], "more": 1}],
        [{"first_block": 5, "addresses": ["0x" + "0a" * 20]}, {"first_block": 5, "addresses": ["0x" + "0b" * 20]}],
    ],
)
def test_impossible_validators_are_refused(tmp_path: Path, document: object) -> None:
    path = tmp_path / "validators.json"
    path.write_text(json.dumps(document))
    with pytest.raises(TunukError) as caught:
        init_small(tmp_path, network=NetworkOptions(NODE, 5, validators=path))
    assert caught.value.code == "BAD_VALIDATORS" and not (tmp_path / "election").exists()
