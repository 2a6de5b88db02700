"""Reads an OpenElections precinct CSV strictly: rows with their line numbers, and what had to be passed over or mended.

Columns may come in any order. ``precinct``, ``office``, ``candidate`` and ``votes`` must be there; ``county``,
``district`` and ``party`` may. Every other column whose cells are all numbers is a vote type; the vote types of a row
add up to its votes. Whatever breaks a rule is collected, up to MAX_PROBLEMS with their lines, and refused together:

    BAD_HEADER            a column is missing or doubled
    BAD_ROW               a line has more or fewer cells than the header, or is no CSV
    BAD_COUNT             not a whole number of votes: blank, negative, with a separator, or text
    BAD_TEXT              a name with control characters
    VOTES_DO_NOT_ADD_UP   the vote types of the row are not its votes
    DUPLICATE_ROW         the same precinct, office and name again
    TOTAL_ROW             a row that is the total of others
    FILE_TOO_LARGE, NOT_UTF8, EMPTY_FILE

Warnings change nothing that is counted: TRIMMED (blanks around a name), NORMALISED (to Unicode NFC), IGNORED_COLUMN,
IGNORED_ROW (ballots cast, which follow from the votes), EMPTY_LINE.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ledger.canonical import require_text
from ledger.election import MAX_VOTE_TYPES
from ledger.errors import FormatError

MAX_FILE_BYTES = 256 * 1024 * 1024
"""The largest state's file of a general election is below a fifth of this."""

MAX_PROBLEMS = 20
REQUIRED = ("precinct", "office", "candidate", "votes")
OPTIONAL = ("county", "district", "party")

_TOTALS = frozenset({"total", "totals", "county total", "county totals", "grand total", "all precincts", "statewide"})
_OVERVOTES = re.compile(r"over\s*-?votes?", re.IGNORECASE)
_UNDERVOTES = re.compile(r"(under\s*-?votes?|blank( votes?)?)", re.IGNORECASE)
_VOTE_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Place = tuple[str, str]
"""County and precinct: a precinct's name alone is not unique."""

Office = tuple[str, str]
Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """Votes of one choice (name and party) in one place, by vote type; ``line`` counts from 1 with the header."""

    line: int
    place: Place
    office: Office
    choice: Choice
    votes: tuple[int, ...]


@dataclass(slots=True)
class ResultsFile:
    """What a file says. ``blanks`` has overvotes and undervotes by place and office, ``registered`` voters by place."""

    vote_types: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    blanks: dict[tuple[Place, Office], tuple[int, int]] = field(default_factory=dict)
    registered: dict[Place, int] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)


