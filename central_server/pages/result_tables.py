"""A contest's votes as lines of a table: who is ahead, with which share, of the country, an area or a precinct."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from central_server.pages.figures import share
from central_server.pages.page_rows import Fact, Line, Meter, Note
from central_server.pages.precinct_rows import CellRow
from central_server.pages.results_document import ContestResults, SelectionResults, UnitVotes


class Sums(Protocol):
    """What a contest in the country, in an area and in a precinct have in common."""

    @property
    def ballots(self) -> int: ...

    @property
    def overvotes(self) -> int: ...

    @property
    def undervotes(self) -> int: ...


def meter(reported: int, expected: int) -> Meter:
    return Meter(reported, expected, share(reported, expected))


def sum_meter(contests: Iterable[ContestResults]) -> Meter:
    """Received and expected counts of several contests: the one sum that pages make of what the files say apart."""
    counts = [(contest.cells_reported, contest.cells_expected) for contest in contests]
    return meter(sum(reported for reported, _ in counts), sum(expected for _, expected in counts))


def lines(contest: ContestResults, votes: Sequence[UnitVotes]) -> tuple[Line, ...]:
    """``votes``: one for each selection, in the contest's order."""
    return _ranked(contest.selections, [(row.votes, row.by_type, None) for row in votes])


def precinct_lines(contest: ContestResults, cell: CellRow) -> tuple[Line, ...]:
    """The selections on the precinct's ballot, once something of it is in."""
    selections = [contest.selections[row.place] for row in cell.rows]
    return _ranked(selections, [(row.votes, row.by_type, row.hand) for row in cell.rows])


def sum_facts(sums: Sums) -> tuple[Fact, ...]:
    return (Fact("ballots", sums.ballots), Fact("overvotes", sums.overvotes), Fact("undervotes", sums.undervotes))


def turnout_facts(ballots: int, registered: int, cells: Meter) -> tuple[Fact, ...]:
    """Ballots by registered voters, once every count is in. It may exceed 100 %, and is shown as it is."""
    if not registered or cells.reported < cells.expected:
        return ()
    return (Fact("turnout", share=share(ballots, registered)),)


def withheld_notes(withheld: int) -> tuple[Note, ...]:
    return (Note("withheld", withheld, "warn"),) if withheld else ()


def _ranked(
    selections: Sequence[SelectionResults], rows: Sequence[tuple[int | None, tuple[int, ...], int | None]]
) -> tuple[Line, ...]:
    """Most votes first; equal ones stay in the ballot's order, and all of those lead that have most."""
    total = sum(votes or 0 for votes, _, _ in rows)
    most = max((votes or 0 for votes, _, _ in rows), default=0)
    unranked = [
        Line(
            selection.name,
            selection.party,
            selection.kind,
            votes,
            None if votes is None else share(votes, total),
            by_type,
            most > 0 and votes == most,
            hand,
        )
        for selection, (votes, by_type, hand) in zip(selections, rows, strict=True)
    ]
    return tuple(sorted(unranked, key=lambda line: -(line.votes or 0)))
