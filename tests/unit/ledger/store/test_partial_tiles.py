"""Partial tiles go when full ones have replaced them for long enough, and never before."""

from pathlib import Path
from unittest import mock

import pytest

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.store import partial_tiles
from ledger.store.durable import StorageError
from ledger.store.partial_tiles import GRACE_SECONDS
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import publish
from tests.unit.ledger.store.log_factory import ORIGIN, SIGNER
from tests.unit.ledger.store.partial_factory import Folder, filling, needed


@pytest.fixture
def folder(store: SqliteStore, tmp_path: Path) -> Folder:
    return Folder(store, tmp_path / "public")


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
