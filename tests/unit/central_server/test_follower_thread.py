"""A follower's thread goes on after failures, wakes when there is news, and ends within its bound."""

import threading
import time
from collections.abc import Callable

from central_server.follower_thread import FollowerThread
from ledger.errors import TunukError
from ledger.store.durable import StorageError


class Steps:
    """A follower that counts its steps, and fails as it is told."""

    def __init__(self) -> None:
        self.taken = threading.Semaphore(0)
        self.failures: list[TunukError] = []
        self.reported: list[tuple[str, str]] = []
        self.closings = 0
        self.closes_after = 1

    def step(self) -> float:
        self.taken.release()
        if self.failures:
            raise self.failures.pop()
        return 3600.0

    def close(self) -> bool:
        self.closings += 1
        return self.closings >= self.closes_after

    def report(self, name: str, error: TunukError) -> None:
        self.reported.append((name, error.code))

    def thread(self, monotonic: Callable[[], float] = time.monotonic) -> FollowerThread:
        thread = FollowerThread("follower", self.step, self.close, self.report, monotonic)
        thread.start()
        assert self.taken.acquire(timeout=20)
        return thread


def test_news_wakes_a_follower_that_would_wait_for_long() -> None:
    steps = Steps()
    thread = steps.thread()
    thread.wake()
    assert steps.taken.acquire(timeout=20)
    assert thread.problem is None
    assert thread.stop(20)
    assert steps.closings == 1


def test_a_failed_step_is_told_and_tried_again() -> None:
    steps = Steps()
    steps.failures = [StorageError("DISK_FULL", "full")]
    thread = steps.thread()
    thread.wake()
    assert steps.taken.acquire(timeout=20)
    assert thread.stop(20)
    assert steps.reported == [("follower", "DISK_FULL")]
    assert thread.problem == "STOPPED"


def test_closing_is_asked_again_until_all_is_done() -> None:
    steps = Steps()
    steps.closes_after = 3
    assert steps.thread().stop(20)
    assert steps.closings == 3


def test_closing_ends_when_time_is_up() -> None:
    """The clock here jumps ahead by an hour each time it is read."""
    steps = Steps()
    steps.closes_after = 1_000_000
    hours = iter(range(0, 3600 * 1_000, 3600))
    assert steps.thread(lambda: next(hours)).stop(20)
    assert 1 <= steps.closings < 1_000
