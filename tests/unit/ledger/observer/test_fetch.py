"""Reading a folder that a stranger made."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.observer.fetch import FileFault, FolderSource, InTurn, UnreachableError, work_ahead


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "publication" / "tile").mkdir(parents=True)
    (tmp_path / "publication" / "tile" / "000").write_bytes(b"tile")
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "publication"


def fault(folder: Path, path: str, limit: int = 100) -> str:
    with pytest.raises(FileFault) as caught:
        FolderSource(folder).read(path, limit)
    return caught.value.code


def test_a_file_is_read_up_to_its_limit(folder: Path) -> None:
    assert FolderSource(folder).read("tile/000", 4) == b"tile"
    assert fault(folder, "tile/000", 3) == "FILE_TOO_LONG"


def test_a_folder_behind_a_link_may_be_named(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert FolderSource(link).read("tile/000", 4) == b"tile"


@pytest.mark.parametrize("path", ["tile/001", "other/000", "tile/000/000"])
def test_what_is_not_there_is_missing(folder: Path, path: str) -> None:
    assert fault(folder, path) == "FILE_MISSING"


@pytest.mark.parametrize("path", ["../secret", "tile/../../secret", "/etc/hostname", ""])
def test_nothing_outside_is_read(folder: Path, path: str) -> None:
    assert fault(folder, path) == "FILE_UNSAFE"


@pytest.mark.parametrize("target", ["../secret", "tile/000", "/dev/zero", "nowhere"])
def test_no_link_is_followed(folder: Path, target: str) -> None:
    (folder / "checkpoint").symlink_to(target)
    assert fault(folder, "checkpoint") == "FILE_UNSAFE"


def test_no_linked_folder_is_entered(folder: Path) -> None:
    (folder / "results").symlink_to("tile")
    assert fault(folder, "results/000") == "FILE_UNSAFE"


def test_a_folder_in_a_files_place_is_unsafe(folder: Path) -> None:
    assert fault(folder, "tile") == "FILE_UNSAFE"


def test_a_pipe_in_a_files_place_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "checkpoint")
    assert fault(folder, "checkpoint") == "FILE_UNSAFE"


def test_an_endless_sparse_file_is_read_to_its_limit_only(folder: Path) -> None:
    with (folder / "checkpoint").open("wb") as file:
        file.truncate(2**40)
    assert fault(folder, "checkpoint", 1000) == "FILE_TOO_LONG"


def test_a_folder_that_is_not_there_is_unreachable(folder: Path) -> None:
    for path in (folder / "nothing", folder / "tile" / "000"):
        with pytest.raises(UnreachableError):
            FolderSource(path)


def test_a_file_that_may_not_be_read_is_no_fault_of_the_publication(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    source = FolderSource(folder)
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnreachableError) as caught:
        source.read("tile/000", 4)
    assert caught.value.code == "UNREADABLE"


def test_work_ahead_keeps_the_order_and_its_bound() -> None:
    begun: list[int] = []
    taken: list[int] = []

    def begin(item: int) -> int:
        begun.append(item)
        return item

    with ThreadPoolExecutor(4) as pool:
        for result in work_ahead(pool, begin, range(50), 5):
            taken.append(result)
            assert len(begun) <= len(taken) + 5
    assert taken == list(range(50))


def test_work_ahead_raises_a_failure_in_its_turn() -> None:
    def invert(item: int) -> float:
        return 1 / item

    with ThreadPoolExecutor(2) as pool:
        results = work_ahead(pool, invert, [1, 2, 0, 4], 3)
        assert [next(results), next(results)] == [1, 0.5]
        with pytest.raises(ZeroDivisionError):
            next(results)


def test_without_threads_a_call_raises_where_the_result_is_asked_for() -> None:
    with InTurn() as pool:
        assert list(work_ahead(pool, str, range(3), 8)) == ["0", "1", "2"]
        fails = pool.submit(int, "x")
        with pytest.raises(ValueError, match="invalid literal"):
            fails.result()
