"""A definition from tables: ``election.json`` with everything but units and devices, ``units.csv`` and ``devices.csv``.

    units.csv    id,type,name_ky,name_ru,name_en,parent,registered_voters,ballot
    devices.csv  device,urn,unit,role,contests       a row for each unit of an urn

CSV in UTF-8, with or without a byte order mark, columns in any order. A ballot is a list of contest numbers with blanks
between them; ``2!4!7`` is contest 2 without the selections 4 and 7. Blank contests are all of the unit's ballot. What
is wrong is told by file and line, up to MAX_PROBLEMS at once:

    CSV_HEADER       a column is missing, there twice, or unknown
    CSV_ROW          a line has more or fewer cells than the header, or is no CSV
    CSV_FIELD        a cell is not what its column holds
    CSV_NOT_UTF8     the file is in another encoding
    CSV_EMPTY        there are no rows
    CSV_ELECTION     election.json is no object, or has units or devices of its own

What fits the tables is then held to all rules of ``definition_checks``; its errors get the line as well.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from central_server.definition_checks import verify_definition
from central_server.definition_file import MAX_DEFINITION, parse_json
from ledger.errors import FormatError
from ledger.store.durable import StorageError, read_file

ELECTION, UNITS, DEVICES = "election.json", "units.csv", "devices.csv"
UNIT_COLUMNS = ("id", "type", "name_ky", "name_ru", "name_en", "parent", "registered_voters", "ballot")
DEVICE_COLUMNS = ("device", "urn", "unit", "role", "contests")
MAX_PROBLEMS = 20

_NUMBER = re.compile(r"[0-9]{1,16}")
_NUMBERS = re.compile(r"[0-9]{1,16}( +[0-9]{1,16})*")
_BALLOT = re.compile(r"[0-9]{1,16}(![0-9]{1,16})*( +[0-9]{1,16}(![0-9]{1,16})*)*")
_PLACE = re.compile(r"\$\.(units|devices)\[(\d+)\](?:\.urns\[(\d+)\])?(?:\.units\[(\d+)\])?")

_Place = tuple[str, ...]
"""Where a part is in the document: ``("units", "3")``, ``("devices", "0", "1", "2")`` for a unit of an urn."""


@dataclass(slots=True)
class _Tables:
    """What is found while reading; ``lines`` has file and line of each part."""

    problems: list[tuple[str, str]] = field(default_factory=list)
    lines: dict[_Place, str] = field(default_factory=dict)

    def problem(self, code: str, words: str) -> None:
        self.problems.append((code, words))
        if len(self.problems) >= MAX_PROBLEMS:
            self.settle()

    def settle(self) -> None:
        """Raises FormatError where there was a problem: the code of the first, and a line for each."""
        if self.problems:
            (code, first), *others = self.problems
            more = ["and perhaps more"] if len(self.problems) >= MAX_PROBLEMS else []
            raise FormatError(code, "\n".join([first, *(f"{code}: {words}" for code, words in others), *more]))

    def line_of(self, message: str) -> str:
        """File and line of the place that a message names, with a colon; blank where it names none."""
        found = _PLACE.search(message)
        if found is None:
            return ""
        place = tuple(part for part in found.groups() if part is not None)
        line = next((self.lines[place[:end]] for end in range(len(place), 1, -1) if place[:end] in self.lines), None)
        return f"{line}: " if line is not None else ""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row's cells by column, without blanks around them. What is wrong with a cell is noted, and stands as blank."""

    name: str
    line: int
    cells: dict[str, str]
    tables: _Tables

    @property
    def place(self) -> str:
        return f"{self.name}, line {self.line}"

    def text(self, column: str) -> str:
        if not self.cells[column]:
            self._wrong(column, "must not be blank")
        return self.cells[column]

    def number(self, column: str) -> int | None:
        text = self._matching(column, _NUMBER, "a whole number")
        return int(text) if text else None

    def numbers(self, column: str) -> list[int]:
        return [int(word) for word in self._matching(column, _NUMBERS, "numbers with blanks between them").split()]

    def ballot(self, column: str) -> list[dict[str, Any]]:
        words = self._matching(column, _BALLOT, "contests such as 1 2!4!7, with blanks between them").split()
        lines = [[int(number) for number in word.split("!")] for word in words]
        return [{"contest": contest, "omitted": omitted} for contest, *omitted in lines]

    def _matching(self, column: str, pattern: re.Pattern[str], what: str) -> str:
        text = self.cells[column]
        if text and not pattern.fullmatch(text):
            self._wrong(column, f"{text[:80]!r} is not {what}")
            return ""
        return text

    def _wrong(self, column: str, words: str) -> None:
        self.tables.problem("CSV_FIELD", f"{self.place}: {column}: {words}")


