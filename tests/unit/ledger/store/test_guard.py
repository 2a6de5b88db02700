"""The guard's register: it only grows, survives torn writes, and says what is wrong with it."""

import errno
import os
import threading
from pathlib import Path

import pytest

from ledger.errors import ConflictError, FormatError, RollbackError
from ledger.merkle import EMPTY_ROOT
from ledger.primitives import sha256
from ledger.store.contract import EMPTY_HEAD, TreeHead
from ledger.store.durable import StorageError
from ledger.store.guard import FileGuard

ORIGIN = "cec.example/5f0c/1"
SLOT = 4096


def head(size: int) -> TreeHead:
    return TreeHead(size, sha256(b"root %d" % size))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guard" / "head"


@pytest.fixture
def guard(path: Path) -> FileGuard:
    guard = FileGuard(path, ORIGIN)
    guard.create(EMPTY_HEAD)
    return guard


def test_it_advances_from_the_head_that_it_holds(guard: FileGuard, path: Path) -> None:
    old = EMPTY_HEAD
    for size in (1, 2, 50, 51):
        assert guard.advance(old, head(size))
        assert guard.read() == FileGuard(path, ORIGIN).read() == head(size)
        old = head(size)


def test_only_one_of_two_advances_from_the_same_head(guard: FileGuard, path: Path) -> None:
    assert FileGuard(path, ORIGIN).advance(EMPTY_HEAD, head(3))
    assert not guard.advance(EMPTY_HEAD, head(4))
    assert guard.read() == head(3)


@pytest.mark.parametrize("new", [2, 3])
def test_it_never_goes_back(guard: FileGuard, new: int) -> None:
    """Nor does another root take the place of the one at its size."""
    guard.advance(EMPTY_HEAD, head(3))
    with pytest.raises(RollbackError) as caught:
        guard.advance(head(3), TreeHead(new, sha256(b"another")))
    assert caught.value.code == "GUARD_BACKWARD"
    assert guard.read() == head(3)


def test_its_lines_can_be_read_by_people(guard: FileGuard, path: Path) -> None:
    text = path.read_bytes()[:SLOT].rstrip(b"\0").decode().split("\n")
    assert text[:3] == [ORIGIN, "0", EMPTY_ROOT.base64()]


@pytest.mark.parametrize("kept", [0, 1, 60, 100])
@pytest.mark.parametrize("count", [1, 2])
def test_a_torn_write_leaves_the_head_before_it(guard: FileGuard, path: Path, count: int, kept: int) -> None:
    """The new head's bytes reach the disk in part only: it was not signed, and the older one is intact."""
    old = EMPTY_HEAD
    for size in range(1, count + 1):
        before = path.read_bytes()
        guard.advance(old, head(size))
        old = head(size)
    after = path.read_bytes()
    first = next(at for at in range(len(after)) if before[at] != after[at]) // SLOT * SLOT
    path.write_bytes(after[: first + kept] + before[first + kept :])
    reopened = FileGuard(path, ORIGIN)
    expected = EMPTY_HEAD if count == 1 else head(count - 1)
    assert reopened.read() == expected
    assert reopened.advance(expected, head(9))
    assert reopened.read() == head(9)


@pytest.mark.parametrize("fail", ["pwrite", "fdatasync"])
def test_a_head_that_could_not_be_flushed_is_not_read_back(
    guard: FileGuard, path: Path, monkeypatch: pytest.MonkeyPatch, fail: str
) -> None:
    guard.advance(EMPTY_HEAD, head(1))
    real = getattr(os, fail)
    calls = 0

    def fail_once(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError(errno.EIO, "broken")
        return real(*arguments)

    monkeypatch.setattr(os, fail, fail_once)
    with pytest.raises(StorageError) as caught:
        guard.advance(head(1), head(2))
    assert caught.value.code == "STORAGE_FAILED"
    assert FileGuard(path, ORIGIN).read() == guard.read() == head(1)
    assert guard.advance(head(1), head(3))


def test_what_another_wrote_is_flushed_before_it_is_relied_on(
    guard: FileGuard, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = FileGuard(path, ORIGIN)
    other.advance(EMPTY_HEAD, head(1))
    flushed: list[int] = []
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    assert guard.read() == head(1)
    assert len(flushed) == 1
    guard.read()
    other.read()
    assert len(flushed) == 1


def test_making_it_again_never_replaces_a_head(guard: FileGuard) -> None:
    guard.create(EMPTY_HEAD)
    guard.advance(EMPTY_HEAD, head(1))
    guard.create(head(1))
    with pytest.raises(ConflictError) as caught:
        guard.create(EMPTY_HEAD)
    assert caught.value.code == "GUARD_EXISTS"
    assert guard.read() == head(1)


def test_a_missing_guard_says_what_to_do(path: Path) -> None:
    guard = FileGuard(path, ORIGIN)
    for attempt in (guard.read, lambda: guard.advance(EMPTY_HEAD, head(1))):
        with pytest.raises(StorageError, match="successor log") as caught:
            attempt()
        assert caught.value.code == "GUARD_MISSING"
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"\0" * 2 * SLOT, b"text", b"x" * 3 * SLOT])
def test_a_file_without_a_whole_slot_is_damaged(guard: FileGuard, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageError) as caught:
        guard.read()
    assert caught.value.code == "GUARD_DAMAGED"


def test_it_serves_one_log(guard: FileGuard, path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        FileGuard(path, "cec.example/5f0c/2").read()
    assert caught.value.code == "GUARD_OF_ANOTHER_LOG"
    with pytest.raises(FormatError):
        FileGuard(path, "two words")


def test_threads_advance_it_one_after_another(guard: FileGuard, path: Path) -> None:
    """Each thread counts it up by compare and swap: no step is lost and none is taken twice."""
    taken: list[int] = []

    def count_up(own: FileGuard) -> None:
        steps = 0
        while steps < 20:
            current = own.read()
            if own.advance(current, head(current.size + 1)):
                taken.append(current.size + 1)
                steps += 1

    threads = [threading.Thread(target=count_up, args=(each,)) for each in (guard, guard, FileGuard(path, ORIGIN))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 61))
    assert guard.read() == head(60)
