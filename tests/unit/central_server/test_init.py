"""``init`` makes a directory that is complete, private where it must be, and never made over."""

import json
import stat
from pathlib import Path

import pytest

from central_server import init
from central_server.directory import ElectionDirectory
from central_server.directory_lock import hold_directory
from central_server.init_network import NetworkOptions
from central_server.settings import read_settings
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.errors import ConflictError, FormatError, TunukError
from ledger.store.durable import StorageError
from tests.unit.central_server.server_factory import init_small, small_definition


def test_what_is_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    directory = init_small(tmp_path)
    secrets = [*directory.server.glob("keys/*"), directory.election_key, directory.certificates / "authority.pem"]
    assert len(secrets) == 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    folders = [directory.server, directory.election_key.parent, directory.certificates]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert len({path.read_bytes() for path in secrets}) == 7
    assert b"PRIVATE" not in (directory.certificates / "ca.pem").read_bytes()


def test_two_deployments_share_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = (read_settings(init_small(tmp_path / name).settings) for name in "ab")
    assert one.salt != other.salt
    assert one.chain.chain_id != other.chain.chain_id


def test_a_directory_is_not_initialised_twice(tmp_path: Path) -> None:
    directory = init_small(tmp_path)
    before = {path: path.read_bytes() for path in directory.root.rglob("*") if path.is_file()}
    with pytest.raises(ConflictError) as caught:
        init_small(tmp_path)
    assert caught.value.code == "ALREADY_INITIALISED"
    assert before == {path: path.read_bytes() for path in directory.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("step", ["_make_authority", "make_chain", "write_file", "write_settings"])
@pytest.mark.parametrize("done", [False, True])
def test_an_interrupted_init_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, done: bool
) -> None:
    """Interrupted before or after a step took effect, the next run keeps the keys and the chain that were made."""

    class Death(BaseException):
        pass

    with monkeypatch.context() as patch:
        real = getattr(init, step)

        def die(*arguments: object) -> None:
            if done:
                real(*arguments)
            raise Death

        patch.setattr(init, step, die)
        with pytest.raises(Death):
            init_small(tmp_path)
    made = {path: path.read_bytes() for path in (tmp_path / "election").rglob("*.key")}
    if (step, done) == ("write_settings", True):
        directory = ElectionDirectory(tmp_path / "election")
    else:
        directory = init_small(tmp_path)
    assert made.items() <= {path: path.read_bytes() for path in directory.root.rglob("*.key")}.items()
    chain = EmbeddedChain.open(directory.chain, lambda: 0.0)
    chain.close()
    assert read_settings(directory.settings).chain.chain_id == chain.chain_id
    init.load_authority(directory)


def test_an_external_network_needs_no_chain_of_ours(tmp_path: Path) -> None:
    directory = init_small(tmp_path, network=NetworkOptions(("http://127.0.0.1:1", "http://127.0.0.1:2"), 1337))
    assert not directory.chain.exists()
    settings = read_settings(directory.settings)
    assert (settings.chain.nodes, settings.chain.chain_id) == (("http://127.0.0.1:1", "http://127.0.0.1:2"), 1337)


def test_a_bad_definition_leaves_nothing_behind(tmp_path: Path) -> None:
    definition = small_definition()
    definition["units"].pop()
    (tmp_path / "bad.json").write_text(json.dumps(definition))
    with pytest.raises(FormatError) as caught:
        init_small(tmp_path, definition=tmp_path / "bad.json")
    assert caught.value.code.startswith("DEFINITION_")
    with pytest.raises(StorageError) as missing:
        init_small(tmp_path, definition=tmp_path / "nowhere.json")
    assert missing.value.code == "DEFINITION_MISSING"
    assert not (tmp_path / "election").exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"network": NetworkOptions(("ftp://node",), 5)}, "BAD_OPTION"),
        ({"network": NetworkOptions(("http://node", "http://node"), 5)}, "BAD_OPTION"),
        ({"network": NetworkOptions(("http://node",), 2**60)}, "BAD_OPTION"),
        ({"network": NetworkOptions(("http://node",), 5, signer=("http://signer", "0x12"))}, "BAD_OPTION"),
        ({"server_url": "http://plain.example"}, "BAD_OPTION"),
        ({"server_url": "https://cec.example/path"}, "BAD_OPTION"),
        ({"server_url": "https://выборы.example"}, "BAD_OPTION"),
        ({"snapshot_seconds": 10_000}, "BAD_OPTION"),
    ],
)
def test_impossible_options_are_refused_before_anything_is_made(
    tmp_path: Path, options: dict[str, object], code: str
) -> None:
    with pytest.raises(FormatError) as caught:
        init_small(tmp_path, **options)
    assert caught.value.code == code
    assert not (tmp_path / "election").exists()


@pytest.mark.parametrize(
    "change", [{"salt": "00"}, {"extra": 1}, {"snapshot_seconds": 0}, {"server_url": "http://plain"}, {"format": "x"}]
)
def test_damaged_settings_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    directory = init_small(tmp_path)
    document = json.loads(directory.settings.read_bytes())
    directory.settings.write_text(json.dumps(document | change))
    with pytest.raises(FormatError) as caught:
        read_settings(directory.settings)
    assert caught.value.code == "BAD_SETTINGS"


def test_settings_that_are_missing_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TunukError, match="central-server init") as caught:
        read_settings(tmp_path / "settings.json")
    assert caught.value.code == "NOT_INITIALISED"


def test_one_command_at_a_time_works_on_a_directory(tmp_path: Path) -> None:
    with hold_directory(tmp_path / "lock"):
        with pytest.raises(ConflictError) as caught, hold_directory(tmp_path / "lock"):
            pass
        assert caught.value.code == "DIRECTORY_BUSY"
    with hold_directory(tmp_path / "lock"):
        pass
