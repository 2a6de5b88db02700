"""Starts append workers, reads what they acknowledged, and checks it against the log."""

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.checkpoint import parse_checkpoint
from ledger.log import Receipt
from ledger.merkle import CompactRange, hash_leaf
from ledger.store.contract import EMPTY_HEAD, MAX_READ
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
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def let_go(process: "subprocess.Popen[str]") -> None:
    """What a worker with ``--wait`` waits for."""
    assert process.stdin is not None
    process.stdin.close()


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


def verify_signed(history: Sequence[bytes], *folders: Path) -> set[int]:
    """Every head that workers in these folders ever signed, answered or not, is one of this history. Their sizes.

    So any two of them are consistent, and no size has two roots.
    """
    roots, edge = [EMPTY_HEAD.root], CompactRange.EMPTY
    for entry in history:
        edge = edge.extend([hash_leaf(entry)])
        roots.append(edge.root())
    sizes = set()
    for path in (path for folder in folders for path in folder.glob("signed/*")):
        *texts, rest = path.read_bytes().split(b"\n\n")
        assert rest == b""
        for text in texts:
            signed = parse_checkpoint(text + b"\n")
            assert signed.size <= len(history) and signed.root == roots[signed.size], path.name
            sizes.add(signed.size)
    return sizes
