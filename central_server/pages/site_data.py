"""One snapshot's published files, parsed and put in relation: what every page is made from, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass

from central_server.pages.election_reader import parse_election_file
from central_server.pages.page_rows import Link, RulingRow
from central_server.pages.precinct_rows import (
    Mark,
    PrecinctData,
    parse_count,
    parse_marks,
    parse_precincts,
    read_rows,
)
from central_server.pages.results_document import ContestResults, ResultsDocument, Stamp, UnitResults, parse_results
from central_server.pages.wording import say
from ledger.election_file import ELECTION, ElectionFile, Unit
from ledger.errors import FormatError
from ledger.results import COVERAGE, FLAGS, LATEST, PRECINCTS, RETURNS, RULINGS

SOURCES = (LATEST, ELECTION, PRECINCTS, COVERAGE, FLAGS, RETURNS, RULINGS)
"""The published files that pages are drawn from."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Precincts of one area: how many there are, and how many are in completely, in part, and not at all."""

    precincts: int = 0
    complete: int = 0
    partial: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class SiteData:
    """Precincts by id; ``children``: the units right below a unit; ``counted``: precincts anywhere below it."""

    document: ResultsDocument
    election: ElectionFile
    units: dict[str, Unit]
    country: str
    contests: dict[int, ContestResults]
    precincts: dict[str, PrecinctData]
    children: dict[str, tuple[str, ...]]
    counted: dict[str, Counted]
    areas: dict[str, tuple[tuple[ContestResults, UnitResults], ...]]
    marks: tuple[Mark, ...]
    rulings: tuple[RulingRow, ...]

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.document.number, self.document.tree_size, self.document.root_hash)

    def link(self, unit: str) -> Link:
        return Link(self.units[unit].name, self.href(unit))

    def href(self, unit: str) -> str:
        if unit == self.country:
            return "index"
        return f"precinct/{unit}" if unit in self.precincts else f"area/{unit}"

    def crumbs(self, unit: str) -> tuple[Link, ...]:
        """From the overview down to the unit's parent."""
        path: list[Link] = []
        above = self.units[unit].parent
        while above is not None and above != self.country:
            path.append(self.link(above))
            above = self.units[above].parent
        return (home_link(), *reversed(path))

    def areas_below(self, unit: str) -> list[str]:
        return [child for child in self.children.get(unit, ()) if child not in self.precincts]

    def precincts_below(self, unit: str) -> list[PrecinctData]:
        """Those right below, in ascending order of their ids."""
        return [self.precincts[child] for child in self.children.get(unit, ()) if child in self.precincts]


def home_link() -> Link:
    return Link(say("overview"), "index")


def parse_site(files: dict[str, bytes]) -> SiteData:
    """``files``: the ``SOURCES`` by path.

    Raises FormatError (``BAD_RESULTS``, ``BAD_ELECTION_FILE``) for files that are not what they are named, or do not
    fit each other, and UnjudgeableError for later formats.
    """
    missing = [path for path in SOURCES if path not in files]
    if missing:
        raise FormatError("BAD_RESULTS", f"{missing[0]} is missing")
    document, election = parse_results(files[LATEST]), parse_election_file(files[ELECTION])
    units = {unit.id: unit for unit in election.units}
    if document.election_id != election.election_id or any(unit.id not in units for unit in document.units):
        raise FormatError("BAD_RESULTS", f"{LATEST} and {ELECTION} are of different elections")
    marks = parse_marks(files)
    precincts = parse_precincts(files, document, election, marks)
    children: dict[str, list[str]] = {}
    for unit in election.units:
        if unit.parent is not None:
            children.setdefault(unit.parent, []).append(unit.id)
    areas: dict[str, list[tuple[ContestResults, UnitResults]]] = {}
    for contest in document.contests:
        for row in contest.units:
            areas.setdefault(row.unit, []).append((contest, row))
    return SiteData(
        document,
        election,
        units,
        next(unit.id for unit in document.units if unit.parent is None),
        {contest.number: contest for contest in document.contests},
        precincts,
        {unit: tuple(below) for unit, below in children.items()},
        _count(units, precincts.values()),
        {unit: tuple(rows) for unit, rows in areas.items()},
        marks,
        tuple(RulingRow(parse_count(row[0]), *row[1:5]) for row in read_rows(files, RULINGS, 5)),
    )


def _count(units: dict[str, Unit], precincts: Iterable[PrecinctData]) -> dict[str, Counted]:
    """Adds each precinct to all units above it, by its status; of idle and annulled ones nothing is awaited."""
    sums: dict[str, list[int]] = {}
    for precinct in precincts:
        place = {"missing": 3, "partial": 2}.get(precinct.status, 1)
        above = units[precinct.id].parent
        while above is not None:
            row = sums.setdefault(above, [0, 0, 0, 0])
            row[0] += 1
            row[place] += 1
            above = units[above].parent
    return {unit: Counted(*row) for unit, row in sums.items()}
