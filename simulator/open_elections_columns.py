"""The columns of an OpenElections file: which cell is what, found from the header and from what the columns hold.

``precinct`` (or ``ward``), ``office``, ``candidate`` and ``votes`` must be there; ``county``, ``district`` and
``party`` may. Any other column that has nothing but whole numbers and blanks is a vote type, unless its name says that
it is a code, a share or a sum. Columns may come in any order.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.election import MAX_VOTE_TYPES
from simulator.open_elections_notes import Notes

REQUIRED = ("precinct", "office", "candidate", "votes")
OPTIONAL = ("county", "district", "party")
MAX_VOTE_DIGITS = 9
"""No precinct has a thousand million votes; more digits are something else than votes."""

_PRECINCT_TOO = "ward"
_VOTE_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NO_VOTE_TYPE = re.compile(
    r"(.*_)?(code|id|no|number|fips|vtd|year|date|pct|percent|percentage|share|total|totals|winner)"
    r"|total_.*|.*_total_votes|registered(_voters)?|registration|ballots(_cast)?|turnout|precincts|ward|vote_for"
)


@dataclass(frozen=True, slots=True)
class Columns:
    """``places`` has the position of each named column, ``types`` name and position of each vote type."""

    width: int
    places: dict[str, int]
    types: tuple[tuple[str, int], ...]

    def names(self, cells: Sequence[str]) -> dict[str, str]:
        """The row's cells by name of column; blank where an optional column is absent."""
        return {name: cells[self.places[name]] if name in self.places else "" for name in (*REQUIRED, *OPTIONAL)}

    def by_type(self, cells: Sequence[str]) -> list[str]:
        return [cells[place].strip() for _, place in self.types]


def is_count(text: str) -> bool:
    """Whether this is a whole number of votes: ASCII digits and nothing else."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_VOTE_DIGITS


def read_header(header: Sequence[str], notes: Notes) -> Columns:
    """The columns without vote types. Raises FormatError(``BAD_HEADER``) where one is missing or there twice."""
    names = [_plain(name) for name in header]
    if "precinct" not in names and _PRECINCT_TOO in names:
        notes.warn("RENAMED_COLUMN", 1, f"{_PRECINCT_TOO} is taken as precinct")
        names[names.index(_PRECINCT_TOO)] = "precinct"
    for name in REQUIRED:
        if name not in names:
            notes.problem("BAD_HEADER", 1, f"there is no column {name!r}; the columns are {', '.join(header)[:400]}")
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        notes.problem("BAD_HEADER", 1, f"there are two columns {name!r}")
    notes.settle()
    return Columns(len(names), {name: names.index(name) for name in (*REQUIRED, *OPTIONAL) if name in names}, ())


def find_vote_types(
    header: Sequence[str], columns: Columns, rows: Iterable[Sequence[str]], notes: Notes
) -> tuple[tuple[str, int], ...]:
    """Name and position of each vote type, from the ``rows`` that count votes. Raises FormatError(``BAD_HEADER``)."""
    others = [place for place in range(columns.width) if place not in columns.places.values()]
    told: set[int] = set()
    texts: set[int] = set()
    for cells in rows:
        for place in others:
            if cell := cells[place].strip():
                (told if is_count(cell) else texts).add(place)
    types = []
    for place in others:
        name = header[place].strip()
        if place not in told | texts:
            if name:
                notes.warn("IGNORED_COLUMN", 1, f"{name[:80]!r} is empty")
        elif place in texts or _NO_VOTE_TYPE.fullmatch(_plain(name)):
            notes.warn("IGNORED_COLUMN", 1, f"{name[:80]!r} is no vote type")
        else:
            types.append((_vote_type(name, notes), place))
    if len(types) > MAX_VOTE_TYPES:
        notes.problem("BAD_HEADER", 1, f"{len(types)} vote types; at most {MAX_VOTE_TYPES} can be told apart")
    notes.settle()
    return tuple(types)


def _vote_type(name: str, notes: Notes) -> str:
    """As in the file where it can be a vote type's name."""
    if _VOTE_TYPE.fullmatch(name):
        return name
    renamed = _plain(name)[:64]
    if not _VOTE_TYPE.fullmatch(renamed):
        notes.problem("BAD_HEADER", 1, f"{name[:80]!r} has numbers and no name: name the column, or remove it")
    notes.warn("RENAMED_COLUMN", 1, f"{name[:80]!r} is taken as {renamed}")
    return renamed


def _plain(name: str) -> str:
    """Small letters, and underscores for blanks and signs: how columns are compared."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
