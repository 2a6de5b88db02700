"""Promise: a million reporting units in an hour on one machine of two cores, its load generator included.

Real processes, TLS with client certificates, fsync. ``V`` is one verification of a signature by ``cryptography`` in the
same run: what a server that did nothing else would need for a tally. Budgets, all in (TLS, parsing, verification,
hashing, row, receipt):

    processor time a tally, batches of 50      0.8 V
    processor time a tally, one a POST         2.0 V
    latency of a receipt at 500 a second       10 ms (median), 40 ms (99 of 100)
"""

from functools import partial
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.conftest import Scale, Tell
from benchmarks.load_election import LoadElection
from benchmarks.server_run import RunAccount, run_load
from benchmarks.timing import run_once

RATE = 500


def tell_cost(tell: Tell, name: str, account: RunAccount, aim: str) -> None:
    receipts, load = account.load.receipts, account.load
    serving, following = account.serving.ingest / receipts, account.published.following / receipts
    tell(f"{name}: V, one verification", account.verification * 1e6, "µs", "")
    tell(f"{name}: server's processor time a tally", serving / account.verification, "V", aim)
    tell(f"{name}: the same", serving * 1e6, "µs", "")
    tell(f"{name}: and the followers', with snapshots, a tally", following * 1e6, "µs", "")
    tell(f"{name}: load generator's processor time a tally", load.cpu_seconds / receipts * 1e6, "µs", "")
    tell(f"{name}: durable receipts a second", receipts / load.seconds, "/s", "")
    if account.usage is not None:
        tell(f"{name}: server's peak memory", account.usage.peak_mebibytes, "MiB", "")


@pytest.mark.parametrize(("records", "aim"), [(50, "0.8"), (1, "2.0")])
def test_processor_time_of_a_tally(
    benchmark: BenchmarkFixture,
    load_election: LoadElection,
    tmp_path: Path,
    tell: Tell,
    records: int,
    aim: str,
) -> None:
    """Every device's connection posts as fast as it is answered."""
    account = run_load(load_election, tmp_path, records, None, None, partial(run_once, benchmark))
    assert account.load.receipts == load_election.tallies
    tell_cost(tell, f"{records} a POST", account, aim)


def test_latency_of_a_receipt(
    benchmark: BenchmarkFixture, load_election: LoadElection, tmp_path: Path, scale: Scale, tell: Tell
) -> None:
    """One record a POST, sent when due whether or not others are answered, over as many connections as devices."""
    posts = min(RATE * scale.load_seconds, load_election.tallies)
    account = run_load(load_election, tmp_path, 1, posts, RATE, partial(run_once, benchmark))
    assert account.load.receipts == posts
    latencies = sorted(account.load.latencies)
    for part, aim in ((0.5, "10"), (0.99, "40"), (1.0, "")):
        place = min(len(latencies) - 1, int(part * len(latencies)))
        tell(f"receipt latency at {RATE}/s, {part:.0%} within", latencies[place] * 1e3, "ms", aim)
