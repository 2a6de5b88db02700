"""Reads an OpenElections precinct CSV strictly: rows with their line numbers, overvotes, undervotes, registered voters.

Twice over the text: first which columns are vote types, then the rows. Whatever breaks a rule is collected and refused
together (``open_elections_notes``); what is mended or passed over gives a warning, and changes nothing that is counted.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ledger.canonical import require_text
from simulator.open_elections_columns import MAX_VOTE_DIGITS, Columns, find_vote_types, is_count, read_header
from simulator.open_elections_data import (
    Blanks,
    Choice,
    Office,
    Place,
    PlaceSum,
    ResultsFile,
    Row,
    check_cells,
    join_vote_types,
)
from simulator.open_elections_notes import Notes, refuse_file
from simulator.open_elections_rows import RowSort, is_part, sort_row

MAX_FILE_BYTES = 256 * 1024 * 1024
"""The largest state's file of a general election is below a fifth of this."""

MAX_NAME = 500
"""Characters of a name: as many as a text in the log may have."""


def parse_results(path: Path) -> ResultsFile:
    """Read the file. Raises FormatError (code of the first problem, a line for each), OSError."""
    if path.stat().st_size > MAX_FILE_BYTES:
        refuse_file("FILE_TOO_LARGE", f"{path}: more than {MAX_FILE_BYTES} bytes")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        refuse_file("NOT_UTF8", f"{path}: byte {error.start} is not UTF-8; convert the file first")
    return _Reader(text).read()


