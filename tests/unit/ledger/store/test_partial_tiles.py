"""Partial tiles go when full ones have replaced them for long enough, and never before."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.store import partial_tiles
from ledger.store.contract import TreeHead
from ledger.store.durable import StorageError
from ledger.store.partial_tiles import GRACE_SECONDS, PartialTiles
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import publish, read_published
from ledger.tiles import TILE_WIDTH, Tile, encode_bundle_path, encode_tile_path, new_bundles, tiles_for_size
from tests.unit.ledger.store.log_factory import ORIGIN, SIGNER, database_path


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Folder:
    """A publication with what cleans it, both of which may be started anew."""

    def __init__(self, store: SqliteStore, path: Path) -> None:
        self.store, self.path, self.clock = store, path, Clock()
        self.restart()

    def restart(self) -> None:
        self.partial_tiles = PartialTiles(self.path, ORIGIN, self.clock)

    def grow(self, count: int) -> None:
        size = self.store.head().size
        for first in range(size, size + count, 1_000):
            self.store.append([b"entry %d" % index for index in range(first, min(first + 1_000, size + count))])

    def publish(self) -> TreeHead:
        head = self.store.head()
        return publish(self.store, self.path, sign_checkpoint(Checkpoint(ORIGIN, head.size, head.root), SIGNER))

    def publish_to(self, size: int) -> TreeHead:
        self.grow(size - self.store.head().size)
        return self.publish()

    def names(self) -> set[str]:
        return {str(path.relative_to(self.path)) for path in (self.path / "tile").rglob("*") if path.is_file()}

    def collect_all(self) -> None:
        for _ in range(20):
            self.partial_tiles.collect()


@pytest.fixture
def folder(store: SqliteStore, tmp_path: Path) -> Folder:
    return Folder(store, tmp_path / "public")


def needed(size: int) -> set[str]:
    """The files that a reader of the checkpoint of this size asks for."""
    return {encode_tile_path(tile) for tile in tiles_for_size(size)} | {
        encode_bundle_path(bundle) for bundle in new_bundles(0, size)
    }


def filling(sizes: list[int]) -> set[str]:
    """Of the files of these sizes: those of the last one, and partial ones where no full one is yet."""
    last = sizes[-1]
    found = needed(last)
    for size in sizes:
        found |= {name for name in needed(size) if ".p/" in name and name.partition(".p/")[0] not in needed(last)}
    return found


def test_they_go_when_the_full_tile_is_published_and_the_grace_is_over(folder: Folder) -> None:
    folder.publish_to(200)
    folder.publish_to(250)
    folder.clock.now += 10 * GRACE_SECONDS
    folder.collect_all()
    assert folder.names() == needed(200) | needed(250), "no full tile yet"
    folder.publish_to(300)
    folder.collect_all()
    folder.clock.now += GRACE_SECONDS - 1
    folder.collect_all()
    assert folder.names() == needed(200) | needed(250) | needed(300)
    folder.clock.now += 1
    folder.collect_all()
    assert folder.names() == needed(300)
    assert not (folder.path / "tile/0/000.p").exists()


def test_the_upper_levels_are_cleaned_too(folder: Folder) -> None:
    sizes = [65_000, 65_535, 65_536, 65_800]
    for size in sizes:
        folder.publish_to(size)
    folder.collect_all()
    assert "tile/1/000.p/253" in folder.names()
    folder.clock.now += GRACE_SECONDS
    folder.collect_all()
    assert folder.names() == needed(65_800)


def test_after_a_start_the_grace_begins_anew(folder: Folder) -> None:
    folder.publish_to(200)
    folder.publish_to(300)
    for _ in range(3):
        folder.restart()
        folder.partial_tiles.collect()
        folder.clock.now += GRACE_SECONDS - 1
        folder.collect_all()
        assert needed(200) < folder.names()
    folder.clock.now += 1
    folder.collect_all()
    assert folder.names() == needed(300)


def test_tiles_that_wait_for_signatures_replace_nothing(folder: Folder) -> None:
    """The full tile is there, but no checkpoint that covers it: for hours, where witnesses are away."""
    folder.publish_to(200)
    folder.grow(100)
    head = folder.store.head()

    class NoQuorumError(Exception):
        pass

    def refuse(_: bytes) -> bytes:
        raise NoQuorumError

    signed = sign_checkpoint(Checkpoint(ORIGIN, head.size, head.root), SIGNER)
    for _ in range(2):
        with pytest.raises(NoQuorumError):
            publish(folder.store, folder.path, signed, refuse)
        folder.collect_all()
        folder.clock.now += 10 * GRACE_SECONDS
    folder.collect_all()
    assert folder.names() == needed(200) | needed(300)


def test_a_step_has_bounds(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in range(200, 200 + 256 * 6, 256):
        folder.publish_to(size)
    folder.publish_to(256 * 6)
    for name, bound in (("LOOKED_AT_A_STEP", 4), ("REMOVED_A_STEP", 1), ("MAX_WAITING", 3)):
        monkeypatch.setattr(partial_tiles, name, bound)
    before = len(list(folder.path.rglob("*.p")))
    assert before == 6 * 2 + 1
    left: list[int] = []
    while len(left) < 60 and (not left or left[-1] > 1):
        folder.partial_tiles.collect()
        folder.clock.now += GRACE_SECONDS
        left.append(len(list(folder.path.rglob("*.p"))))
    assert left[-1] == 1 and all(0 <= early - late <= 1 for early, late in zip([before, *left], left, strict=False))
    assert folder.names() == filling([*range(200, 200 + 256 * 6, 256), 256 * 6])


def test_what_is_not_ours_stays(folder: Folder) -> None:
    """A stray of a killed publisher goes with its folder; an operator's file holds it, and is no error."""
    folder.publish_to(200)
    folder.publish_to(300)
    (folder.path / "tile/0/000.p/.tmp-abc").write_bytes(b"half")
    (folder.path / "tile/entries/000.p/note.txt").write_bytes(b"mine")
    (folder.path / "tile/entries/000.p/deep").mkdir()
    folder.collect_all()
    folder.clock.now += GRACE_SECONDS
    folder.collect_all()
    assert folder.names() == needed(300) | {"tile/entries/000.p/note.txt"}


