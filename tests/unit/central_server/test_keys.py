"""Key files are made once, for their owner alone, and refused in any other state."""

import os
import stat
from pathlib import Path

import pytest

from central_server.keys import KeyFileError, Secret, create_key, create_secret_file, load_key


def code_of(path: Path, algorithm: str = "ed25519") -> str:
    with pytest.raises(KeyFileError) as caught:
        load_key(path, algorithm)  # type: ignore[arg-type]  # the literals of the tests below
    return caught.value.code


def test_a_key_is_made_once_and_loaded_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.key"
    secret = create_key(path, "ed25519")
    assert create_key(path, "ed25519") == load_key(path, "ed25519") == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["log.key"]


def test_a_secp256k1_number_is_below_the_order(tmp_path: Path) -> None:
    """Zero and numbers from the order on are no keys; they are drawn again."""
    drawn = [bytes(32), b"\xff" * 32, bytes([7]) * 32]
    assert create_key(tmp_path / "a.key", "secp256k1", lambda _: drawn.pop(0)) == bytes([7]) * 32


def test_a_key_file_is_never_replaced(tmp_path: Path) -> None:
    create_key(tmp_path / "a.key", "ed25519")
    with pytest.raises(KeyFileError) as caught:
        create_secret_file(tmp_path / "a.key", b"other")
    assert caught.value.code == "KEY_EXISTS"


def test_what_a_dead_maker_left_does_not_stop_the_next(tmp_path: Path) -> None:
    (tmp_path / f".new-a.key-{os.getpid()}").write_bytes(b"half")
    create_key(tmp_path / "a.key", "ed25519")
    assert [file.name for file in tmp_path.iterdir()] == ["a.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644, 0o777])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.key"
    create_key(path, "ed25519")
    path.chmod(mode)
    assert code_of(path) == "KEY_NOT_PRIVATE"


@pytest.mark.parametrize(
    "data",
    [b"", b"ed25519\n", b"ed25519 " + b"0" * 63 + b"\n", b"ed25519 " + b"0" * 64, b"ed25519 " + b"A" * 64 + b"\n",
     b"ed25519  " + b"0" * 64 + b"\n", b"ed25519 " + b"0" * 64 + b"\n\n", b"ed25519 " + b"0" * 64 + b"\n" * 200],
)  # fmt: skip
def test_a_damaged_key_file_is_refused_and_not_shown(tmp_path: Path, data: bytes) -> None:
    create_secret_file(tmp_path / "a.key", data)
    with pytest.raises(KeyFileError) as caught:
        load_key(tmp_path / "a.key", "ed25519")
    assert caught.value.code == "KEY_DAMAGED"
    assert "000" not in caught.value.message


def test_keys_are_not_mixed_up(tmp_path: Path) -> None:
    create_key(tmp_path / "a.key", "secp256k1")
    assert code_of(tmp_path / "a.key") == "KEY_OF_OTHER_SORT"
    assert code_of(tmp_path / "none.key") == "KEY_MISSING"


def test_a_secret_is_not_printed() -> None:
    assert "77" not in repr(Secret(b"\x77" * 32))
