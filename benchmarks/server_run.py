"""One run of the server under load: a copy of the prepared election, a server process, a load process, and the account.

The signature's price, ``V``, is that of one verification by ``cryptography`` on this machine, asked before and after.
"""

import json
import shutil
import statistics
import threading
import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.load_election import LoadElection
from benchmarks.load_generator import Client, LoadError, LoadResult, Plan, loading
from benchmarks.server_threads import ServerTime, thread_seconds, time_between
from central_server.directory import ElectionDirectory
from ledger.signing import CryptographyVerifier, Ed25519Signer
from simulator.measures import Usage, usage_of
from simulator.server_process import running_server

PUBLISH_SECONDS = 60
_MESSAGE = bytes(700)


@dataclass(frozen=True, slots=True)
class RunAccount:
    """``serving`` is while the load ran, ``published`` until a snapshot held all of it; ``verification`` is V in s."""

    directory: ElectionDirectory
    load: LoadResult
    serving: ServerTime
    published: ServerTime
    usage: Usage | None
    verification: float


def verification_seconds() -> float:
    """One Ed25519 verification by ``cryptography``: the median of many short measurements."""
    signer, verifier = Ed25519Signer(bytes(32)), CryptographyVerifier()
    signature = signer.sign(_MESSAGE)
    rounds = timeit.repeat(lambda: verifier.verify(signer.public_key, signature, _MESSAGE), number=100, repeat=21)
    return statistics.median(rounds) / 100


def make_plan(election: LoadElection, url: str, records_a_post: int, posts: int | None, rate: float | None) -> Plan:
    """Every device's records in order, ``records_a_post`` at a time; at most ``posts`` in all, spread over them."""
    bundles, clients = ElectionDirectory(election.directory).bundles, []
    for device, records in election.records.items():
        batches = [records[at : at + records_a_post] for at in range(0, len(records), records_a_post)]
        kept = batches if posts is None else batches[: posts // len(election.records)]
        bodies = [msgspec.msgpack.encode(batch) for batch in kept]
        clients.append(Client(str(bundles / device / "client.pem"), str(election.keys[device]), bodies))
    authority = bundles / next(iter(election.records)) / "ca.pem"
    return Plan(url, str(authority), clients, rate)


def run_load(
    election: LoadElection,
    room: Path,
    records_a_post: int,
    posts: int | None,
    rate: float | None,
    measure: Callable[[Callable[[], LoadResult]], LoadResult],
) -> RunAccount:
    """Run the load in ``room``, a new folder, and stop the server when all is published. Raises what its parts do."""
    shutil.copytree(election.directory, room / "election")
    directory, log = ElectionDirectory(room / "election"), room / "server.log"
    verification = verification_seconds()
    with running_server(directory.root, log) as server:
        plan = make_plan(election, server.url, records_a_post, posts, rate)
        with loading(plan, room / "plan") as load:
            before = thread_seconds(server.process_id)
            result = measure(load.run)
            served = thread_seconds(server.process_id)
        _await_snapshot(directory.publication, sum(len(client.bodies) for client in plan.clients) * records_a_post)
        published, usage = thread_seconds(server.process_id), usage_of(server.process_id)
    return RunAccount(
        directory,
        result,
        time_between(server.process_id, before, served),
        time_between(server.process_id, before, published),
        usage,
        (verification + verification_seconds()) / 2,
    )


def _await_snapshot(publication: Path, tallies: int) -> None:
    """Until what is published counts so many cells in each contest."""
    until, pause, cells = time.monotonic() + PUBLISH_SECONDS, threading.Event(), 0
    while time.monotonic() < until:
        path = publication / "results" / "latest.json"
        latest = json.loads(path.read_bytes()) if path.exists() else {"contests": []}
        cells = min((contest["cells_reported"] for contest in latest["contests"]), default=0)
        if cells >= tallies:
            return
        pause.wait(0.1)
    raise LoadError("LOAD_NOT_PUBLISHED", f"after {PUBLISH_SECONDS} s {cells} cells of {tallies} are published")
