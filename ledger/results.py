"""The numbered result file (JSON), byte for byte, as a function of a fold: what server and observer both write.

It has the totals of the country and of the units above the precincts and, under ``files``, the SHA-256 of each state
file. No file has a clock of its own, so the same entries give the same bytes.

    results/000001.json     one per snapshot; results/latest.json is a copy of the last
"""

from array import array
from collections.abc import Iterable

import msgspec

from ledger.election import Contest
from ledger.errors import FormatError
from ledger.fold import Fold
from ledger.primitives import Hash, sha256
from ledger.state import Held, Totals
from ledger.state_files import COVERAGE, FLAGS, PRECINCTS, RETURNS, RULINGS, TURNOUT, StateFiles, votes_by_selection
from ledger.words import Words

__all__ = [
    "COVERAGE",
    "FLAGS",
    "FORMAT",
    "LATEST",
    "PRECINCTS",
    "RETURNS",
    "RULINGS",
    "TURNOUT",
    "StateFiles",
    "numbered_path",
    "render_numbered",
]

LATEST = "results/latest.json"
FORMAT = "tunuk-results/1"

_NO_TOTALS = Totals(array("q"))


def numbered_path(number: int) -> str:
    """Path of the result file of snapshot ``number`` (1 or more)."""
    return f"results/{number:06d}.json"


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
        "turnout": _turnout(fold),
        "held": _by_code(fold.held),
        "flags": _by_code(fold.flags),
        "rulings": len(fold.rulings),
        "returns": len(fold.returns),
        "repeats": fold.repeats,
        "gaps": len(fold.gaps),
        "files": {path: sha256(data).hex() for path, data in sorted(state_files.items())},
    }
    return msgspec.json.encode(document) + b"\n"


def _by_code(rows: Iterable[Held]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.code] = counts.get(row.code, 0) + 1
    return dict(sorted(counts.items()))


def _turnout(fold: Fold) -> list[dict[str, int]]:
    """Ballots cast in the country by turnout time, and how many urns have told them."""
    told: dict[int, list[int]] = {}
    for (_, time), ballots in fold.turnout.items():
        told.setdefault(time, []).append(ballots)
    return [{"time": time, "urns": len(ballots), "ballots": sum(ballots)} for time, ballots in sorted(told.items())]


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
        "cells_withheld": totals.withheld,
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
        rows = votes_by_selection(contest, totals)
    return [
        {"id": selection.id, "votes": sum(row), "by_type": row}
        for selection, row in zip(contest.selections, rows, strict=True)
    ]


def _words(words: Words) -> dict[str, str]:
    return {"ky": words.ky, "ru": words.ru, "en": words.en}
