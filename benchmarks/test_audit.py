"""Promise: who verifies the signatures of a publication gets the rest of the audit almost for nothing.

Budget: 1.3 times the processor time of verifying the same signatures alone, one after the other, by the same library.
The rest is reading, hashing, parsing, folding, and comparing every published file.
"""

import threading
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.conftest import Tell
from benchmarks.load_election import LoadElection
from benchmarks.server_run import run_load
from benchmarks.timing import processor_timed, run_once, timed
from central_server.directory import ElectionDirectory
from ledger.fold import Fold
from ledger.log import read_entries
from ledger.observer.audit import audit
from ledger.observer.fetch import FolderSource
from ledger.observer.state_files import FOLDER_PAUSES_S
from ledger.policy import parse_policy
from ledger.record import parse_record, verify_record
from ledger.signing import CryptographyVerifier
from ledger.store.sqlite import SqliteStore


class _Noting:
    """A verifier that verifies nothing and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, bytes, bytes]] = []

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> None:
        self.asked.append((public_key, signature, message))


def collect_signatures(directory: ElectionDirectory, origin: str) -> list[tuple[bytes, bytes, bytes]]:
    """Public key, signature and message of every signature in the log."""
    noting, fold = _Noting(), Fold()
    with SqliteStore(directory.log, origin) as store:
        for index, entry in read_entries(store, 0, store.head().size):
            fold.apply(index, verify_record(parse_record(entry), fold.definition, noting))
    return noting.asked


def test_audit_beside_its_signatures(
    benchmark: BenchmarkFixture, load_election: LoadElection, tmp_path: Path, tell: Tell
) -> None:
    directory = run_load(load_election, tmp_path, 50, None, None, lambda run: run()).directory
    policy = parse_policy(directory.policy.read_bytes())
    signatures = collect_signatures(directory, policy.logs[0].key.name)
    verifier = CryptographyVerifier()

    def verify_all() -> None:
        for public_key, signature, message in signatures:
            verifier.verify(public_key, signature, message)

    def audit_all() -> None:
        verdict = audit(FolderSource(directory.publication), policy, threading.Event().wait, FOLDER_PAUSES_S)
        assert (verdict.error, list(verdict.failures), verdict.tallies) == (None, [], load_election.tallies)

    alone, _ = processor_timed(verify_all)
    whole, (wall, _) = processor_timed(lambda: timed(lambda: run_once(benchmark, audit_all)))
    tell(f"audit of {len(signatures):,} records", wall, "s", "")
    tell("audit, a record, on one processor", whole / len(signatures) * 1e6, "µs", "")
    tell("audit beside verifying its signatures alone", whole / alone, "times", "1.3")
