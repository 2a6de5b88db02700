"""The power fails at any moment: whatever of the unflushed the disk kept, the next start finds what was answered.

The operations of a run are recorded, and every state that the disk may be left in is built from them. SQLite's own
writing is not among them: that a commit survives is its promise in WAL mode with ``synchronous=FULL``, and that the
store asks for these is for ``test_sqlite_settings``.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

import pytest

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.store.contract import EMPTY_HEAD, TreeHead
from ledger.store.partial_tiles import GRACE_SECONDS, PartialTiles
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import publish, read_published
from ledger.tiles import encode_bundle_path, encode_tile_path, new_bundles, tiles_for_size
from tests.system.crash_check import verify_states
from tests.system.crash_states import Mark, Operation, Rename, Unlink
from tests.system.disk_recorder import DiskRecorder, Killed
from tests.unit.ledger.store.log_factory import ORIGIN, SIGNER, database_path, head_of

SIZES = (1, 200, 300, 530)
ENTRIES = [b"entry %d" % index for index in range(SIZES[-1])]
HEADS = {size: head_of(ENTRIES[:size]) for size in SIZES}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    with SqliteStore.create(database_path(tmp_path_factory.mktemp("log")), ORIGIN) as store:
        for before, size in zip((0, *SIZES), SIZES, strict=False):
            store.append(ENTRIES[before:size])
        yield store


def sign(head: TreeHead) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, head.size, head.root), SIGNER)


def needed(size: int) -> set[str]:
    tiles = {encode_tile_path(tile) for tile in tiles_for_size(size)}
    return tiles | {encode_bundle_path(bundle) for bundle in new_bundles(0, size)}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".tmp-")
    }


@contextmanager
def unflushed() -> Iterator[None]:
    """For what is thrown away at once."""
    with mock.patch("os.fsync"), mock.patch("os.fdatasync"):
        yield


class Night:
    """Publications one after another, with the cleaning in between; may be killed and started again."""

    def __init__(self, store: SqliteStore, root: Path, recorder: DiskRecorder) -> None:
        self.store, self.folder, self.recorder, self.now = store, root / "publication", recorder, 0.0

    def play(self) -> None:
        partial_tiles = PartialTiles(self.folder, ORIGIN, lambda: self.now)
        for size in SIZES:
            published = publish(self.store, self.folder, sign(HEADS[size]))
            self.recorder.mark(published.size)
            for _ in range(2):
                partial_tiles.collect()
                self.now += GRACE_SECONDS


@pytest.fixture(scope="module")
def whole(store: SqliteStore, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every file that an uninterrupted run has at any time, by path; tiles never change."""
    files: dict[str, bytes] = {}
    folder = tmp_path_factory.mktemp("whole") / "publication"
    for size in SIZES:
        publish(store, folder, sign(HEADS[size]))
        files |= contents(folder)
    return files


def verify_publication(store: SqliteStore, root: Path, told: list[object], whole: dict[str, bytes]) -> None:
    """The state as it is, and after the next start; what was told is the size that the last publication returned."""
    folder = root / "publication"
    found = read_published(folder, ORIGIN)
    assert found in (EMPTY_HEAD, *HEADS.values())
    assert found.size >= max((size for size in told if isinstance(size, int)), default=0)
    there = contents(folder) if folder.exists() else {}
    assert {name: there.get(name) for name in needed(found.size)} == {name: whole[name] for name in needed(found.size)}
    with unflushed():
        assert publish(store, folder, sign(HEADS[SIZES[-1]])) == HEADS[SIZES[-1]]
    after = contents(folder)
    assert after.keys() >= needed(SIZES[-1])
    assert after == {name: whole[name] for name in after}


def test_the_power_fails_during_publication(
    store: SqliteStore, disk_root: Path, scratch_disk: Path, whole: dict[str, bytes]
) -> None:
    recorder = DiskRecorder(disk_root)
    with recorder.recording():
        Night(store, disk_root, recorder).play()
    assert sum(isinstance(operation, Rename) for operation in recorder.operations) == len(whole) + len(SIZES), (
        "all files"
    )
    verify_states(recorder, scratch_disk, lambda again, told: verify_publication(store, again, told, whole))


def test_a_publisher_is_killed_and_the_power_fails_after_the_next_has_finished(
    store: SqliteStore, disk_root: Path, scratch_disk: Path, whole: dict[str, bytes]
) -> None:
    """What the killed one had made, but not flushed, is flushed by the next before it answers."""
    for kill_before in range(1_000):
        recorder = DiskRecorder(disk_root)
        recorder.kill_before = kill_before
        with recorder.recording():
            try:
                Night(store, disk_root, recorder).play()
            except Killed:
                recorder.kill_before = None
                Night(store, disk_root, recorder).play()
            else:
                break
        end = len(recorder.operations)
        verify_states(recorder, scratch_disk, lambda again, told: verify_publication(store, again, told, whole), end)
        shutil.rmtree(disk_root)
        disk_root.mkdir()
    assert kill_before > 50


def test_partial_tiles_go_only_when_the_checkpoint_after_theirs_is_on_the_disk(
    store: SqliteStore, disk_root: Path, scratch_disk: Path, whole: dict[str, bytes]
) -> None:
    """The publisher died when its checkpoint could be read, but could still be lost; the next start has no news."""
    (scratch_disk / "rehearsal").mkdir()
    rehearsed: list[Operation] = []
    for place in (scratch_disk / "rehearsal", disk_root):
        recorder = DiskRecorder(place)
        night = Night(store, place, recorder)
        # The second time, all but the last flush.
        recorder.kill_before = len(rehearsed) - 1 if place == disk_root else None
        with recorder.recording(), suppress(Killed):
            for size in (200, 300):
                publish(store, night.folder, sign(HEADS[size]))
                recorder.mark(size)
        rehearsed = [operation for operation in recorder.operations if operation != Mark(300)]
    assert isinstance(recorder.operations[-1], Rename) and read_published(night.folder, ORIGIN) == HEADS[300]
    flushes = len(recorder.operations)
    with recorder.recording():
        recorder.kill_before = None
        partial_tiles = PartialTiles(night.folder, ORIGIN, lambda: night.now)
        partial_tiles.collect()
        night.now += GRACE_SECONDS
        partial_tiles.collect()
    assert isinstance(recorder.operations[-1], Unlink)
    verify_states(recorder, scratch_disk, lambda again, told: verify_publication(store, again, told, whole), flushes)
