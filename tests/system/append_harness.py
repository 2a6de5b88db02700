"""Starts append workers, reads what they acknowledged, and checks it against the log."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.log import Receipt
from ledger.merkle import hash_leaf
from ledger.store.contract import MAX_READ
from ledger.store.sqlite import SqliteStore
from tests.unit.ledger.store.log_factory import OpenLog, verify_receipts

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a worker was told; ``proof``: the receipt's bytes."""

    index: int
    entry: bytes
    proof: bytes


@contextmanager
def start_worker(folder: Path, name: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Killed at the end where it has not ended by itself."""
    command = [sys.executable, "-m", "tests.system.append_worker", str(folder), name, *options]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_lines(process: "subprocess.Popen[str]", count: int | None = None) -> Iterator[str]:
    """Up to ``count`` whole lines, or all until the worker's end; a line that the kill cut short is left out."""
    stream = process.stdout
    if stream is None:
        raise ValueError("the worker has no pipe")
    while count is None or count > 0:
        line = stream.readline()
        if not line.endswith("\n"):
            return
        yield line
        count = None if count is None else count - 1


def parse_acknowledged(lines: Iterable[str]) -> list[Acknowledged]:
    fields = [line.split() for line in lines]
    return [Acknowledged(int(index), bytes.fromhex(entry), bytes.fromhex(proof)) for index, entry, proof in fields]


def read_history(store: SqliteStore) -> list[bytes]:
    history: list[bytes] = []
    while chunk := store.entries(len(history), MAX_READ):
        history += chunk
    return history


def verify_acknowledged(opened: OpenLog, acknowledged: Iterable[Acknowledged]) -> list[bytes]:
    """Everything acknowledged is in the log, with the same receipt; no entry is there twice. Returns the entries."""
    history = read_history(opened.store)
    assert len(set(history)) == len(history)
    for one in acknowledged:
        receipt = Receipt(one.index, hash_leaf(one.entry), one.proof)
        verify_receipts([one.entry], [receipt], history)
        assert opened.log.receipt(one.index) == receipt
    return history
