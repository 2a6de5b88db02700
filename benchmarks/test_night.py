"""Promise: a whole state's election, from urns to audit, in minutes on one machine.

Iowa, 3 November 2020: 1,661 precincts, an urn and an agent each, with the link in memory and over pseudo-terminals;
then publication, anchors and the whole audit. No budget: it is the sum of everything, and moves when anything does.
"""

import json
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.conftest import Scale, Tell
from benchmarks.timing import run_once
from simulator.server_process import command, run_command

FILE = "iowa-2020-general-precinct.csv"
PRECINCTS = 1_661


@pytest.fixture(scope="session")
def iowa() -> Path:
    file = Path(__file__).resolve().parents[2] / "shared" / "data" / FILE
    if not file.is_file():
        pytest.skip("the folder of shared data sets is not beside this repository")
    return file


@pytest.mark.parametrize("link", ["memory", "pty"])
def test_iowa_from_end_to_end(
    benchmark: BenchmarkFixture, iowa: Path, tmp_path: Path, scale: Scale, tell: Tell, link: str
) -> None:
    """As `simulator replay` plays it, every process and every flush included."""
    if not scale.full:
        pytest.skip("with the tests, some precincts of this election are played by tests/system")
    out = tmp_path / "night"
    arguments = [command("simulator"), "replay", "--election-csv", str(iowa), "--format", "openelections"]
    arguments += ["--out", str(out), "--link", link]
    run_once(benchmark, lambda: run_command(arguments, tmp_path / "words.log"))
    account = json.loads((out / "account.json").read_bytes())
    assert (account["tallies"], account["audit"]["status"]) == (PRECINCTS, 0)
    tell(f"Iowa, {link}: all of it", account["total_seconds"], "s", "")
    tell(f"Iowa, {link}: from the first report to the last receipt", account["play_seconds"], "s", "")
    tell(f"Iowa, {link}: audit's processor time", account["audit"]["usage"]["cpu_seconds"], "s", "")
    tell(f"Iowa, {link}: audit's peak memory", account["audit"]["usage"]["peak_mebibytes"], "MiB", "")
    if account["server"] is not None:
        tell(f"Iowa, {link}: server's processor time", account["server"]["cpu_seconds"], "s", "")
        tell(f"Iowa, {link}: server's peak memory", account["server"]["peak_mebibytes"], "MiB", "")
