"""What an OpenElections file says, as data, and the checks that need all of its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from simulator.open_elections_notes import FileWarning, Notes

Place = tuple[str, str]
"""County and precinct."""

Office = tuple[str, str]
"""Office and district."""

Choice = tuple[str, str]
"""Candidate and party."""


@dataclass(frozen=True, slots=True)
class Row:
    """Votes of one choice in one place, by vote type; ``line`` counts from 1 with the header."""

    line: int
    place: Place
    office: Office
    choice: Choice
    votes: tuple[int, ...]


@dataclass(slots=True)
class Blanks:
    """Overvotes and undervotes of an office in a place, and the first line that tells them."""

    line: int
    overvotes: int = 0
    undervotes: int = 0


@dataclass(slots=True)
class PlaceSum:
    """A number of a place that is told as a whole, or in parts (by party), or both ways: then the whole counts."""

    line: int
    whole: int | None = None
    parts: int = 0

    @property
    def number(self) -> int:
        return self.parts if self.whole is None else self.whole


@dataclass(slots=True)
class ResultsFile:
    """What a file says. ``blanks`` is by place and office, ``registered`` voters and ``ballots`` cast by place."""

    vote_types: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    blanks: dict[tuple[Place, Office], Blanks] = field(default_factory=dict)
    registered: dict[Place, PlaceSum] = field(default_factory=dict)
    ballots: dict[Place, PlaceSum] = field(default_factory=dict)
    warnings: list[FileWarning] = field(default_factory=list)


@dataclass(slots=True)
class _Cell:
    line: int
    votes: int = 0


def join_vote_types(file: ResultsFile, unsplit: Iterable[int], notes: Notes) -> None:
    """Make one vote type of all, where rows on the lines ``unsplit`` do not say which their votes are of."""
    lines = list(unsplit)
    if not lines or len(file.vote_types) < 2:
        return
    for line in lines:
        notes.warn("PARTLY_SPLIT", line, "votes without vote types: the vote types of all rows were added up")
    file.vote_types = ("votes",)
    file.rows = [replace(row, votes=(sum(row.votes),)) for row in file.rows]


def check_cells(file: ResultsFile, notes: Notes) -> None:
    """Hold each office of each place against what else the file says of it. Raises FormatError."""
    cells: dict[tuple[Place, Office], _Cell] = {}
    for row in file.rows:
        cells.setdefault((row.place, row.office), _Cell(row.line)).votes += sum(row.votes)
    for (place, office), blanks in file.blanks.items():
        if (place, office) in cells:
            cells[place, office].votes += blanks.overvotes + blanks.undervotes
        else:
            words = f"overvotes or undervotes of {office[0][:80]!r} where no candidate has a row"
            notes.problem("NO_CHOICES", blanks.line, words)
    if not file.rows:
        notes.problem("EMPTY_FILE", 1, "the file has no rows with votes")
    notes.settle()
    for (place, _), cell in cells.items():
        ballots = file.ballots.get(place)
        if ballots is not None and cell.votes > ballots.number:
            words = "an office with more votes than ballots cast: several votes a ballot, or an error of the source"
            notes.warn("MORE_VOTES_THAN_BALLOTS", cell.line, words)
    _leave_out_empty(file, {place for place, _ in cells}, notes)


def _leave_out_empty(file: ResultsFile, places: set[Place], notes: Notes) -> None:
    told: Mapping[Place, PlaceSum] = file.ballots | file.registered
    for place in told.keys() - places:
        notes.warn("PRECINCT_WITHOUT_VOTES", told[place].line, "a precinct without votes was left out")
        file.registered.pop(place, None)
        file.ballots.pop(place, None)
