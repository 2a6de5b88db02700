"""A process that appends to a log and tells each acknowledgement; tests run it, kill it and limit its disk.

One line on standard output for each receipt, written after the log has answered: index, entry and receipt in
hexadecimal. A refused append is told by its code on a last line. Whatever is signed is noted in the folder ``signed``
before anyone can see it.
"""

import argparse
import itertools
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from ledger.errors import RollbackError
from ledger.log import Log
from ledger.store.durable import StorageError
from ledger.store.tile_files import publish
from tests.unit.ledger.store.log_factory import SIGNER, OpenLog, open_log

BATCH = 7


class NotingSigner:
    """The log's signer; each text that it signs is appended to a file at once, ``step`` is taken before and after."""

    key = SIGNER.key

    def __init__(self, notes: Path, step: Callable[[], None]) -> None:
        notes.parent.mkdir(exist_ok=True)
        self._notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._step = step

    def sign(self, text: bytes) -> bytes:
        self._step()
        os.write(self._notes, text + b"\n")
        signature = SIGNER.sign(text)
        self._step()
        return signature


def die_at_step(opened: OpenLog, last: int) -> Callable[[], None]:
    """Kill this process at its ``last``-th step from now: each SQL statement, and before and after each write and flush
    of the guard, is one, and so is each call of what is returned.
    """
    steps = itertools.count(1)

    def step(*_: object) -> None:
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def stepping(call: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*arguments: object) -> object:
            step()
            result = call(*arguments)
            step()
            return result

        return wrapped

    opened.store._connection.set_trace_callback(step)
    for name in ("pwrite", "fdatasync"):
        setattr(os, name, stepping(getattr(os, name)))
    return step


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("--batches", type=int, help="stop after so many; without it, never")
    parser.add_argument("--publish", action="store_true", help="publish after each batch")
    parser.add_argument("--file-limit", type=int, help="bytes to which any file may grow: as if the disk were full")
    parser.add_argument("--wait", action="store_true", help="open the log, say so, and begin when standard input ends")
    parser.add_argument("--die-at", type=int, help="be killed at this step of the appends, see die_at_step()")
    options = parser.parse_args()
    try:
        opened = open_log(options.folder)
    except RollbackError as error:
        print("refused", error.code, flush=True)
        return
    step = die_at_step(opened, options.die_at) if options.die_at else lambda: None
    signer = NotingSigner(options.folder / "signed" / f"{options.name}-{os.getpid()}", step)
    log = Log(opened.store, opened.guard, signer)
    if options.wait:
        print("opened", flush=True)
        sys.stdin.read()
    if options.file_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options.file_limit, options.file_limit))
    for batch in itertools.islice(itertools.count(), options.batches):
        entries = [b"%s %d %d" % (options.name.encode(), batch, at) for at in range(BATCH)]
        # Every worker brings this one too: only the first may add it.
        entries.append(b"common %d" % batch)
        try:
            receipts = log.append(entries)
            for entry, receipt in zip(entries, receipts, strict=True):
                print(receipt.index, entry.hex(), receipt.tlog_proof.hex())
            sys.stdout.flush()
            if options.publish:
                publish(opened.store, options.folder / "public", log.checkpoint())
        except (StorageError, RollbackError) as error:
            print("refused", error.code, flush=True)
            return


if __name__ == "__main__":
    main()
