"""The state files: what is published per precinct, kept once per state, as a function of a fold.

precincts.csv   OpenElections columns: county,precinct,office,district,candidate,party,votes[,vote types…]
coverage.csv    every precinct and contest: cells expected and reported, ballots, the entries that count
flags.csv       records that a rule keeps out or flags, and gaps in devices' chains, by entry index
turnout.csv     ballots cast, as urns told them during the day
returns.csv     the hand-counted protocols beside the preliminary numbers
rulings.csv     decisions and acts of authority that took effect
election.json   what the definition says of units and rules (``ledger.election_file``)
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ledger.election import Contest, ReportingUnit
from ledger.election_file import ELECTION, render_election_file
from ledger.fold import Fold
from ledger.state import Totals

PRECINCTS, COVERAGE, FLAGS = "results/precincts.csv", "results/coverage.csv", "results/flags.csv"
TURNOUT, RETURNS, RULINGS = "results/turnout.csv", "results/returns.csv", "results/rulings.csv"

_COVERAGE_COLUMNS = (
    "unit,name,contest,registered_voters,cells_expected,cells_reported,cells_withheld,ballots,overvotes,undervotes,"
    "entries,conflicts,annulled"
)
_RETURN_COLUMNS = "unit,name,contest,candidate,party,preliminary,hand_count,difference,document"


class StateFiles:
    """Renders the CSV files of one fold; lines of a precinct are made again only after it changed."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._precincts: dict[str, bytes] = {}
        self._coverage: dict[str, bytes] = {}
        self._units: list[ReportingUnit] = []
        self._election = b""

    def render(self) -> dict[str, bytes]:
        """Path -> bytes of every state file. Empties ``fold.changed``."""
        fold, definition = self._fold, self._fold.definition
        order = sorted(unit.id for unit in definition.units.values() if unit.ballot) if definition.complete else []
        for unit in order if not self._coverage else fold.changed:
            if definition.units[unit].ballot:
                self._precincts[unit] = _csv(self._precinct_rows(definition.units[unit]))
                self._coverage[unit] = _csv(self._coverage_rows(definition.units[unit]))
        fold.changed.clear()
        header = ["county", "precinct", "office", "district", "candidate", "party", "votes", *self._vote_types()]
        return {
            PRECINCTS: _csv([header]) + b"".join(self._precincts.get(unit, b"") for unit in order),
            COVERAGE: _csv([_COVERAGE_COLUMNS.split(",")]) + b"".join(self._coverage[unit] for unit in order),
            FLAGS: _csv([["index", "code", "message"], *self._flag_rows()]),
            TURNOUT: _csv([["urn", "units", "time", "ballots"], *self._turnout_rows()]),
            RETURNS: _csv([_RETURN_COLUMNS.split(","), *self._return_rows()]),
            RULINGS: _csv([["index", "action", "subject", "reason", "document"], *self._ruling_rows()]),
            **self._render_election(),
        }

    def _render_election(self) -> dict[str, bytes]:
        """Made again only after a unit was amended; nothing else in it changes once the parts are complete."""
        definition = self._fold.definition
        if not definition.complete:
            return {}
        units = list(definition.units.values())
        if units != self._units:
            self._units, self._election = units, render_election_file(definition)
        return {ELECTION: self._election}

    def _vote_types(self) -> tuple[str, ...]:
        """The vote types that need columns of their own: one type alone is the votes themselves."""
        election = self._fold.definition.election
        return election.vote_types if election is not None and len(election.vote_types) > 1 else ()

    def _precinct_rows(self, unit: ReportingUnit) -> Iterable[list[object]]:
        """One row a selection of each contest that is in; no votes where all of the contest's cells are withheld."""
        definition = self._fold.definition
        above = definition.units[unit.parent].name.en if unit.parent is not None else ""
        types = self._vote_types()
        for line in unit.ballot:
            totals = self._fold.totals.get((unit.id, line.contest))
            if totals is None or not totals.cells:
                continue
            contest = definition.contests[line.contest]
            for selection, votes in zip(contest.selections, votes_by_selection(contest, totals), strict=True):
                if selection.id in line.omitted:
                    continue
                numbers: list[object] = [sum(votes), *(votes if types else ())]
                if totals.withheld == totals.cells:
                    numbers = [""] * len(numbers)
                place = [above, unit.name.en, contest.office, contest.district]
                yield [*place, selection.name.en, selection.party, *numbers]

    def _coverage_rows(self, unit: ReportingUnit) -> Iterable[list[object]]:
        fold, definition = self._fold, self._fold.definition
        live = [fold.live[urn, unit.id] for urn in definition.urns_of.get(unit.id, ()) if (urn, unit.id) in fold.live]
        entries = " ".join(str(index) for index in sorted(tally.index for tally in live))
        conflicts = " ".join(str(index) for index in sorted(index for tally in live for index in tally.conflicts))
        registered = "" if unit.registered_voters is None else unit.registered_voters
        annulled = fold.annulled(unit.id)
        for line in unit.ballot:
            expected = definition.expected.get((unit.id, line.contest))
            cells = expected.cells if expected is not None else 0
            names = [unit.id, unit.name.en, line.contest, registered, cells]
            counts = [0, 0, 0, 0, 0]
            if (totals := fold.totals.get((unit.id, line.contest))) is not None:
                counts = [totals.cells, totals.withheld, totals.ballots, totals.overvotes, totals.undervotes]
            yield [*names, *counts, entries, conflicts, int(line.contest in annulled)]

    def _flag_rows(self) -> list[list[object]]:
        gaps = [(index, "SEQUENCE_GAP", "the device's previous record is not in the log") for index in self._fold.gaps]
        marked = [(row.index, row.code, row.message) for row in (*self._fold.held, *self._fold.flags)]
        return [list(row) for row in sorted(gaps + marked)]

    def _turnout_rows(self) -> Iterable[list[object]]:
        for (urn, time), ballots in sorted(self._fold.turnout.items()):
            yield [urn, " ".join(self._fold.definition.units_of[urn]), _time(time), ballots]

    def _return_rows(self) -> Iterable[list[object]]:
        definition = self._fold.definition
        for unit, returned in sorted(self._fold.returns.items()):
            for line in returned.contests:
                contest = definition.contests[line.contest]
                totals = self._fold.totals.get((unit, line.contest))
                counted: list[list[int]] = []
                # Where nothing is counted yet, or a cell is withheld, there is nothing to compare with.
                if totals is not None and totals.cells and not totals.withheld:
                    counted = votes_by_selection(contest, totals)
                preliminary = {row.id: sum(votes) for row, votes in zip(contest.selections, counted, strict=False)}
                hand = {row.selection: row.votes for row in line.votes}
                for row in contest.selections:
                    if row.id in hand:
                        ours, theirs = preliminary.get(row.id), hand[row.id]
                        names = [unit, definition.units[unit].name.en, line.contest, row.name.en, row.party]
                        numbers = ["", theirs, ""] if ours is None else [ours, theirs, theirs - ours]
                        yield [*names, *numbers, returned.document]

    def _ruling_rows(self) -> Iterable[list[object]]:
        return ([row.index, row.action, row.subject, row.reason, row.document] for row in self._fold.rulings)


def votes_by_selection(contest: Contest, totals: Totals) -> list[list[int]]:
    """Votes by selection in the contest's order, then by vote type."""
    width = len(totals.votes) // len(contest.selections)
    return [list(totals.votes[at : at + width]) for at in range(0, len(totals.votes), width)]


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
