"""What the state files (CSV) say of each precinct, put together by precinct again.

``coverage.csv`` names precincts by id; ``precincts.csv`` and ``returns.csv`` name them, their contests and selections
in words, in the same order. So the files are read side by side, and a row that does not fit its place is an error.
"""

import csv
import io
from collections.abc import Iterator, Sequence

import msgspec

from central_server.pages.results_document import ContestResults, ResultsDocument
from ledger.election_file import ElectionFile
from ledger.errors import FormatError
from ledger.results import COVERAGE, FLAGS, PRECINCTS, RETURNS

Row = list[str]


class VoteRow(msgspec.Struct, frozen=True):
    """Votes of the contest's selection at ``place``; nil where withheld. ``hand``: the hand count, where it is in."""

    place: int
    votes: int | None
    by_type: tuple[int, ...]
    hand: int | None = None


class CellRow(msgspec.Struct, frozen=True):
    """One contest in a precinct. ``rows`` is empty until something of it is in."""

    contest: int
    expected: int
    reported: int
    withheld: int
    ballots: int
    overvotes: int
    undervotes: int
    annulled: bool
    rows: tuple[VoteRow, ...]


class Mark(msgspec.Struct, frozen=True):
    """A line of ``flags.csv``: a record that a rule keeps out or flags, or a gap, by its log entry."""

    index: int
    code: str
    message: str


class PrecinctData(msgspec.Struct, frozen=True):
    """All that the state files say of a precinct. ``protocol``: number of the hand-counted protocol's document."""

    id: str
    registered: int | None
    cells: tuple[CellRow, ...]
    entries: tuple[int, ...]
    conflicts: tuple[int, ...]
    marks: tuple[Mark, ...]
    protocol: str

    @property
    def expected(self) -> int:
        """Counts that are waited for; of annulled contests none is."""
        return sum(cell.expected for cell in self.cells if not cell.annulled)

    @property
    def reported(self) -> int:
        return sum(cell.reported for cell in self.cells if not cell.annulled)

    @property
    def status(self) -> str:
        """``annulled``, ``idle`` (nothing is expected), ``missing``, ``partial`` or ``complete``."""
        if self.cells and all(cell.annulled for cell in self.cells):
            return "annulled"
        if self.reported >= self.expected:
            return "complete" if self.reported else "idle"
        return "partial" if self.reported else "missing"


def parse_marks(files: dict[str, bytes]) -> tuple[Mark, ...]:
    """The lines of ``flags.csv``, in their order. Raises FormatError(``BAD_RESULTS``)."""
    return tuple(Mark(parse_count(row[0]), row[1], row[2]) for row in read_rows(files, FLAGS, 3))


def parse_precincts(
    files: dict[str, bytes], document: ResultsDocument, election: ElectionFile, marks: Sequence[Mark]
) -> dict[str, PrecinctData]:
    """Every precinct by id, in ascending order of the ids. Raises FormatError(``BAD_RESULTS``)."""
    votes = _VoteFile(files, document, election)
    returns = _ReturnFile(files, document)
    marks_of: dict[int, list[Mark]] = {}
    for mark in marks:
        marks_of.setdefault(mark.index, []).append(mark)
    precincts: dict[str, PrecinctData] = {}
    for unit, rows in _by_unit(read_rows(files, COVERAGE, 13)):
        if unit in precincts or unit not in votes.places:
            raise FormatError("BAD_RESULTS", f"{COVERAGE}: precinct {unit} is not listed, or is there twice")
        cells = tuple(_cell(row, votes, returns) for row in rows)
        entries, conflicts = _indices(rows[0][10]), _indices(rows[0][11])
        marked = tuple(mark for index in sorted({*entries, *conflicts}) for mark in marks_of.get(index, ()))
        registered = parse_count(rows[0][3]) if rows[0][3] else None
        precincts[unit] = PrecinctData(unit, registered, cells, entries, conflicts, marked, returns.protocol(unit))
    votes.end()
    returns.end()
    return precincts


def read_rows(files: dict[str, bytes], path: str, columns: int) -> Iterator[Row]:
    """The rows of a state file below its header, each with at least so many columns, else FormatError."""
    try:
        rows = csv.reader(io.StringIO(files[path].decode(), newline=""), strict=True)
        next(rows, None)
        for row in rows:
            if len(row) < columns:
                raise FormatError("BAD_RESULTS", f"{path}: line {rows.line_num} has {len(row)} columns, not {columns}")
            yield row
    except KeyError as error:
        raise FormatError("BAD_RESULTS", f"{path} is missing") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError("BAD_RESULTS", f"{path}: not a table: {error}") from error


