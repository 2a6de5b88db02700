"""Killed at any moment: what was acknowledged is there, with the same receipt, and the log goes on."""

import itertools
import random
import signal
from pathlib import Path

import pytest

from ledger.store.tile_files import publish, read_published
from ledger.tiles import encode_bundle_path, new_bundles, parse_bundle
from tests.system.append_harness import (
    Acknowledged,
    parse_acknowledged,
    read_lines,
    start_worker,
    verify_acknowledged,
    verify_signed,
)
from tests.system.append_worker import BATCH
from tests.unit.ledger.store.log_factory import ORIGIN, head_of, make_log, open_log


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    make_log(tmp_path).store.close()
    chance = random.Random(seed)
    acknowledged: list[Acknowledged] = []
    for round_ in range(4):
        with start_worker(tmp_path, f"round {round_}") as worker:
            lines = [*read_lines(worker, chance.randint(1, 150))]
            worker.kill()
            lines += read_lines(worker)
        acknowledged += parse_acknowledged(lines)
        opened = open_log(tmp_path)
        history = verify_acknowledged(opened, acknowledged)
        opened.log.checkpoint()
        assert opened.guard.read() == opened.store.head() == head_of(history)
        # Asked again as a sender does that saw no answer: the same receipts, and nothing new.
        again = opened.log.append([one.entry for one in acknowledged[-100:]])
        assert [receipt.tlog_proof for receipt in again] == [one.proof for one in acknowledged[-100:]]
        assert opened.store.head().size == len(history)
        assert verify_signed(history, tmp_path)
        opened.store.close()


def test_killed_at_each_step_of_an_append(tmp_path: Path) -> None:
    """Statement by statement: before the commit nothing is left of the batch, after it all is, signed or not."""
    make_log(tmp_path).store.close()
    acknowledged: list[Acknowledged] = []
    outcomes: set[tuple[int, bool]] = set()
    for step in itertools.count(1):
        with start_worker(tmp_path, f"step {step}", "--batches", "1", "--die-at", str(step)) as worker:
            told = parse_acknowledged(read_lines(worker))
            code = worker.wait()
        if code == 0:
            break
        assert (code, told) == (-signal.SIGKILL, [])
        opened = open_log(tmp_path)
        history = verify_acknowledged(opened, acknowledged)
        entries = [b"step %d 0 %d" % (step, at) for at in range(BATCH)]
        outcomes.add((sum(entry in history for entry in entries), opened.guard.read() == opened.store.head()))
        receipts = opened.log.append(entries)
        acknowledged += [
            Acknowledged(receipt.index, entry, receipt.tlog_proof)
            for entry, receipt in zip(entries, receipts, strict=True)
        ]
        opened.store.close()
    opened = open_log(tmp_path)
    assert len(verify_signed(verify_acknowledged(opened, acknowledged), tmp_path)) > 2
    opened.store.close()
    # Not committed; committed and not yet guarded; both, and killed before the answer.
    assert outcomes == {(0, True), (BATCH, False), (BATCH, True)}


def test_a_killed_publisher_leaves_a_folder_that_serves_its_checkpoint(tmp_path: Path) -> None:
    make_log(tmp_path).store.close()
    chance = random.Random(3)
    public = tmp_path / "public"
    for round_ in range(4):
        with start_worker(tmp_path, f"round {round_}", "--publish") as worker:
            [*read_lines(worker, chance.randint(30, 400))]
            worker.kill()
        opened = open_log(tmp_path)
        head = read_published(public, ORIGIN)
        assert opened.store.root_at(head.size) == head.root
        entries: list[bytes] = []
        for bundle in new_bundles(0, head.size):
            entries += parse_bundle(bundle, (public / encode_bundle_path(bundle)).read_bytes())
        assert head_of(entries) == head
        publish(opened.store, public, opened.log.checkpoint())
        publish(opened.store, tmp_path / f"at once {round_}", opened.log.checkpoint())
        for path in (tmp_path / f"at once {round_}").rglob("*"):
            if path.is_file():
                assert path.read_bytes() == (public / path.relative_to(tmp_path / f"at once {round_}")).read_bytes()
        opened.store.close()
