"""One byte changed, in turn, in everything that an observer reads: the audit fails each time, and names it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.audit_process import serving_chain
from tests.system.conftest import Verify
from tests.system.lying_node import LyingNode


@pytest.fixture
def spoiled(demo_night: Path, tmp_path: Path) -> Path:
    """A copy of the night's publication to spoil."""
    copy = tmp_path / "publication"
    shutil.copytree(demo_night / "publication", copy)
    return copy


def change_byte(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def messages(verdict: dict[str, object]) -> str:
    failures = verdict["failures"]
    assert isinstance(failures, list)
    return " ".join(f"{failure['code']} {failure['index']} {failure['message']}" for failure in failures)


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("tile/entries/000", 500),
        ("tile/entries/00*.p/*", -1),
        ("tile/0/000", 40),
        ("tile/0/00*.p/*", 40),
        ("tile/1/000.p/*", 40),
        ("results/000001.json", 700),
        ("results/latest.json", -20),
        ("results/precincts.csv", 200),
        ("results/coverage.csv", 300),
        ("results/flags.csv", 3),
        ("results/election.json", 300),
    ],
)
def test_a_changed_file_is_named(demo_night: Path, spoiled: Path, verify: Verify, pattern: str, at: int) -> None:
    """An entry, a tile, a result file of each kind."""
    path = max(spoiled.glob(pattern), key=lambda path: (path.parent.name, path.stat().st_size))
    change_byte(path, at)
    status, verdict = verify(spoiled, demo_night / "policy")
    assert (status, verdict["ok"]) == (1, False)
    assert path.relative_to(spoiled).as_posix() in messages(verdict)


@pytest.mark.parametrize("line", [0, 1, 2, 4])
def test_a_changed_checkpoint_is_named(demo_night: Path, spoiled: Path, verify: Verify, line: int) -> None:
    """Its origin, size, root, or signature."""
    path = spoiled / "checkpoint"
    lines = path.read_bytes().split(b"\n")
    changed = bytearray(lines[line])
    changed[len(changed) // 2] ^= 1
    lines[line] = bytes(changed)
    path.write_bytes(b"\n".join(lines))
    status, verdict = verify(spoiled, demo_night / "policy")
    assert status == 1
    assert "checkpoint" in messages(verdict).lower()


@pytest.fixture(scope="module")
def chain(demo_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the night's chain."""
    with serving_chain(demo_night, tmp_path_factory.mktemp("chain") / "log") as address:
        yield address


def test_the_chain_itself_passes(demo_night: Path, verify: Verify, chain: str) -> None:
    """So that the next test fails for its one changed byte."""
    status, verdict = verify(demo_night / "publication", demo_night / "policy", chain)
    assert (status, verdict["failures"]) == (0, [])


@pytest.mark.parametrize("what", ["data", "topics", "address"])
def test_a_changed_event_of_the_chain_is_named(demo_night: Path, verify: Verify, chain: str, what: str) -> None:
    """A byte of the event's root, of its size, or of the contract that it comes from."""
    with LyingNode(chain, what) as address:
        status, verdict = verify(demo_night / "publication", demo_night / "policy", address)
    assert status == 1
    assert "anchor" in messages(verdict).lower()


def test_a_claimed_anchor_that_is_changed_is_named(demo_night: Path, spoiled: Path, verify: Verify, chain: str) -> None:
    """Also without the chain, as far as it contradicts the log."""
    path = max(path for path in (spoiled / "anchors").glob("[0-9]*.json"))
    text = path.read_text()
    root = text.index('"root') + text[text.index('"root') :].index(":") + 5
    path.write_text(text[:root] + ("0" if text[root] != "0" else "1") + text[root + 1 :])
    status, verdict = verify(spoiled, demo_night / "policy")
    assert status == 1
    assert path.relative_to(spoiled).as_posix() in messages(verdict)
    assert verify(spoiled, demo_night / "policy", chain)[0] == 1
