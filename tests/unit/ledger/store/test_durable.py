"""Files are whole or untouched, and failures come with a code."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from ledger.store.durable import (
    StorageError,
    hold_lock,
    make_directory,
    place_file,
    read_file,
    storage_error,
    sync_directory,
    write_file,
)


def test_write_replaces_the_content_and_sets_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")
    write_file(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("call", ["write", "fchmod", "fsync"])
@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "DISK_FULL"), (errno.EIO, "STORAGE_FAILED")])
def test_a_failure_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, code: str
) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StorageError, match="could not write") as caught:
        write_file(path, b"new")
    monkeypatch.undo()
    assert caught.value.code == code
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may take a part only, as it does when a signal arrives."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    write_file(tmp_path / "file", b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_content_is_flushed_before_it_is_moved_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def record_fsync(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def record_replace(self: Path, target: Path) -> Path:
        calls.append("move")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(Path, "replace", record_replace)
    write_file(tmp_path / "one", b"1")
    assert calls == ["file", "move", "folder"]
    calls.clear()
    place_file(tmp_path / "two", b"2")
    assert calls == ["file", "move"]
    calls.clear()
    make_directory(tmp_path / "a" / "b")
    assert calls == ["folder", "folder"]


def test_folders_are_made_once(tmp_path: Path) -> None:
    make_directory(tmp_path / "a" / "b" / "c")
    make_directory(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_a_file_in_the_way_of_a_folder_is_an_error(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"")
    with pytest.raises(StorageError, match="make the folder"):
        make_directory(tmp_path / "a" / "b")


def test_missing_folders_are_errors(tmp_path: Path) -> None:
    for attempt in (
        lambda: write_file(tmp_path / "none" / "file", b""),
        lambda: sync_directory(tmp_path / "none"),
        lambda: hold_lock(tmp_path / "none").__enter__(),
    ):
        with pytest.raises(StorageError) as caught:
            attempt()
        assert caught.value.code == "STORAGE_MISSING"


def test_reading_is_bounded(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"12345")
    assert read_file(tmp_path / "file", 5) == b"12345"
    assert read_file(tmp_path / "none", 5) is None
    with pytest.raises(StorageError) as caught:
        read_file(tmp_path / "file", 4)
    assert caught.value.code == "FILE_TOO_LONG"
    with pytest.raises(StorageError, match="read"):
        read_file(tmp_path, 4)


def test_a_lock_excludes_other_threads_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    entered = threading.Event()

    def enter() -> None:
        with hold_lock(path):
            entered.set()

    other = threading.Thread(target=enter)
    with hold_lock(path):
        other.start()
        assert not entered.wait(0.05)
    assert entered.wait(60)
    other.join()


def test_shared_locks_are_held_together(tmp_path: Path) -> None:
    with hold_lock(tmp_path, shared=True), hold_lock(tmp_path, shared=True) as descriptor:
        assert os.fstat(descriptor).st_ino == tmp_path.stat().st_ino


def test_an_error_without_a_number_still_has_a_code() -> None:
    assert storage_error(OSError("odd"), "do it").code == "STORAGE_FAILED"
