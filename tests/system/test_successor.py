"""A log that is dead goes on in a successor: its entries are taken again, devices send the rest, observers verify the pair."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central_server.directory import ElectionDirectory
from ledger.observer.origin import parse_origin
from ledger.policy import Policy, log_only_policy, parse_policy
from ledger.proof import verify_tlog_proof
from tests.system.conftest import Verify
from tests.system.operated_server import election_id_of, send_tally, well
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, run_command


@pytest.fixture
def old(tmp_path: Path) -> ElectionDirectory:
    (tmp_path / "old").mkdir()
    directory = init_small(tmp_path / "old")
    roster_small(directory)
    return directory


@pytest.fixture
def new(tmp_path: Path) -> ElectionDirectory:
    return ElectionDirectory(tmp_path / "new" / "election")


def command(*arguments: object) -> tuple[str, dict[str, Any]]:
    """The code of the refusal, or nothing and what it says."""
    status, said, errors = run_command(*map(str, arguments))
    assert "Traceback" not in errors, errors
    return ("", json.loads(said)) if status == 0 else (errors.split(":")[0], {})


def prepare(new: ElectionDirectory, old: ElectionDirectory, source: Path, *more: object) -> tuple[str, dict[str, Any]]:
    wanted = "--reason", "lost", "--document", "9/1"
    return command("successor", "prepare", "--dir", new.root, "--of", old.root, "--from", source, *wanted, *more)


def succeed(new: ElectionDirectory, old: ElectionDirectory, source: Path, *more: object) -> dict[str, Any]:
    """All of it, signed by the election key; what ``prepare`` says."""
    code, said = prepare(new, old, source, *more)
    assert code == ""
    assert command("decide", "sign", said["sign"], "--key", old.election_key)[0] == ""
    assert command("successor", "finish", "--dir", new.root)[0] == ""
    return said


def receipt_of(directory: ElectionDirectory, server: ServerProcess, record: bytes, place: int) -> bytes:
    with open_device(directory, server.url, place) as client:
        [[word, _, receipt]] = post_records(client, [record])
    assert word == "receipt"
    return msgspec.convert(receipt, bytes, strict=False)


def policy_of(directory: ElectionDirectory, place: int) -> Policy:
    """Of one of the logs in the directory's policy."""
    return log_only_policy(parse_policy(directory.policy.read_bytes()).logs[place].key)


@pytest.fixture
def dead(old: ElectionDirectory, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A log whose last entry is in no database any more: a mirror without it, and the receipt that a device has."""
    election_id = election_id_of(old)
    with ServerProcess(old) as server:
        send_tally(old, server)
        wait_until(lambda: well(server), "the first tally is anchored")
        assert server.stop() == 0
    backup, mirror, promised = tmp_path / "log.sqlite", tmp_path / "mirror", tmp_path / "d1.tlog-proof"
    shutil.copy(old.log, backup)
    shutil.copytree(old.publication, mirror)
    with ServerProcess(old) as server:
        promised.write_bytes(receipt_of(old, server, small_tally(election_id, 1), 1))
        wait_until(lambda: well(server), "the second tally is anchored")
        assert server.stop() == 0
    shutil.copy(backup, old.log)
    yield mirror, promised


def test_the_records_go_again_and_observers_verify_the_pair(
    old: ElectionDirectory, new: ElectionDirectory, dead: tuple[Path, Path], verify: Verify
) -> None:
    mirror, _ = dead
    assert command("run", "--dir", old.root)[0] == "LOG_BEHIND_GUARD"
    said = succeed(new, old, mirror)
    # The tally, its snapshot, and whatever was signed in between.
    assert said["lost"] == 2 and said["guard"] is True
    election_id = election_id_of(new)
    first, lost = small_tally(election_id, 0), small_tally(election_id, 1)
    with ServerProcess(new) as server:
        again = receipt_of(new, server, first, 0)
        index = verify_tlog_proof(again, first, policy_of(new, 1)).leaf_index
        assert index < said["taken"]
        wait_until(lambda: well(server), "what was taken is published and anchored")
        status, report = verify(new.publication, new.policy, None, mirror)
        assert (status, report["failures"]) == (0, [])
        # The device has not sent again what was lost.
        status, report = verify(new.publication, new.policy, None, old.publication)
        assert [one["code"] for one in report["failures"]] == ["LEFT_OUT"]
        receipt_of(new, server, lost, 1)
        wait_until(lambda: well(server), "all is published and anchored")
        status, report = verify(new.publication, new.policy, server.addresses["rpc"], old.publication)
        assert (status, report["ok"]) == (0, True), report
        assert report["anchors"]["verified"] == report["anchors"]["claimed"] >= 1
        assert server.stop() == 0
    assert parse_origin(report["origin"]).generation == 2 and report["tallies"] == 2
    assert report["succession"]["predecessor"] == parse_policy(old.policy.read_bytes()).logs[0].key.name
    for numbered in mirror.glob("results/[0-9]*.json"):
        assert (new.publication / "results" / numbered.name).read_bytes() == numbered.read_bytes()
    # The policy names both logs: who looks at the old one is told.
    status, report = verify(mirror, new.policy)
    assert status == 0 and parse_origin(report["successor"]).generation == 2