def make_definition(folder: Path) -> bytes:
    """The definition file of the tables in ``folder``: valid, with a line for each unit and each device.

    Raises FormatError (``CSV_…``, and ``DEFINITION_…`` of the whole), StorageError(``FILE_MISSING``, …).
    """
    election = parse_json(_read(folder / ELECTION))
    if not isinstance(election, dict) or not election or not {"units", "devices"}.isdisjoint(election):
        words = f"{ELECTION} is an object with the fields of a definition without units and devices"
        raise FormatError("CSV_ELECTION", words)
    tables = _Tables()
    units = _units(_rows(_read(folder / UNITS), UNITS, UNIT_COLUMNS, tables))
    devices = _devices(_rows(_read(folder / DEVICES), DEVICES, DEVICE_COLUMNS, tables))
    tables.settle()
    data = _encode(election, units, devices)
    try:
        verify_definition(data)
    except FormatError as error:
        raise FormatError(error.code, tables.line_of(error.message) + error.message) from error
    return data


def _read(path: Path) -> bytes:
    data = read_file(path, MAX_DEFINITION)
    if data is None:
        raise StorageError("FILE_MISSING", f"{path} does not exist; the folder has {ELECTION}, {UNITS} and {DEVICES}")
    return data


def _rows(data: bytes, name: str, columns: tuple[str, ...], tables: _Tables) -> Iterator[_Row]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError("CSV_NOT_UTF8", f"{name}: byte {error.start} is not UTF-8: convert the file") from error
    reader = csv.reader(io.StringIO(text, newline=None), strict=True)
    header: list[str] = []
    line, rows = 1, 0
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not header:
                header = cells
                if sorted(header) != sorted(columns):
                    words = f"{name}, line 1: the columns are {','.join(columns)}, in any order, with commas"
                    raise FormatError("CSV_HEADER", words)
            elif any(cells):
                rows += 1
                if len(cells) == len(columns):
                    yield _Row(name, line, dict(zip(header, cells, strict=True)), tables)
                else:
                    tables.problem("CSV_ROW", f"{name}, line {line}: {len(cells)} cells, not {len(columns)}")
            line = reader.line_num + 1
    except csv.Error as error:
        tables.problem("CSV_ROW", f"{name}, line {line}: what begins here is not CSV: {error}")
    if not rows and not tables.problems:
        tables.problem("CSV_EMPTY", f"{name}: no rows")


def _units(rows: Iterator[_Row]) -> list[dict[str, Any]]:
    units: list[dict[str, Any]] = []
    for row in rows:
        row.tables.lines["units", str(len(units))] = row.place
        units.append(
            {
                "id": row.text("id"),
                "type": row.text("type"),
                "name": {language: row.text(f"name_{language}") for language in ("ky", "ru", "en")},
                "parent": row.cells["parent"] or None,
                "registered_voters": row.number("registered_voters"),
                "ballot": row.ballot("ballot"),
            }
        )
    return units


def _devices(rows: Iterator[_Row]) -> list[dict[str, Any]]:
    """Devices, and the urns of each, in the order in which they come first."""
    devices: list[dict[str, Any]] = []
    known: dict[str, tuple[int, dict[str, int]]] = {}
    for row in rows:
        device, urn = row.text("device"), row.text("urn")
        if device not in known:
            known[device] = (len(devices), {})
            devices.append({"id": device, "urns": []})
        number, urns = known[device]
        if urn not in urns:
            urns[urn] = len(urns)
            devices[number]["urns"].append({"urn": urn, "units": []})
        units = devices[number]["urns"][urns[urn]]["units"]
        place = ("devices", str(number), str(urns[urn]), str(len(units)))
        for end in range(2, len(place) + 1):
            row.tables.lines.setdefault(place[:end], row.place)
        units.append({"unit": row.text("unit"), "role": row.text("role"), "contests": row.numbers("contests") or None})
    return devices


def _encode(election: dict[str, Any], units: list[dict[str, Any]], devices: list[dict[str, Any]]) -> bytes:
    """The election's fields first, then a line for each unit and each device."""
    head = json.dumps(election, indent=1, ensure_ascii=False).removesuffix("}").rstrip()
    lists = [
        f' "{name}": [\n  ' + ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n ]"
        for name, rows in (("units", units), ("devices", devices))
    ]
    return ",\n".join([head, *lists]).encode() + b"\n}\n"
