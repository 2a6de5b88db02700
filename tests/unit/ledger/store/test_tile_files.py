"""The published folder: its files, its order of writing, and what it refuses to publish over."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import ConflictError, FormatError, RollbackError
from ledger.note import Ed25519NoteSigner
from ledger.signing import Ed25519Signer
from ledger.store import tile_files
from ledger.store.contract import EMPTY_HEAD, TreeHead
from ledger.store.durable import StorageError, write_file
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import publish, read_published
from ledger.tiles import encode_bundle
from tests.unit.ledger.store.log_factory import ORIGIN, SIGNER, database_path, head_of

LARGEST = 70_000


def sign(head: TreeHead) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, head.size, head.root), SIGNER)


def grow(store: SqliteStore, size: int) -> bytes:
    """Append up to ``size`` entries in all; returns the checkpoint of that size."""
    start = store.head().size
    for first in range(start, size, 1_000):
        store.append([b"entry %d" % index for index in range(first, min(first + 1_000, size))])
    return sign(store.head())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "public"


@pytest.mark.independent
def test_a_large_log_has_the_tiles_that_others_compute(store: SqliteStore, folder: Path, repository: Path) -> None:
    """Published in three steps, so that each level's last tile is taken up again."""
    for size in (65_500, 65_800, LARGEST):
        publish(store, folder, grow(store, size))
    grown = json.loads((repository / "tests/vectors/rfc6962/tiles.json").read_text())["grown"]
    for step in grown:
        if (step["old"], step["size"]) in {(65_500, 65_800), (0, LARGEST)}:
            for path, digest in step["tiles"].items():
                assert hashlib.sha256((folder / path).read_bytes()).hexdigest()[:16] == digest, path


def test_a_small_log_has_these_files(store: SqliteStore, folder: Path) -> None:
    checkpoint = grow(store, 300)
    assert publish(store, folder, checkpoint) == store.head()
    files = contents(folder)
    assert sorted(files) == [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]
    assert files["checkpoint"] == checkpoint
    assert files["tile/entries/001.p/44"] == encode_bundle([b"entry %d" % index for index in range(256, 300)])


@pytest.mark.parametrize("steps", [(1, 255, 256, 257), (256, 512), (3, 3, 700), (511, 513, 1000)])
def test_small_steps_end_in_the_files_of_one_large_step(
    store: SqliteStore, folder: Path, tmp_path: Path, steps: tuple[int, ...]
) -> None:
    for size in steps:
        publish(store, folder, grow(store, size))
    publish(store, tmp_path / "at once", sign(store.head()))
    stepped = contents(folder)
    assert contents(tmp_path / "at once").items() <= stepped.items()
    # The partial tiles of checkpoints that were published before are kept.
    for size in steps:
        if size % 256:
            assert f"tile/entries/{size // 256:03}.p/{size % 256}" in stepped


def test_an_empty_log_is_published_as_a_checkpoint_alone(store: SqliteStore, folder: Path) -> None:
    assert read_published(folder, ORIGIN) == EMPTY_HEAD
    publish(store, folder, sign(EMPTY_HEAD))
    assert [*contents(folder)] == ["checkpoint"]


def test_a_late_publisher_does_not_turn_the_folder_back(store: SqliteStore, folder: Path) -> None:
    early = grow(store, 10)
    late = grow(store, 20)
    publish(store, folder, late)
    assert publish(store, folder, early) == head_of([b"entry %d" % index for index in range(20)])
    assert (folder / "checkpoint").read_bytes() == late


def test_the_same_head_may_be_published_with_other_signatures(store: SqliteStore, folder: Path) -> None:
    publish(store, folder, grow(store, 10))
    witness = Ed25519NoteSigner("witness.example", Ed25519Signer(bytes(32)))
    note = grow(store, 10)
    cosigned = note + f"\u2014 witness.example {'A' * 96}\n".encode()
    assert witness.key.name in cosigned.decode()
    publish(store, folder, cosigned)
    assert (folder / "checkpoint").read_bytes() == cosigned


def test_a_head_that_the_log_never_had_is_not_published(store: SqliteStore, folder: Path) -> None:
    grow(store, 10)
    for head in (head_of([b"other"] * 10), head_of([b"entry %d" % index for index in range(5)]), head_of([b"x"] * 11)):
        with pytest.raises(RollbackError) as caught:
            publish(store, folder, sign(head))
        assert caught.value.code == "CHECKPOINT_NOT_OF_LOG"
    assert not folder.exists()


