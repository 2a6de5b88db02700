"""The published data files, byte for byte, as a function of a fold: what server and observer both write.

No file has a clock of its own, so the same entries give the same bytes. Two sorts: the *state files* (CSV, kept once
per state) and the numbered result file (JSON), which has the totals and, under ``files``, the SHA-256 of each of them.

    results/precincts.csv   OpenElections columns: county,precinct,office,district,candidate,party,votes[,vote types…]
    results/coverage.csv    every precinct and contest: cells expected and reported, ballots, the entries that count
    results/flags.csv       every record that a rule keeps out, and every gap in a device's chain, by entry index
    results/000001.json     one per snapshot; results/latest.json is a copy of the last
"""

import csv
import io
from array import array
from collections.abc import Iterable, Sequence

import msgspec

from ledger.election import Contest, ReportingUnit, Words
from ledger.errors import FormatError
from ledger.fold import Fold, Totals
from ledger.primitives import Hash, sha256

PRECINCTS, COVERAGE, FLAGS = "results/precincts.csv", "results/coverage.csv", "results/flags.csv"
LATEST = "results/latest.json"
FORMAT = "tunuk-results/1"

_COVERAGE_COLUMNS = (
    "unit,name,contest,registered_voters,cells_expected,cells_reported,ballots,overvotes,undervotes,entries,conflicts"
)


_NO_TOTALS = Totals(array("Q"))


def numbered_path(number: int) -> str:
    """Path of the result file of snapshot ``number`` (1 or more)."""
    return f"results/{number:06d}.json"