class _Rows:
    """The rows of one file, of which the next one can be looked at."""

    def __init__(self, files: dict[str, bytes], path: str, columns: int, contests: Sequence[ContestResults]) -> None:
        self._path = path
        self._rows = read_rows(files, path, columns)
        self.next = next(self._rows, None)
        self._places = {
            contest.number: {
                key: [place for place, row in enumerate(contest.selections) if (row.name.en, row.party) == key]
                for key in {(row.name.en, row.party) for row in contest.selections}
            }
            for contest in contests
        }

    def take(self, start: Row, contest: int, width: int) -> Iterator[tuple[int, Row]]:
        """Consume the rows that begin with ``start``: each with the place of its selection, ascending."""
        if contest not in self._places:
            raise FormatError("BAD_RESULTS", f"{COVERAGE}: contest {contest} is not in the numbered file")
        at, last, places = len(start), -1, self._places[contest]
        while (row := self.next) is not None and row[:at] == start:
            place = next((place for place in places.get((row[at], row[at + 1]), ()) if place > last), None)
            if place is None or len(row) < width:
                return
            yield place, row
            last = place
            self.next = next(self._rows, None)

    def end(self) -> None:
        if self.next is not None:
            raise FormatError("BAD_RESULTS", f"{self._path}: a row does not fit where it is: {', '.join(self.next)}")


class _VoteFile(_Rows):
    """``precincts.csv``: the votes of each precinct and contest of which something is in."""

    def __init__(self, files: dict[str, bytes], document: ResultsDocument, election: ElectionFile) -> None:
        super().__init__(files, PRECINCTS, 7, document.contests)
        names = {unit.id: unit.name.en for unit in election.units}
        self.places = {unit.id: [names.get(unit.parent or "", ""), unit.name.en] for unit in election.units}
        self._contests = {contest.number: [contest.office, contest.district] for contest in document.contests}
        self._types = len(document.vote_types)

    def votes(self, unit: str, contest: int) -> list[VoteRow]:
        types = self._types if self._types > 1 else 0
        start = [*self.places[unit], *self._contests.get(contest, ())]
        taken = self.take(start, contest, 7 + types)
        return [_vote_row(place, row[6], row[7 : 7 + types]) for place, row in taken]


class _ReturnFile(_Rows):
    """``returns.csv``: hand counts of the precincts whose protocol is in."""

    def __init__(self, files: dict[str, bytes], document: ResultsDocument) -> None:
        super().__init__(files, RETURNS, 9, document.contests)
        self._protocols: dict[str, str] = {}

    def hand_counts(self, unit: str, name: str, contest: int) -> dict[int, int]:
        """Votes by the place of the selection."""
        counts = {}
        for place, row in self.take([unit, name, str(contest)], contest, 9):
            counts[place] = parse_count(row[6])
            self._protocols[unit] = row[8]
        return counts

    def protocol(self, unit: str) -> str:
        return self._protocols.get(unit, "")


def _cell(row: Row, votes: _VoteFile, returns: _ReturnFile) -> CellRow:
    contest, (expected, reported, withheld) = parse_count(row[2]), map(parse_count, row[4:7])
    ballots, overvotes, undervotes = map(parse_count, row[7:10])
    rows = votes.votes(row[0], contest) if reported else []
    if reported and not rows:
        raise FormatError("BAD_RESULTS", f"{PRECINCTS} has no votes of contest {contest} in precinct {row[0]}")
    hand = returns.hand_counts(row[0], row[1], contest)
    if hand:
        counted = {vote.place: vote for vote in rows}
        rows = [
            msgspec.structs.replace(counted.get(place, VoteRow(place, None, ())), hand=hand.get(place))
            for place in sorted({*counted, *hand})
        ]
    annulled = row[12] == "1"
    return CellRow(contest, expected, reported, withheld, ballots, overvotes, undervotes, annulled, tuple(rows))


def _vote_row(place: int, votes: str, by_type: list[str]) -> VoteRow:
    if not votes:
        return VoteRow(place, None, ())
    count = parse_count(votes)
    return VoteRow(place, count, tuple(map(parse_count, by_type)) if by_type else (count,))


def _by_unit(rows: Iterator[Row]) -> Iterator[tuple[str, list[Row]]]:
    group: list[Row] = []
    for row in rows:
        if group and row[0] != group[0][0]:
            yield group[0][0], group
            group = []
        group.append(row)
    if group:
        yield group[0][0], group


def _indices(text: str) -> tuple[int, ...]:
    return tuple(map(parse_count, text.split()))


def parse_count(text: str) -> int:
    """Raises FormatError(``BAD_RESULTS``)."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):
        raise FormatError("BAD_RESULTS", f"not a count: {text[:40]!r}")
    return int(text)