def test_another_logs_checkpoint_is_refused(store: SqliteStore, folder: Path) -> None:
    grow(store, 1)
    other = Ed25519NoteSigner("cec.example/5f0c/2", Ed25519Signer(bytes(32)))
    head = store.head()
    with pytest.raises(FormatError) as caught:
        publish(store, folder, sign_checkpoint(Checkpoint(other.key.name, head.size, head.root), other))
    assert caught.value.code == "WRONG_ORIGIN"


@pytest.mark.parametrize("size", [5, 10, 20])
def test_a_log_without_the_published_head_publishes_nothing(
    store: SqliteStore, folder: Path, tmp_path: Path, size: int
) -> None:
    """A log that was restored from an old copy, or went on differently from there."""
    publish(store, folder, grow(store, 10))
    before = contents(folder)
    with SqliteStore.create(database_path(tmp_path / "other"), ORIGIN) as other:
        other.append([b"other %d" % index for index in range(size)])
        with pytest.raises(RollbackError) as caught:
            publish(other, folder, sign(other.head()))
    assert caught.value.code == "PUBLICATION_NOT_OF_LOG"
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tile/0/001.p/44", None),
        ("tile/0/001.p/44", bytes(44 * 32)),
        ("tile/0/001.p/44", bytes(3)),
        ("tile/1/000.p/1", bytes(32)),
    ],
)
def test_a_folder_without_its_own_tiles_is_not_continued(
    store: SqliteStore, folder: Path, name: str, content: bytes | None
) -> None:
    first = grow(store, 300)
    publish(store, folder, first)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(ConflictError, match="Move the folder away") as caught:
        publish(store, folder, grow(store, 600))
    assert caught.value.code == "PUBLICATION_DAMAGED"
    assert (folder / "checkpoint").read_bytes() == first
    shutil.rmtree(folder)
    publish(store, folder, sign(store.head()))
    assert read_published(folder, ORIGIN) == store.head()


@pytest.mark.parametrize("failing", [*range(1, 16)])
def test_a_publication_that_fails_anywhere_is_finished_by_the_next(
    store: SqliteStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """The disk fails at the n-th flush: the folder serves its old checkpoint in full, and later the new one."""
    old = grow(store, 300)
    publish(store, folder, old)
    before = contents(folder)
    new = grow(store, 600)
    fsync, calls = os.fsync, 0

    def fail_once(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.ENOSPC, "full")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_once)
    with pytest.raises(StorageError) as caught:
        publish(store, folder, new)
    monkeypatch.undo()
    assert caught.value.code == "DISK_FULL"
    assert before.items() <= contents(folder).items()
    publish(store, folder, new)
    publish(store, tmp_path / "at once", new)
    assert contents(tmp_path / "at once").items() <= contents(folder).items()


def test_what_a_broken_run_left_behind_is_replaced(store: SqliteStore, folder: Path) -> None:
    """No checkpoint covered it, so that nobody may have relied on it."""
    publish(store, folder, grow(store, 300))
    (folder / "tile/0/001").write_bytes(b"torn")
    publish(store, folder, grow(store, 600))
    assert len((folder / "tile/0/001").read_bytes()) == 256 * 32


def test_a_log_that_lost_an_entry_is_not_published(store: SqliteStore, folder: Path) -> None:
    """The tree that is served is hashed from the entries that are served."""
    new = grow(store, 300)
    store._connection.execute("UPDATE entries SET data = x'00' WHERE idx = 280")
    with pytest.raises(StorageError) as caught:
        publish(store, folder, new)
    assert caught.value.code == "STORE_CORRUPT"
    store._connection.execute("DELETE FROM entries WHERE idx >= 280")
    with pytest.raises(StorageError):
        publish(store, folder, new)
    assert not (folder / "checkpoint").exists()


def test_one_publisher_at_a_time_works_on_a_folder(
    store: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While anything is written, nobody else gets the lock; it lies beside the folder, where only its owner reads."""
    lock = folder.parent / f".{folder.name}.lock"
    refused = []

    def write(path: Path, data: bytes, mode: int = 0o644) -> None:
        if path != lock:
            with lock.open("rb") as other, pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            refused.append(path)
        write_file(path, data, mode)

    monkeypatch.setattr(tile_files, "write_file", write)
    publish(store, folder, grow(store, 3))
    assert folder / "checkpoint" in refused
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    with lock.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
