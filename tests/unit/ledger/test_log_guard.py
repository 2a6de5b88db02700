"""The guard's rule: what was signed is never contradicted, and a crash anywhere is healed by the next call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.errors import RollbackError
from ledger.log import Log
from ledger.store.contract import TreeHead
from ledger.store.durable import StorageError
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from tests.unit.ledger.store.log_factory import (
    ORIGIN,
    SIGNER,
    OpenLog,
    copy_database,
    database_path,
    guard_of,
    head_of,
    make_log,
    open_log,
    verify_receipts,
)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenLog]:
    opened = make_log(tmp_path)
    yield opened
    opened.store.close()


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(RollbackError, match="successor log") as caught:
        yield
    assert caught.value.code == code


class FailingGuard(FileGuard):
    """Fails once when it is to advance: before it takes effect, or after."""

    def __init__(self, path: Path, *, takes_effect: bool) -> None:
        super().__init__(path, ORIGIN)
        self._takes_effect = takes_effect
        self.failed = False

    def advance(self, old: TreeHead, new: TreeHead) -> bool:
        if self.failed:
            return super().advance(old, new)
        self.failed = True
        if self._takes_effect:
            super().advance(old, new)
        raise StorageError("STORAGE_FAILED", "the guard's disk failed")


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_failure_between_commit_and_signature_is_healed_by_asking_again(
    opened: OpenLog, tmp_path: Path, takes_effect: bool
) -> None:
    """The entry is in the log once, and its receipt is for the index that the failed call gave it."""
    guard = FailingGuard(tmp_path / "guard" / "head", takes_effect=takes_effect)
    log = Log(opened.store, guard, SIGNER)
    with pytest.raises(StorageError):
        log.append([b"a", b"b"])
    assert opened.store.head().size == 2
    receipts = log.append([b"a", b"b"])
    verify_receipts([b"a", b"b"], receipts, [b"a", b"b"])
    assert guard.read() == opened.store.head() == head_of([b"a", b"b"])


def test_an_append_after_a_crash_before_the_guard_needs_no_repair(opened: OpenLog, tmp_path: Path) -> None:
    """The commit was made, the guard not advanced, and the next batch is another one."""
    opened.log.append([b"a"])
    opened.store.append([b"b", b"c"])
    opened.store.close()
    reopened = open_log(tmp_path)
    receipts = reopened.log.append([b"d", b"c"])
    verify_receipts([b"d", b"c"], receipts, [b"a", b"b", b"c", b"d"])
    assert reopened.guard.read() == reopened.store.head()


def test_a_receipt_alone_advances_the_guard_first(opened: OpenLog) -> None:
    opened.store.append([b"a"])
    opened.log.receipt(0)
    assert opened.guard.read() == head_of([b"a"])


def test_an_older_database_beside_the_guard_is_refused(opened: OpenLog, tmp_path: Path) -> None:
    opened.log.append([b"a"])
    copy_database(database_path(tmp_path), tmp_path / "backup")
    opened.log.append([b"b"])
    opened.store.close()
    copy_database(tmp_path / "backup", database_path(tmp_path))
    with refused("LOG_BEHIND_GUARD"):
        open_log(tmp_path)


def test_a_running_log_notices_and_takes_no_new_entry(opened: OpenLog, tmp_path: Path) -> None:
    """Checked before the commit: an old copy must not grow a second history over the first one's place."""
    opened.log.append([b"a"])
    copy_database(database_path(tmp_path), tmp_path / "copy")
    with SqliteStore(tmp_path / "copy", ORIGIN) as copy:
        log = Log(copy, guard_of(tmp_path), SIGNER)
        opened.log.append([b"b"])
        for attempt in (
            lambda: log.append([b"c"]),
            lambda: log.append_numbered(b"c", 1),
            lambda: log.receipt(0),
            log.checkpoint,
        ):
            with refused("LOG_BEHIND_GUARD"):
                attempt()
        assert copy.head() == head_of([b"a"])


@pytest.mark.parametrize("sizes", [(2,), (3,), (1, 2)])
def test_another_history_is_refused_even_where_it_is_longer(
    opened: OpenLog, tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    """The guard holds size 2; the other database has another root there, or none."""
    opened.log.append([b"a", b"b"])
    with SqliteStore.create(database_path(tmp_path / "other"), ORIGIN) as other:
        for size in sizes:
            other.append([b"other %d of %d" % (index, size) for index in range(size)])
        with refused("LOG_NOT_OF_GUARD"):
            Log(other, guard_of(tmp_path), SIGNER)


def test_a_log_beside_a_later_head_still_signs_its_own(opened: OpenLog, tmp_path: Path) -> None:
    """Another process was faster: its head is beyond ours, and ours is a beginning of it."""
    ours = opened.store.append([b"a"])
    other = open_log(tmp_path)
    other.log.append([b"b"])
    assert ours.batch is not None
    verify_receipts([b"a"], [opened.log.receipt(0)], [b"a", b"b"])
    assert opened.guard.read() == head_of([b"a", b"b"])


class OvertakenGuard(FileGuard):
    """Another process advances it just before we do for the first time."""

    def __init__(self, path: Path, overtake: Callable[[], object]) -> None:
        super().__init__(path, ORIGIN)
        self._overtake: Callable[[], object] | None = overtake

    def advance(self, old: TreeHead, new: TreeHead) -> bool:
        overtake, self._overtake = self._overtake, None
        if overtake is not None:
            overtake()
        return super().advance(old, new)


def test_overtaken_by_a_later_head_ours_is_covered(opened: OpenLog, tmp_path: Path) -> None:
    other = open_log(tmp_path)
    guard = OvertakenGuard(tmp_path / "guard" / "head", lambda: other.log.append([b"theirs"]))
    receipts = Log(opened.store, guard, SIGNER).append([b"ours"])
    verify_receipts([b"ours"], receipts, [b"ours", b"theirs"])
    assert guard.read() == head_of([b"ours", b"theirs"])


def test_overtaken_by_an_earlier_head_the_guard_is_advanced_again(opened: OpenLog, tmp_path: Path) -> None:
    """The other one signs for what it committed before us."""
    other = open_log(tmp_path)
    other.store.append([b"theirs"])
    guard = OvertakenGuard(tmp_path / "guard" / "head", lambda: other.log.receipt(0))
    receipts = Log(opened.store, guard, SIGNER).append([b"ours"])
    verify_receipts([b"ours"], receipts, [b"theirs", b"ours"])
    assert guard.read() == head_of([b"theirs", b"ours"])


def test_a_lost_guard_stops_the_log(opened: OpenLog, tmp_path: Path) -> None:
    opened.log.append([b"a"])
    (tmp_path / "guard" / "head").unlink()
    for attempt in (lambda: opened.log.append([b"b"]), opened.log.checkpoint, lambda: open_log(tmp_path)):
        with pytest.raises(StorageError, match="successor log") as caught:
            attempt()
        assert caught.value.code == "GUARD_MISSING"
    assert opened.store.head() == head_of([b"a"])


def test_an_untrue_guard_is_never_advanced(opened: OpenLog) -> None:
    """It names a head that the log never had."""
    opened.store.append([b"a"])
    untrue = TreeHead(1, head_of([b"x"]).root)
    opened.guard.advance(opened.guard.read(), untrue)
    with refused("LOG_NOT_OF_GUARD"):
        opened.log.append([b"b"])
    assert opened.guard.read() == untrue
    assert opened.store.head() == head_of([b"a"])