class StateFiles:
    """Renders the CSV files of one fold; lines of a precinct are made again only after it changed."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._precincts: dict[str, bytes] = {}
        self._coverage: dict[str, bytes] = {}

    def render(self) -> dict[str, bytes]:
        """Path -> bytes of every state file. Empties ``fold.changed``."""
        fold, definition = self._fold, self._fold.definition
        order = sorted(unit.id for unit in definition.units.values() if unit.ballot) if definition.complete else []
        for unit in order if not self._coverage else fold.changed:
            self._precincts[unit] = _csv(self._precinct_rows(definition.units[unit]))
            self._coverage[unit] = _csv(self._coverage_rows(definition.units[unit]))
        fold.changed.clear()
        header = ["county", "precinct", "office", "district", "candidate", "party", "votes", *self._vote_types()]
        return {
            PRECINCTS: _csv([header]) + b"".join(self._precincts.get(unit, b"") for unit in order),
            COVERAGE: _csv([_COVERAGE_COLUMNS.split(",")]) + b"".join(self._coverage[unit] for unit in order),
            FLAGS: _csv([["index", "code", "message"], *self._flag_rows()]),
        }

    def _vote_types(self) -> tuple[str, ...]:
        """The vote types that need columns of their own: one type alone is the votes themselves."""
        election = self._fold.definition.election
        return election.vote_types if election is not None and len(election.vote_types) > 1 else ()

    def _precinct_rows(self, unit: ReportingUnit) -> Iterable[list[object]]:
        definition = self._fold.definition
        above = definition.units[unit.parent].name.en if unit.parent is not None else ""
        types = self._vote_types()
        for line in unit.ballot:
            totals = self._fold.totals.get((unit.id, line.contest))
            if totals is None:
                continue
            contest = definition.contests[line.contest]
            for selection, votes in zip(
                contest.selections, _by_selection(totals, len(contest.selections)), strict=True
            ):
                if selection.id not in line.omitted:
                    name, party = selection.name.en, selection.party
                    columns = [above, unit.name.en, contest.office, contest.district, name, party, sum(votes)]
                    yield [*columns, *(votes if types else ())]

    def _coverage_rows(self, unit: ReportingUnit) -> Iterable[list[object]]:
        fold, definition = self._fold, self._fold.definition
        live = [fold.live[urn, unit.id] for urn in definition.urns_of.get(unit.id, ()) if (urn, unit.id) in fold.live]
        entries = " ".join(str(index) for index in sorted(tally.index for tally in live))
        conflicts = " ".join(str(index) for index in sorted(index for tally in live for index in tally.conflicts))
        registered = "" if unit.registered_voters is None else unit.registered_voters
        for line in unit.ballot:
            expected = definition.expected.get((unit.id, line.contest))
            totals = fold.totals.get((unit.id, line.contest), _NO_TOTALS)
            counts = [totals.cells, totals.ballots, totals.overvotes, totals.undervotes]
            expected_cells = expected.cells if expected is not None else 0
            yield [unit.id, unit.name.en, line.contest, registered, expected_cells, *counts, entries, conflicts]

    def _flag_rows(self) -> list[list[object]]:
        gaps = [(index, "SEQUENCE_GAP", "the device's previous record is not in the log") for index in self._fold.gaps]
        held = [(row.index, row.code, row.message) for row in self._fold.held]
        return [list(row) for row in sorted(gaps + held)]


def render_numbered(fold: Fold, root_hash: Hash, state_files: dict[str, bytes]) -> bytes:
    """The numbered result file (JSON) of the snapshot that follows the fold's last one.

    Raises FormatError(``ELECTION_INCOMPLETE``) before all parts of the election are folded.
    """
    definition = fold.definition
    election, election_id = definition.election, definition.election_id
    if election is None or election_id is None or not definition.complete:
        raise FormatError("ELECTION_INCOMPLETE", "there are no results before all parts of the election are logged")
    upper = [unit for unit in sorted(definition.units.values(), key=lambda unit: unit.id) if not unit.ballot]
    country = next(unit.id for unit in definition.units.values() if unit.parent is None)
    held: dict[str, int] = {}
    for row in fold.held:
        held[row.code] = held.get(row.code, 0) + 1
    document = {
        "format": FORMAT,
        "election_id": election_id.hex(),
        "title": _words(election.title),
        "date": election.date,
        "number": fold.snapshots + 1,
        "tree_size": fold.size,
        "root_hash": root_hash.hex(),
        "fold_version": election.fold_version,
        "vote_types": election.vote_types,
        "units": [
            {"id": unit.id, "type": unit.type, "name": _words(unit.name), "parent": unit.parent} for unit in upper
        ],
        "contests": [
            _contest(fold, contest, country, [unit.id for unit in upper if unit.id != country])
            for contest in sorted(definition.contests.values(), key=lambda contest: contest.number)
        ],
        "held": dict(sorted(held.items())),
        "repeats": fold.repeats,
        "gaps": len(fold.gaps),
        "files": {path: sha256(data).hex() for path, data in sorted(state_files.items())},
    }
    return msgspec.json.encode(document) + b"\n"


def _contest(fold: Fold, contest: Contest, country: str, units: list[str]) -> dict[str, object]:
    votes = _votes(fold, country, contest)
    return {
        "number": contest.number,
        "title": _words(contest.title),
        "office": contest.office,
        "district": contest.district,
        "votes_allowed": contest.votes_allowed,
        **_sums(fold, country, contest.number),
        "selections": [
            {
                "name": _words(selection.name),
                "party": selection.party,
                "kind": selection.kind,
                **votes[place],
            }
            for place, selection in enumerate(contest.selections)
        ],
        "units": [
            {
                "unit": unit,
                **_sums(fold, unit, contest.number),
                "selections": _votes(fold, unit, contest),
            }
            for unit in units
            if (unit, contest.number) in fold.definition.expected
        ],
    }


def _sums(fold: Fold, unit: str, contest: int) -> dict[str, int]:
    expected = fold.definition.expected.get((unit, contest))
    totals = fold.totals.get((unit, contest), _NO_TOTALS)
    return {
        "cells_expected": expected.cells if expected is not None else 0,
        "cells_reported": totals.cells,
        "registered_expected": expected.registered if expected is not None else 0,
        "registered_reported": totals.registered,
        "ballots": totals.ballots,
        "overvotes": totals.overvotes,
        "undervotes": totals.undervotes,
    }


def _votes(fold: Fold, unit: str, contest: Contest) -> list[dict[str, object]]:
    """Votes of each selection, in the contest's order; zeros where nothing is counted yet."""
    totals = fold.totals.get((unit, contest.number))
    if totals is None:
        width = len(fold.definition.election.vote_types) if fold.definition.election else 0
        rows = [[0] * width for _ in contest.selections]
    else:
        rows = _by_selection(totals, len(contest.selections))
    return [
        {"id": selection.id, "votes": sum(row), "by_type": row}
        for selection, row in zip(contest.selections, rows, strict=True)
    ]


def _by_selection(totals: Totals, selections: int) -> list[list[int]]:
    """Votes by selection in the contest's order, then by vote type."""
    width = len(totals.votes) // selections
    return [list(totals.votes[at : at + width]) for at in range(0, len(totals.votes), width)]


def _words(words: Words) -> dict[str, str]:
    return {"ky": words.ky, "ru": words.ru, "en": words.en}


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
