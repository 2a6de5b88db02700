"""Promise: one machine takes the records of a million reporting units in an hour, durably, each with a signed receipt.

Budget: 50 ms a round. A round is one append of 50 entries: transaction and guard with fsync, signature, receipts.
A million in an hour need one each 180 ms; the rest is room for all other work. The disk decides.
"""

import itertools
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from ledger.log import Log, Receipt, initialise_guard
from ledger.note import Ed25519NoteSigner
from ledger.signing import Ed25519Signer
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore

ORIGIN = "benchmark.example/log"
BATCH = 50
ENTRY_SIZE = 600


def test_durable_append_of_a_batch(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    numbers = itertools.count()
    guard = FileGuard(tmp_path / "guard", ORIGIN)
    with SqliteStore.create(tmp_path / "log.sqlite", ORIGIN) as store:
        initialise_guard(store, guard)
        log = Log(store, guard, Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes(32))))

        def append() -> list[Receipt]:
            return log.append([next(numbers).to_bytes(ENTRY_SIZE) for _ in range(BATCH)])

        assert len(benchmark(append)) == BATCH