def parse_results(path: Path) -> ResultsFile:
    """Read the file. Raises FormatError (code of the first problem, a line for each), OSError."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise FormatError("FILE_TOO_LARGE", f"{path}: more than {MAX_FILE_BYTES} bytes")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError("NOT_UTF8", f"{path}: byte {error.start} is not UTF-8; convert the file first") from error
    return _Reader(text).read()


class _Reader:
    """Reads one file's text, and collects problems."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._file = ResultsFile()
        self._problems: list[tuple[str, str]] = []
        self._seen: dict[object, int] = {}

    def read(self) -> ResultsFile:
        lines = list(self._lines())
        if self._problems or not lines:
            self._give_up()
        header = lines[0][1]
        self._check_header(header)
        body = [
            (number, dict(zip(header, cells, strict=True))) for number, cells in self._whole(lines[1:], len(header))
        ]
        self._file.vote_types = self._find_vote_types(header, body)
        for number, cells in body:
            self._take(number, cells)
        if not self._file.rows and not self._problems:
            self._problem("EMPTY_FILE", "the file has no rows")
        if self._problems:
            self._give_up()
        if not self._file.vote_types:
            self._file.vote_types = ("votes",)
        return self._file

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        # Lines may end in CR, LF or both.
        reader = csv.reader(io.StringIO(self._text, newline=None), strict=True)
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
                else:
                    self._file.warnings["EMPTY_LINE"] += 1
        except csv.Error as error:
            self._problem("BAD_ROW", f"line {reader.line_num}: not CSV: {error}")

    def _check_header(self, header: list[str]) -> None:
        missing = [name for name in REQUIRED if name not in header]
        if missing or len(set(header)) != len(header):
            self._problem("BAD_HEADER", f"line 1: missing or doubled columns ({', '.join(missing) or header})")
            self._give_up()

    def _whole(self, lines: list[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, list[str]]]:
        for number, cells in lines:
            if len(cells) == width:
                yield number, cells
            else:
                self._problem("BAD_ROW", f"line {number} has {len(cells)} cells where the header has {width}")

    def _find_vote_types(self, header: list[str], body: list[tuple[int, dict[str, str]]]) -> tuple[str, ...]:
        types = []
        for name in header:
            if name in REQUIRED or name in OPTIONAL:
                continue
            if _VOTE_TYPE.fullmatch(name) and all(_is_count(cells[name]) for _, cells in body):
                types.append(name)
            else:
                self._file.warnings[f"IGNORED_COLUMN {name}"] += 1
        if len(types) > MAX_VOTE_TYPES:
            self._problem("BAD_HEADER", f"line 1: {len(types)} vote types, at most {MAX_VOTE_TYPES} can be told apart")
        return tuple(types)

    def _take(self, number: int, cells: dict[str, str]) -> None:
        names = {name: self._clean(number, cells.get(name, "")) for name in ("county", "precinct", "office")}
        names |= {name: self._clean(number, cells.get(name, "")) for name in ("district", "candidate", "party")}
        if names["precinct"].lower() in _TOTALS or names["candidate"].lower() in _TOTALS:
            self._problem("TOTAL_ROW", f"line {number} is a total of other rows: remove it")
            return
        if not _is_count(cells["votes"]):
            self._problem("BAD_COUNT", f"line {number}: {cells['votes'][:40]!r} is not a whole number of votes")
            return
        votes = int(cells["votes"])
        by_type = tuple(int(cells[name]) for name in self._file.vote_types)
        if by_type and sum(by_type) != votes:
            words = f"line {number}: {votes} votes, but {sum(by_type)} by vote type"
            self._problem("VOTES_DO_NOT_ADD_UP", words)
            return
        self._place(number, names, by_type or (votes,))

    def _place(self, number: int, names: dict[str, str], votes: tuple[int, ...]) -> None:
        place, office = (names["county"], names["precinct"]), (names["office"], names["district"])
        choice = (names["candidate"], names["party"])
        if (place, office, choice) in self._seen:
            first = self._seen[place, office, choice]
            self._problem("DUPLICATE_ROW", f"line {number} repeats the precinct, office and name of line {first}")
            return
        self._seen[place, office, choice] = number
        over, under = self._file.blanks.get((place, office), (0, 0))
        if names["office"].lower() == "registered voters":
            self._file.registered[place] = sum(votes)
        elif names["office"].lower() in ("ballots cast", "ballots cast - total", "ballots cast - blank"):
            self._file.warnings["IGNORED_ROW"] += 1
        elif _OVERVOTES.fullmatch(choice[0]):
            self._file.blanks[place, office] = (over + sum(votes), under)
        elif _UNDERVOTES.fullmatch(choice[0]):
            self._file.blanks[place, office] = (over, under + sum(votes))
        else:
            self._file.rows.append(Row(number, place, office, choice, votes))

    def _clean(self, number: int, text: str) -> str:
        clean = unicodedata.normalize("NFC", text)
        if clean != text:
            self._file.warnings["NORMALISED"] += 1
        if clean.strip() != clean:
            self._file.warnings["TRIMMED"] += 1
        try:
            require_text(clean.strip())
        except ValueError as error:
            self._problem("BAD_TEXT", f"line {number}: {error}")
        return clean.strip()

    def _problem(self, code: str, words: str) -> None:
        self._problems.append((code, words))
        if len(self._problems) >= MAX_PROBLEMS:
            self._give_up()

    def _give_up(self) -> None:
        if not self._problems:
            self._problems.append(("EMPTY_FILE", "the file has no rows"))
        more = "\nand perhaps more" if len(self._problems) >= MAX_PROBLEMS else ""
        raise FormatError(self._problems[0][0], "\n".join(f"{code}: {words}" for code, words in self._problems) + more)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
