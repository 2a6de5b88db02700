"""The fold of so many tallies in a process of its own, that its memory and its time can be told.

    python -m benchmarks.fold_process TALLIES time|memory

Prints a ``FoldAccount`` as JSON. The tallies are made a thousand at a time, and only folding them is measured; after
each thousand a snapshot is folded. The interpreter is set as a server sets it. Memory is counted by tracemalloc, which
takes time of its own: the time and the peak of that run say nothing.
"""

import gc
import itertools
import os
import subprocess
import sys
import time
import tracemalloc

import msgspec

from benchmarks.fold_election import define, make_snapshot, make_tallies
from central_server.interpreter import settle_interpreter
from ledger.fold import Fold
from simulator.measures import usage_of

CHUNK = 1_000
FOLD_SECONDS = 300


class FoldAccount(msgspec.Struct, frozen=True):
    """``seconds`` of processor time, ``state_bytes`` that the tallies left in the state (0 where time is measured).

    ``peak_mebibytes`` of the process has the definition in it: contests, precincts, devices.
    """

    tallies: int
    seconds: float
    state_bytes: int
    peak_mebibytes: float


def measure_fold(tallies: int, what: str) -> FoldAccount:
    arguments = [sys.executable, "-m", "benchmarks.fold_process", str(tallies), what]
    ended = subprocess.run(arguments, stdout=subprocess.PIPE, timeout=FOLD_SECONDS, check=True)
    return msgspec.json.decode(ended.stdout, type=FoldAccount)


def main(tallies: int, what: str) -> None:
    fold = Fold()
    election_id = define(fold, tallies)
    settle_interpreter()
    records, seconds, counted = make_tallies(election_id, tallies), 0.0, 0
    if what == "memory":
        tracemalloc.start()
    while chunk := list(itertools.islice(records, CHUNK)):
        begun = time.process_time()
        for record in chunk:
            counted += fold.apply(fold.size, record).status == "counted"
        fold.apply(fold.size, make_snapshot(election_id, fold.snapshots + 1, fold.size))
        fold.changed.clear()
        seconds += time.process_time() - begun
    del chunk
    gc.collect()
    state_bytes = tracemalloc.get_traced_memory()[0] if what == "memory" else 0
    usage = usage_of(os.getpid())
    account = FoldAccount(counted, seconds, state_bytes, usage.peak_mebibytes if usage is not None else 0.0)
    sys.stdout.write(msgspec.json.encode(account).decode())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
