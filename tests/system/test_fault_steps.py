"""The server killed at each durable step: what was receipted is there, with the same receipt, and so are the totals."""

import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from central_server.directory import ElectionDirectory
from ledger.policy import parse_policy
from ledger.primitives import Hash
from ledger.proof import verify_tlog_proof
from tests.system.conftest import Verify
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, read_latest, trust

SAMPLE = 5
"""Of the steps, in tests that are not slow: a server is started twice for each."""


def dying(journal: Path, step: str, module: str) -> list[str]:
    return [sys.executable, "-m", "tests.system.dying_process", str(journal), step, module]


def read_steps(journal: Path) -> list[str]:
    """Each step once, in the order in which it first came."""
    return list(dict.fromkeys(journal.read_text().splitlines()))


def some(steps: list[str]) -> list[str]:
    return [steps[place * (len(steps) - 1) // (SAMPLE - 1)] for place in range(SAMPLE)]


@dataclass(frozen=True, slots=True)
class Morning:
    """An election with one device's tally receipted, to be copied; and what a night on it does, step by step."""

    root: Path
    election_id: Hash
    first: list[Any]
    steps: list[str]
    totals: object

    def copy(self, root: Path) -> ElectionDirectory:
        shutil.copytree(self.root / "election", root / "election")
        return ElectionDirectory(root / "election")

    def tally(self, place: int) -> bytes:
        return small_tally(self.election_id, place)


def play(directory: ElectionDirectory, record: bytes, journal: Path, step: str) -> tuple[list[Any] | None, int]:
    """Serve, arm, post the record, wait until all of it is published and anchored, stop; or die on the way.

    The record's verdict, if an answer came, and the exit status.
    """
    verdict = None
    with ServerProcess(directory, program=dying(journal, step, "central_server.cli")) as server:
        Path(f"{journal}.armed").touch()
        try:
            with open_device(directory, server.url, 0) as client:
                [verdict] = post_records(client, [record])
                size = verdict[1] + 1
                wait_until(lambda: is_anchored(client, size) or server.process.poll() is not None, "all is published")
        except httpx.HTTPError:
            assert server.process.wait(60) == -signal.SIGKILL
        return verdict, server.stop()


def is_anchored(client: httpx.Client, size: int) -> bool:
    health = client.get("/healthz").json()
    return (health["anchoring"]["size"] or 0) > size and health["anchoring"]["lag"] == 0


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Morning:
    root = tmp_path_factory.mktemp("morning")
    directory = init_small(root)
    election_id = Hash.from_hex(roster_small(directory).election_id)
    with ServerProcess(directory) as server, open_device(directory, server.url, 1) as client:
        [first] = post_records(client, [small_tally(election_id, 1)])
        assert server.stop() == 0
    plain = Morning(root, election_id, first, [], None)
    whole = plain.copy(root / "whole")
    verdict, status = play(whole, plain.tally(0), root / "journal", "none")
    assert verdict is not None and status == 0
    return Morning(root, election_id, first, read_steps(root / "journal"), totals(whole))


def totals(directory: ElectionDirectory) -> object:
    latest = read_latest(directory)
    return latest["contests"], latest["repeats"], latest["held"]


def verify_night(morning: Morning, root: Path, step: str, verify: Verify) -> None:
    directory, record = morning.copy(root), morning.tally(0)
    verdict, status = play(directory, record, root / "journal", step)
    assert status == -signal.SIGKILL
    with ServerProcess(directory) as server:
        for place, told in ((0, verdict), (1, morning.first)):
            with open_device(directory, server.url, place) as client:
                [again] = post_records(client, [morning.tally(place)])
            assert again[0] == "receipt" and (told is None or again == told), "the same receipt as before"
            policy = parse_policy(directory.policy.read_bytes())
            assert verify_tlog_proof(again[2], morning.tally(place), policy).leaf_index == again[1]
        with httpx.Client(verify=trust(directory), base_url=server.url) as client:
            wait_until(lambda: client.get("/healthz").json()["status"] == "ok", "all is well")
        assert server.stop() == 0
    assert "Traceback" not in server.errors.read_text()
    assert totals(directory) == morning.totals
    found, report = verify(directory.publication, directory.policy)
    assert (found, report["failures"], report["repeats"]) == (0, [], 0)


def test_the_steps_are_those_that_matter(morning: Morning) -> None:
    """Otherwise the tests below would go past them."""
    for step in (
        "commit server/log.sqlite",
        "pwrite guard/head",
        "fdatasync guard/head",
        "replace publication/checkpoint",
        "replace results/latest.json",
        "commit chain/chain.sqlite",
        "replace anchors/index.json",
    ):
        assert {f"before {step}", f"after {step}"} <= set(morning.steps), morning.steps


def verify_each(steps: list[str], tmp_path: Path, check: Callable[[Path, str], None]) -> None:
    for place, step in enumerate(steps):
        (tmp_path / str(place)).mkdir()
        try:
            check(tmp_path / str(place), step)
        except BaseException as error:
            error.add_note(f"killed {step}")
            raise
        shutil.rmtree(tmp_path / str(place))


def test_the_server_is_killed_at_some_steps(morning: Morning, tmp_path: Path, verify: Verify) -> None:
    verify_each(some(morning.steps), tmp_path, lambda root, step: verify_night(morning, root, step, verify))


@pytest.mark.slow
def test_the_server_is_killed_at_each_step(morning: Morning, tmp_path: Path, verify: Verify) -> None:
    verify_each(morning.steps, tmp_path, lambda root, step: verify_night(morning, root, step, verify))
