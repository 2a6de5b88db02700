"""Addition and its inverse: one cell's counters into, and out of, the totals of its precinct and the units above it.

The only lines of the project in which votes are added.
"""

from array import array

from ledger.canonical import decode_many
from ledger.state import LiveTally, State, Totals
from ledger.tally import ContestTally


def add_tally(state: State, urn: str, unit: str, tally: LiveTally, contests: tuple[ContestTally, ...]) -> None:
    """Make ``tally`` the live one of the urn and unit."""
    state.live[urn, unit] = tally
    for line in contests:
        move_cell(state, unit, line, 1)
    state.changed.add(unit)


def take_out(state: State, urn: str, unit: str) -> LiveTally:
    """Undo ``add_tally``, in a unit that is not annulled; the tally that was live."""
    tally = state.live.pop((urn, unit))
    for line in parse_counts(tally.counts):
        move_cell(state, unit, line, -1)
    state.changed.add(unit)
    return tally


def parse_counts(counts: bytes) -> tuple[ContestTally, ...]:
    """What ``TallyReport.counts`` encoded."""
    return decode_many(ContestTally, counts)


def move_cell(state: State, unit: str, line: ContestTally, sign: int) -> None:
    """Add (1) or subtract (-1) a cell, and the voters of a precinct that is thereby covered, or no longer."""
    if sign < 0:
        _cover(state, unit, line.contest, -1)
    ancestry, offsets = state.definition.ancestry(unit), state.definition.offsets(line.contest)
    for above in ancestry:
        totals = state.totals.get((above, line.contest))
        _move(totals if totals is not None else _new_totals(state, above, line.contest), offsets, line, sign)
    if sign > 0:
        _cover(state, unit, line.contest, 1)


def _new_totals(state: State, unit: str, contest: int) -> Totals:
    election = state.definition.election
    width = len(election.vote_types) if election is not None else 0
    size = len(state.definition.contests[contest].selections)
    totals = state.totals[unit, contest] = Totals(array("q", bytes(8 * width * size)))
    return totals


def _move(totals: Totals, offsets: dict[int, int], line: ContestTally, sign: int) -> None:
    totals.cells += sign
    totals.ballots += sign * line.ballots
    if line.selections is None or line.overvotes is None or line.undervotes is None:
        totals.withheld += sign
        return
    totals.overvotes += sign * line.overvotes
    totals.undervotes += sign * line.undervotes
    votes = totals.votes
    for row in line.selections:
        offset = offsets[row[0]] - 1
        for position in range(1, len(row)):
            votes[offset + position] += sign * row[position]


def _cover(state: State, precinct: str, contest: int, sign: int) -> None:
    """Once a precinct's cells of a contest are all in, its registered voters count as covered, upwards too."""
    totals, expected = state.totals.get((precinct, contest)), state.definition.expected.get((precinct, contest))
    if totals is None or expected is None or totals.cells != expected.cells or not expected.cells:
        return
    for unit in state.definition.ancestry(precinct):
        state.totals[unit, contest].registered += sign * expected.registered


def cover_anew(state: State, precinct: str, contest: int) -> None:
    """After a change of what is expected: as ``move_cell`` does for a cell that came in."""
    _cover(state, precinct, contest, 1)


def uncover(state: State, precinct: str, contest: int) -> None:
    """Before a change of what is expected: as ``move_cell`` does for a cell that goes."""
    _cover(state, precinct, contest, -1)
