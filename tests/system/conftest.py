"""Nights that several system tests look at: each is played once, and copied by whoever wants to spoil it."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Verify = Callable[..., tuple[int, dict[str, Any]]]


def tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


@pytest.fixture(scope="session")
def demo_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a demonstration night over ptys, one agent and its urn as processes of their own."""
    out = tmp_path_factory.mktemp("demo") / "night"
    ended = subprocess.run(
        [tool("simulator"), "demo", "--out", str(out)], capture_output=True, timeout=300, check=False
    )
    words = (ended.stdout + ended.stderr).decode()
    assert ended.returncode == 0, words
    return out


@pytest.fixture(scope="session")
def verify() -> Verify:
    """Runs ``observer verify`` as a process; its exit status and its JSON object."""

    def run(
        publication: Path | str, policy: Path, rpc: str | None = None, predecessor: Path | None = None
    ) -> tuple[int, dict[str, Any]]:
        arguments = [tool("observer"), "verify", str(publication), "--policy", str(policy), "--json"]
        if rpc is not None:
            arguments += ["--rpc", rpc]
        if predecessor is not None:
            arguments += ["--predecessor", str(predecessor)]
        ended = subprocess.run(arguments, capture_output=True, timeout=120, check=False)
        return ended.returncode, json.loads(ended.stdout)

    return run


@pytest.fixture
def scratch_disk() -> Iterator[Path]:
    """In memory where that can be had: what is lost and kept is decided here, and thousands of files are written."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def disk_root(scratch_disk: Path) -> Path:
    (scratch_disk / "disk").mkdir()
    return scratch_disk / "disk"
