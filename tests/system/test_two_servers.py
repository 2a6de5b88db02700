"""Servers on copies of one election's directory: by the guard, one at most takes records and signs."""

import shutil
from pathlib import Path

import httpx
import pytest

from central_server.directory import ElectionDirectory
from ledger.checkpoint import parse_checkpoint
from ledger.note import parse_note
from ledger.store.contract import TreeHead
from tests.system.conftest import Verify
from tests.system.operated_server import ask_ops, election_id_of, send_tally, well
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, run_command


@pytest.fixture
def directory(tmp_path: Path) -> ElectionDirectory:
    directory = init_small(tmp_path)
    roster_small(directory)
    with ServerProcess(directory, "--ops-port", "0") as server:
        send_tally(directory, server, 0)
        wait_until(lambda: well(server), "all is published and anchored")
        assert server.stop() == 0
    return directory


def copy(directory: ElectionDirectory, root: Path) -> ElectionDirectory:
    """To another machine, where the guard's volume is mounted as well."""
    root.mkdir()
    other = ElectionDirectory(root / "election")
    shutil.copytree(directory.root, other.root, ignore=lambda path, _: ["guard"] if path.endswith("server") else [])
    other.guard.parent.symlink_to(directory.guard.parent)
    return other


def head_of(directory: ElectionDirectory) -> TreeHead:
    checkpoint = parse_checkpoint(parse_note((directory.publication / "checkpoint").read_bytes()).text)
    return TreeHead(checkpoint.size, checkpoint.root)


def refuse_to_run(directory: ElectionDirectory) -> str:
    status, said, errors = run_command("run", "--dir", str(directory.root))
    assert (status, said) == (1, "") and "Traceback" not in errors
    return errors


def test_a_copy_that_was_put_back_by_hand_does_not_run(directory: ElectionDirectory, tmp_path: Path) -> None:
    """Each time it is tried, with the way out; the newest copy runs again."""
    shutil.copytree(directory.server, tmp_path / "old")
    with ServerProcess(directory) as server:
        send_tally(directory, server, 1)
        assert server.stop() == 0
    shutil.copytree(directory.server, tmp_path / "newest")
    guard = directory.guard.read_bytes()
    for name in ("log.sqlite", "log.sqlite-wal", "log.sqlite-shm"):
        (directory.server / name).unlink(missing_ok=True)
        if (tmp_path / "old" / name).exists():
            shutil.copy(tmp_path / "old" / name, directory.server / name)
    for _ in range(2):
        words = refuse_to_run(directory)
        assert words.startswith("LOG_BEHIND_GUARD: ") and "Bring back its newest copy" in words
        assert "successor log" in words
    assert directory.guard.read_bytes() == guard
    shutil.copy(tmp_path / "newest" / "log.sqlite", directory.log)
    with ServerProcess(directory) as server:
        assert server.stop() == 0


def test_of_two_servers_with_one_guard_one_goes_on(
    directory: ElectionDirectory, tmp_path: Path, verify: Verify
) -> None:
    """The other answers that its log is stopped, publishes nothing more, and does not start again."""
    other = copy(directory, tmp_path / "second")
    before = head_of(directory)
    with (
        ServerProcess(directory, "--ops-port", "0") as one,
        ServerProcess(other, "--ops-port", "0") as two,
        open_device(other, two.url, 1) as device,
    ):
        wait_until(lambda: well(one) and well(two), "both run")
        index = send_tally(directory, one, 2)
        with pytest.raises(httpx.HTTPStatusError) as caught:
            post_records(device, [small_tally(election_id_of(other), 1)])
        answer = caught.value.response
        assert (answer.status_code, answer.json()["code"]) == (503, "LOG_STOPPED")
        wait_until(lambda: not ask_ops(two, "/healthz").json()["ready"], "the other says that it is not ready")
        later = send_tally(directory, one, 1)
        wait_until(lambda: well(one) and head_of(directory).size > later, "the first goes on")
        # Stopping tries once more to publish.
        assert two.stop() == 0 and one.stop() == 0
    assert head_of(other) == before and index < later
    assert refuse_to_run(other).startswith("LOG_BEHIND_GUARD: ")
    for publication in (directory.publication, other.publication):
        assert verify(publication, directory.policy)[0] == 0
