"""Work that is measured once, because it takes long, and beside something else."""

import time
from collections.abc import Callable
from typing import TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

_T = TypeVar("_T")


def run_once(benchmark: BenchmarkFixture, work: Callable[[], _T]) -> _T:
    """One round of one call, for what takes seconds and cannot be repeated on the same state."""
    result: _T = benchmark.pedantic(work, rounds=1, iterations=1)  # type: ignore[no-untyped-call]  # as it is published
    return result


def timed(work: Callable[[], _T]) -> tuple[float, _T]:
    """Wall time in seconds, and what the work returned."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def processor_timed(work: Callable[[], _T]) -> tuple[float, _T]:
    """As ``timed``, in processor seconds of all threads of this process."""
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result
