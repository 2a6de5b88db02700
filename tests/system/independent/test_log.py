"""Programs that know nothing of Tunuk read its publication and agree: Go's checksum database code, Tessera's fsck.

Each also refuses it with one byte changed, so that its agreement means something.
"""

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.system.conftest import tool
from tests.system.independent.conftest import Run

pytestmark = [pytest.mark.independent, pytest.mark.slow]

CHANGED = [
    ("checkpoint", 10),
    # In the log's Ed25519 line. The one after it, ML-DSA-44 of some 3,340 bytes, is by a key that these do not know.
    ("checkpoint", -3360),
    ("tile/entries/000", 500),
    ("tile/entries/*.p/*", -1),
    ("tile/0/000", 40),
    ("tile/0/*.p/*", 40),
]


def vkey(night: Path) -> str:
    lines = (night / "policy").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("log "))


def origin(night: Path) -> str:
    return (night / "publication" / "checkpoint").read_text().splitlines()[0]


@pytest.fixture
def spoiled(demo_night: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "publication"
    shutil.copytree(demo_night / "publication", copy)
    return copy


def change_byte(directory: Path, pattern: str, at: int) -> None:
    """In the newest of the files: the tree of the checkpoint rests on it."""
    path = max(directory.glob(pattern), key=lambda path: (path.parent.name, int(path.name) if ".p" in str(path) else 0))
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def test_go_agrees_with_the_log(demo_night: Path, sumdb: Run) -> None:
    """Signature, every entry's inclusion, consistency from many sizes."""
    status, words = sumdb(str(demo_night / "publication"), vkey(demo_night), origin(demo_night))
    _, size, root = (demo_night / "publication" / "checkpoint").read_text().splitlines()[:3]
    assert (status, words) == (0, f"ok {size} {root}\n")


def test_go_agrees_with_a_receipt(demo_night: Path, sumdb: Run, tmp_path: Path) -> None:
    """The one that an agent holds, against the record that it signed."""
    device = next((demo_night / "devices").iterdir())
    with sqlite3.connect(f"file:{device / 'outbox.sqlite'}?mode=ro", uri=True) as outbox:
        assert outbox.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    command = [tool("urn-agent"), "receipt", "--data", str(device), "--seq", "1", "--to", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    proof, record = tmp_path / "1.tlog-proof", tmp_path / "1.record"
    arguments = str(demo_night / "publication"), vkey(demo_night), origin(demo_night), str(proof), str(record)
    assert sumdb(*arguments)[0] == 0
    data = bytearray(record.read_bytes())
    data[20] ^= 1
    record.write_bytes(bytes(data))
    assert sumdb(*arguments)[0] == 1


@pytest.mark.parametrize(("pattern", "at"), CHANGED)
def test_go_refuses_a_changed_byte(demo_night: Path, spoiled: Path, sumdb: Run, pattern: str, at: int) -> None:
    change_byte(spoiled, pattern, at)
    assert sumdb(str(spoiled), vkey(demo_night), origin(demo_night))[0] == 1


@pytest.fixture
def key_file(demo_night: Path, tmp_path: Path) -> str:
    path = tmp_path / "vkey"
    path.write_text(vkey(demo_night))
    return str(path)


def test_tessera_agrees_with_the_publication(demo_night: Path, tessera_fsck: Run, key_file: str) -> None:
    address = (demo_night / "publication").as_uri() + "/"
    _, words = tessera_fsck("-storage_url", address, "-public_key", key_file)
    size = json.loads((demo_night / "publication" / "anchors" / "index.json").read_text())["sizes"][-1]
    assert f"Successfully fsck'd log with size {size}" in words


@pytest.mark.parametrize(("pattern", "at"), CHANGED)
def test_tessera_refuses_a_changed_byte(spoiled: Path, tessera_fsck: Run, key_file: str, pattern: str, at: int) -> None:
    change_byte(spoiled, pattern, at)
    _, words = tessera_fsck("-storage_url", spoiled.as_uri() + "/", "-public_key", key_file)
    assert "Fsck: checking" in words or "failed" in words
    assert "Successfully" not in words
