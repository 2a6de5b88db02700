"""The power fails while results and pages are published: the next start, which is as every start, completes them.

Result files are flushed before anything names them. Pages are not: they may be lost, torn or empty, and are drawn
again.
"""

import itertools
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from central_server.follower import Publisher
from central_server.pages.site_check import compare_site
from ledger.checkpoint import parse_checkpoint
from ledger.note import parse_note
from ledger.primitives import sha256
from ledger.record import Snapshot, parse_record
from ledger.results import LATEST, numbered_path
from tests.system.crash_states import State, crash_states, materialise
from tests.system.disk_recorder import DiskRecorder
from tests.unit.central_server.publisher_factory import NOON, Hall, open_hall, settle
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally

STATES = 100
"""Of some thousand, drawn by lot: a start is a second's work."""
AFTERWARDS = NOON + 1_000


def play(hall: Hall, recorder: DiskRecorder, batches: list[list[bytes]]) -> None:
    """Two snapshots; what is appended is kept in ``batches``, and told to the recorder when it is in the log."""
    append: Callable[..., Any] = hall.store._append

    def noted(entries: list[bytes], number: int | None) -> object:
        result = append(entries, number)
        batches.append(entries)
        recorder.mark(len(batches))
        return result

    setattr(hall.store, "_append", noted)  # noqa: B010  # All appends go through it, the numbered ones too.
    hall.define()
    publisher = hall.publisher()
    settle(publisher)
    hall.say(tally(hall.night), DEVICE_KEYS[0])
    hall.clock.now += 5
    settle(publisher)


def append_again(hall: Hall, batches: list[list[bytes]]) -> None:
    """The log as it was, with every head that it had."""
    number = itertools.count(1)
    for entries in batches:
        is_snapshot = isinstance(parse_record(entries[0]).body, Snapshot)
        hall.store._append(entries, next(number) if is_snapshot else None)
    hall.clock.now = AFTERWARDS


def verify_announced(hall: Hall) -> None:
    """What is announced is whole, covered by the published checkpoint, and its files are there."""
    files = hall.files()
    if LATEST not in files:
        return
    size = parse_checkpoint(parse_note(files["checkpoint"]).text).size
    bodies = [parse_record(entry).body for entry in hall.store.entries(0, size)]
    covered = {body.manifest_hash: body.number for body in bodies if isinstance(body, Snapshot)}
    number = covered[sha256(files[LATEST])]
    assert files[numbered_path(number)] == files[LATEST]


def finish(publisher: Publisher) -> None:
    """All at one moment, so that what is made is the same bytes however many steps it takes."""
    for _ in range(50):
        if publisher.step(closing=True).settled:
            return
    raise AssertionError("the publisher does not come to an end")


def lasting(hall: Hall) -> dict[str, bytes]:
    """What follows from the log alone. A page says which snapshot changed it, a proof under which checkpoint it is."""
    return {
        name: data
        for name, data in hall.files().items()
        if ".p/" not in name and not name.endswith((".html", ".tlog-proof")) and ".tmp-" not in name
    }


@pytest.mark.slow
def test_the_power_fails_while_results_are_published(disk_root: Path, scratch_disk: Path) -> None:
    recorder = DiskRecorder(disk_root)
    batches: list[list[bytes]] = []
    with open_hall(scratch_disk / "log") as hall:
        hall.directory = disk_root / "publication"
        with recorder.recording():
            play(hall, recorder, batches)
    states = [*crash_states(recorder.operations)]
    expected: dict[int, dict[str, bytes]] = {}
    for _, told, state in random.Random(7).sample(states, STATES):
        count = len(told)
        for again, found in ((scratch_disk / "afresh", {}), (scratch_disk / "after", state)):
            if found or count not in expected:
                files = publish_after(again, batches[:count], found)
                assert expected.setdefault(count, files) == files


def publish_after(again: Path, batches: list[list[bytes]], state: State) -> dict[str, bytes]:
    again.mkdir()
    materialise(state, again / "disk")
    with open_hall(again / "log") as hall:
        hall.directory = again / "disk" / "publication"
        append_again(hall, batches)
        verify_announced(hall)
        if batches:
            finish(hall.publisher())
            verify_announced(hall)
            if (hall.directory / LATEST).exists():
                assert compare_site(hall.directory).different == ()
        files = lasting(hall)
    shutil.rmtree(again)
    return files
