"""Promise: the fold of a million units fits into one machine, in time and in memory, and a tally costs always the same.

Budgets: 1 KB of state for a tally of twenty counts; 1.2 times the processor time a tally at ten times the tallies. How
long the fold takes beside a group-by of the same columns in Polars has no budget: that adds, and judges nothing. Set
``TUNUK_BENCH_TALLIES=1000000`` for the full size; it needs 8 GB.
"""

from collections.abc import Sequence

import polars as pl
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.conftest import Scale, Tell
from benchmarks.fold_election import define, make_tallies
from benchmarks.fold_process import measure_fold
from benchmarks.timing import run_once, timed
from ledger.fold import Fold
from ledger.record import VerifiedRecord
from ledger.tally import TallyReport

GROUPS = ("contest", "selection", "type")


def columns_of(records: Sequence[VerifiedRecord]) -> pl.DataFrame:
    """A row a counter: what the records say, decoded, with the region of the unit."""
    rows = [
        (body.urn, body.unit, int(body.unit[1:]) % 10, line.contest, row[0], place, votes)
        for record in records
        if isinstance(body := record.body, TallyReport)
        for line in body.contests
        for row in line.selections or ()
        for place, votes in enumerate(row[1:])
    ]
    return pl.DataFrame(rows, schema=["urn", "unit", "region", *GROUPS, "votes"], orient="row")


def add_up(columns: pl.DataFrame) -> list[pl.DataFrame]:
    """The totals that the fold keeps: of the country, of the regions and of the precincts."""
    return [
        columns.group_by([*level, *GROUPS]).agg(pl.col("votes").sum()) for level in ([], ["region"], ["region", "unit"])
    ]


def test_fold_beside_a_group_by(benchmark: BenchmarkFixture, scale: Scale, tell: Tell) -> None:
    fold = Fold()
    records = list(make_tallies(define(fold, scale.tallies), scale.tallies))

    def apply_all() -> None:
        for record in records:
            fold.apply(fold.size, record)

    folded, _ = timed(lambda: run_once(benchmark, apply_all))
    assert len(fold.live) == scale.tallies
    columns = columns_of(records)
    seconds, [country, *_] = timed(lambda: add_up(columns))
    national = fold.totals["all", 1]
    published = {(row["selection"], row["type"]): row["votes"] for row in country.to_dicts() if row["contest"] == 1}
    assert [published[key] for key in sorted(published)] == list(national.votes)
    tell(f"fold of {scale.tallies:,} decoded tallies", folded, "s", "")
    tell(f"fold of {scale.tallies:,} decoded tallies, beside Polars' group-by", folded / seconds, "times", "")
    tell("fold, a tally of twenty counts", folded / scale.tallies * 1e6, "µs", "")


def test_growth_with_the_number_of_tallies(benchmark: BenchmarkFixture, scale: Scale, tell: Tell) -> None:
    small = measure_fold(scale.tallies // 10, "time")
    large = run_once(benchmark, lambda: measure_fold(scale.tallies, "time"))
    memory = measure_fold(scale.tallies // 10, "memory")
    assert (small.tallies, large.tallies) == (scale.tallies // 10, scale.tallies)
    tell("fold's state, a tally of twenty counts", memory.state_bytes / memory.tallies, "bytes", "1,000")
    for account in (small, large):
        tell(f"fold's peak memory at {account.tallies:,} tallies", account.peak_mebibytes, "MiB", "")
        tell(f"fold, a tally at {account.tallies:,} tallies", account.seconds / account.tallies * 1e6, "µs", "")
    growth = (large.seconds / large.tallies) / (small.seconds / small.tallies)
    tell("fold, a tally's time at ten times as many", growth, "times", "1.2")
