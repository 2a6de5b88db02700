"""What the benchmarks share: their size, and a place for figures that are ratios or of several processes.

Run by ``make bench`` they have their full size, and their figures are printed at the end beside what is aimed at. Run
with the tests they are small and measure nothing: that they still work is what is tested then.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.load_election import LoadElection, prepare_election

Tell = Callable[[str, float, str, str], None]
"""``tell(what, value, unit, aim)`` notes a figure."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the benchmarks are: ``precincts`` of the server's, each with a tally, and ``tallies`` of the folds.

    ``load_seconds``: how long a load at a steady rate lasts. ``snapshot_seconds``: the server's pace; 5 is its default.
    """

    full: bool
    precincts: int
    load_seconds: int
    snapshot_seconds: int
    tallies: int


FULL = Scale(True, 10_000, 10, 5, int(os.environ.get("TUNUK_BENCH_TALLIES", "100000")))
SMALL = Scale(False, 200, 1, 1, 1_000)

_FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[_FIGURES] and config.getoption("benchmark_enable"):
        terminalreporter.section("figures")
        for line in config.stash[_FIGURES]:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def scale(pytestconfig: pytest.Config) -> Scale:
    return FULL if pytestconfig.getoption("benchmark_enable") else SMALL


@pytest.fixture
def tell(benchmark: BenchmarkFixture, pytestconfig: pytest.Config) -> Tell:
    def note(what: str, value: float, unit: str, aim: str) -> None:
        benchmark.extra_info[what] = f"{value:.3g} {unit}"
        pytestconfig.stash[_FIGURES].append(f"{what:<78} {value:>10,.4g} {unit:<12} {aim and f'(aim {aim})'}".rstrip())

    return note


@pytest.fixture(scope="session")
def load_election(tmp_path_factory: pytest.TempPathFactory, scale: Scale) -> LoadElection:
    """Ready for its night. Whoever runs a server on it takes a copy."""
    return prepare_election(tmp_path_factory.mktemp("load") / "election", scale.precincts, scale.snapshot_seconds)
