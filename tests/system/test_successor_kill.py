"""The making of a successor log is killed at one durable step after another; run again, it goes on to the same end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from central_server.directory import ElectionDirectory
from ledger.store.guard import FileGuard
from tests.system.ended_log import begin, serve_a_tally, sign
from tests.system.operated_server import send_tally, well
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_process import ServerProcess

EVERY = 29
"""Of some two hundred steps; each start of the program takes seconds."""


def run_until(step: int, journal: Path, *arguments: object) -> bool:
    """Whether the command came to its end before this step."""
    program = [sys.executable, "-m", "tests.system.dying_process", str(journal), str(step), "central_server.cli"]
    ended = subprocess.run([*program, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode in (0, -9), ended.stderr
    return ended.returncode == 0


@pytest.mark.slow
def test_it_is_killed_at_any_step(tmp_path: Path) -> None:
    old, new = begin(tmp_path / "old"), ElectionDirectory(tmp_path / "new" / "election")
    serve_a_tally(old, 0)
    (tmp_path / "journal.armed").touch()
    journal = tmp_path / "journal"
    where = "--dir", new.root, "--of", old.root, "--from", old.publication, "--reason", "lost", "--document", "9/1"
    keys: set[bytes] = set()
    steps = 0
    # Each run begins where the one before was killed, and gets further.
    while not run_until(steps := steps + EVERY, journal, "successor", "prepare", *where):
        assert not new.guard.exists()
        if new.key("log").exists():
            keys.add(new.key("log").read_bytes())
    assert steps > 2 * EVERY and keys == {new.key("log").read_bytes()}
    assert sign(new, old.election_key) == ""
    steps = 0
    while not run_until(steps := steps + 1, journal, "successor", "finish", "--dir", new.root):
        pass
    assert steps > 5
    state = json.loads(new.roster.read_bytes())
    assert state["finished"] and FileGuard(new.guard, state["origin"]).read().size > 0
    with ServerProcess(new) as server:
        send_tally(new, server, 1)
        wait_until(lambda: well(server), "it is a log as any")
        assert server.stop() == 0