class _Reader:
    """Reads one file's text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._notes = Notes()
        self._file = ResultsFile()
        self._columns = Columns(0, {}, ())
        self._seen: dict[object, int] = {}
        self._unsplit: list[int] = []
        # Most names come again on every row of a precinct: each is looked at, and kept, once.
        self._clean_names: dict[str, str] = {}

    def read(self) -> ResultsFile:
        _, header = next(self._records(Notes()), (1, []))
        if not header:
            refuse_file("EMPTY_FILE", "the file has no header and no rows")
        self._columns = read_header(header, self._notes)
        survey = self._records(Notes())
        next(survey)
        counting = (cells for _, cells in survey if self._counts(cells))
        types = find_vote_types(header, self._columns, counting, self._notes)
        self._columns = Columns(self._columns.width, self._columns.places, types)
        records = self._records(self._notes)
        next(records)
        for line, cells in records:
            self._take(line, cells)
        return self._finish()

    def _records(self, notes: Notes) -> Iterator[tuple[int, list[str]]]:
        """Each record with the line that it begins on. Lines may end in CR, LF or both."""
        reader = csv.reader(io.StringIO(self._text, newline=None), strict=True)
        line = 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                else:
                    notes.warn("EMPTY_LINE", line, "an empty line was passed over")
                line = reader.line_num + 1
        except csv.Error as error:
            notes.problem("BAD_ROW", line, f"what begins here is not CSV: {error}; look for a lone quotation mark")

    def _counts(self, cells: Sequence[str]) -> bool:
        """Whether the row has votes of a choice, overvotes or undervotes; a row of another width says nothing."""
        if len(cells) != self._columns.width:
            return False
        names = self._columns.names(cells)
        return sort_row(names["office"].strip(), names["candidate"].strip()).counts

    def _take(self, line: int, cells: Sequence[str]) -> None:
        if len(cells) != self._columns.width:
            self._notes.problem("BAD_ROW", line, f"{len(cells)} cells where the header has {self._columns.width}")
            return
        names = {name: self._clean(line, text) for name, text in self._columns.names(cells).items()}
        place, office = (names["county"], names["precinct"]), (names["office"], names["district"])
        sort = sort_row(names["office"], names["candidate"], names["precinct"])
        blank = next((name for name in ("precinct", "office") if not names[name]), None)
        if blank is None and sort.counts and not names["candidate"]:
            blank = "candidate"
        if sort is RowSort.TOTAL:
            self._notes.problem("TOTAL_ROW", line, "a total of other rows, which would count them twice: remove it")
        elif blank is not None:
            self._notes.problem("BLANK_NAME", line, f"the {blank} is blank")
        elif self._is_first(line, place, office, (names["candidate"], names["party"])):
            if sort is RowSort.IGNORED:
                self._notes.warn("IGNORED_ROW", line, "a row about ballots was passed over")
            elif sort in (RowSort.REGISTERED, RowSort.BALLOTS):
                self._take_sum(line, sort, place, names)
            else:
                row = Row(line, place, office, (names["candidate"], names["party"]), ())
                self._take_votes(sort, row, names["votes"], self._columns.by_type(cells))

    def _is_first(self, line: int, place: Place, office: Office, choice: Choice) -> bool:
        first = self._seen.setdefault((place, office, choice), line)
        if first != line:
            words = f"the precinct, office, name and party of line {first} again"
            self._notes.problem("DUPLICATE_ROW", line, words)
        return first == line

    def _take_sum(self, line: int, sort: RowSort, place: Place, names: dict[str, str]) -> None:
        """Registered voters or ballots cast. Where the number is blank, nothing was told."""
        number = names["votes"]
        if not number:
            self._notes.warn("IGNORED_ROW", line, f"no number of {names['office'].lower()} is told")
            return
        if not is_count(number):
            self._bad_count(line, number)
            return
        sums = self._file.registered if sort is RowSort.REGISTERED else self._file.ballots
        told = sums.setdefault(place, PlaceSum(line))
        if names["party"] or is_part(names["office"]):
            told.parts += int(number)
        else:
            told.whole = int(number)

    def _take_votes(self, sort: RowSort, row: Row, number: str, split: list[str]) -> None:
        if not is_count(number):
            self._bad_count(row.line, number)
            return
        votes = int(number)
        if sort is RowSort.CHOICE:
            self._file.rows.append(replace(row, votes=self._split(row.line, votes, split)))
            return
        # There is one number of overvotes and one of undervotes, whatever the vote types; these still have to add up.
        self._split(row.line, votes, split)
        blanks = self._file.blanks.setdefault((row.place, row.office), Blanks(row.line))
        if sort is RowSort.OVERVOTES:
            blanks.overvotes += votes
        else:
            blanks.undervotes += votes

    def _split(self, line: int, votes: int, split: list[str]) -> tuple[int, ...]:
        """The votes by vote type."""
        if not any(split):
            if split and votes:
                self._unsplit.append(line)
            return (votes, *[0] * (len(split) - 1))
        if not all(split):
            self._notes.warn("BLANK_IS_ZERO", line, "a blank vote type was read as 0")
        by_type = tuple(int(cell or "0") for cell in split)
        if sum(by_type) != votes:
            words = f"{votes} votes, but {sum(by_type)} by vote type ({', '.join(dict(self._columns.types))})"
            self._notes.problem("VOTES_DO_NOT_ADD_UP", line, words)
        return by_type

    def _bad_count(self, line: int, number: str) -> None:
        what = f"{number[:40]!r} is not a whole number of votes" if number else "the votes are blank"
        more = f"; a number has digits and nothing else, at most {MAX_VOTE_DIGITS}"
        self._notes.problem("BAD_COUNT", line, what + (more if number else "; write 0 where the source says 0"))

    def _clean(self, line: int, text: str) -> str:
        clean = self._clean_names.get(text)
        if clean is None:
            clean = self._clean_names[text] = unicodedata.normalize("NFC", text).strip()
            try:
                require_text(clean)
            except ValueError as error:
                self._notes.problem("BAD_TEXT", line, str(error))
            if len(clean) > MAX_NAME:
                self._notes.problem("BAD_TEXT", line, f"a name of {len(clean)} characters; {MAX_NAME} are the most")
        if clean != text:
            if unicodedata.normalize("NFC", text) != text:
                self._notes.warn("NORMALISED", line, "a name was brought into Unicode normal form C")
            if text != text.strip():
                self._notes.warn("TRIMMED", line, "blanks around a name were removed")
        return clean

    def _finish(self) -> ResultsFile:
        self._file.vote_types = tuple(name for name, _ in self._columns.types) or ("votes",)
        join_vote_types(self._file, self._unsplit, self._notes)
        check_cells(self._file, self._notes)
        self._file.warnings = list(self._notes.warnings())
        return self._file