def test_without_the_full_tile_the_partial_ones_are_kept(folder: Folder) -> None:
    folder.publish_to(200)
    folder.publish_to(300)
    (folder.path / "tile/0/000").unlink()
    folder.collect_all()
    folder.clock.now += GRACE_SECONDS
    folder.collect_all()
    assert "tile/0/000.p/200" in folder.names() and "tile/entries/000.p/200" not in folder.names()


def test_an_older_folder_in_its_place_is_begun_anew(folder: Folder, tmp_path: Path) -> None:
    folder.publish_to(200)
    older = Folder(folder.store, tmp_path / "older")
    older.publish()
    folder.publish_to(300)
    folder.collect_all()
    folder.path.rename(tmp_path / "away")
    older.path.rename(folder.path)
    folder.clock.now += GRACE_SECONDS
    folder.collect_all()
    assert folder.names() == needed(200)
    folder.publish_to(400)
    folder.collect_all()
    assert needed(200) < folder.names()
    folder.clock.now += GRACE_SECONDS
    folder.collect_all()
    assert folder.names() == needed(400)


def test_a_failure_is_coded_and_the_next_step_goes_on(folder: Folder) -> None:
    folder.publish_to(200)
    folder.publish_to(300)
    folder.collect_all()
    folder.clock.now += GRACE_SECONDS
    for call in ("unlink", "rmdir", "is_file"):
        with (
            mock.patch.object(Path, call, side_effect=PermissionError(13, "no")),
            pytest.raises(StorageError) as caught,
        ):
            folder.partial_tiles.collect()
        assert caught.value.code == "STORAGE_NOT_WRITABLE"
    folder.collect_all()
    assert folder.names() == needed(300)


class Killed(BaseException):
    """Stands for the end of the process."""


@contextmanager
def killed_at(flush: int) -> Iterator[None]:
    fsync, calls = os.fsync, 0

    def count(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == flush:
            raise Killed
        fsync(descriptor)

    with mock.patch.object(os, "fsync", count):
        yield


STEPS = st.one_of(
    st.tuples(st.just("publish"), st.integers(50, 400)),
    st.tuples(st.just("killed publish"), st.integers(1, 12)),
    st.tuples(st.just("collect"), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, 300, 599, 600, 5_000])),
    st.tuples(st.just("restart"), st.just(0)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=5, max_size=25))
def test_every_checkpoint_is_served_whatever_happens(steps: list[tuple[str, int]]) -> None:
    """As it was for the whole grace time, and for ever where a reader takes the full tile for a partial one."""
    with tempfile.TemporaryDirectory() as root, SqliteStore.create(database_path(Path(root)), ORIGIN) as store:
        folder = Folder(store, Path(root) / "public")
        published: dict[int, float] = {}
        """Sizes, with the time at which each was published."""
        for kind, number in steps:
            match kind:
                case "publish" | "killed publish":
                    folder.grow(number if kind == "publish" else 70)
                    try:
                        with killed_at(number if kind == "killed publish" else 0):
                            folder.publish()
                    except Killed:
                        folder.restart()
                case "collect":
                    folder.partial_tiles.collect()
                case "wait":
                    folder.partial_tiles.collect()
                    folder.clock.now += number
                    folder.partial_tiles.collect()
                case "restart":
                    folder.restart()
            published.setdefault(read_published(folder.path, ORIGIN).size, folder.clock.now)
            verify_served(folder, published)
        folder.publish()
        published.setdefault(store.head().size, folder.clock.now)
        folder.collect_all()
        folder.clock.now += GRACE_SECONDS
        folder.collect_all()
        verify_served(folder, published)
        last = max(published)
        whole = {name for name in folder.names() if ".p/" not in name and ".tmp-" not in name}
        assert whole == {name for name in needed(last) if ".p/" not in name}
        left = {name.partition(".p/")[0] for name in folder.names() if ".p/" in name}
        assert not left & whole, "no partial tile beside a full one"


def verify_served(folder: Folder, published: dict[int, float]) -> None:
    current = max(published)
    for size, since in published.items():
        superseded = [time for later, time in published.items() if later > size]
        in_grace = size == current or folder.clock.now - min(superseded) < GRACE_SECONDS or since == folder.clock.now
        for name in needed(size):
            full = name.partition(".p/")[0]
            whole = (folder.path / full).is_file() and full in needed(current)
            assert (folder.path / name).is_file() or (whole and not in_grace), (size, name)


def test_the_largest_partial_tile_has_a_name_of_ours() -> None:
    for width in range(1, TILE_WIDTH):
        assert partial_tiles._OURS.fullmatch(Path(encode_tile_path(Tile(0, 0, width))).name)
