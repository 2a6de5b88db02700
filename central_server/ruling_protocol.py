"""A commission's hand-counted protocol as a table: CSV in UTF-8 with the columns ``contest,line,count``.

``line`` is the number of a selection of the contest, or the name of a line of the protocol (``registered``, ``valid``,
``invalid``, …). What is wrong is told by line of the file: ``PROTOCOL_HEADER``, ``PROTOCOL_ROW``,
``PROTOCOL_NOT_UTF8``.
"""

import csv
import io
from typing import cast, get_args

from ledger.errors import FormatError
from ledger.rulings import ReturnContest, ReturnLine, ReturnLineName, ReturnVotes

COLUMNS = ["contest", "line", "count"]
_NAMES = get_args(ReturnLineName)


def parse_protocol(data: bytes, name: str) -> tuple[ReturnContest, ...]:
    """``name`` says in messages which file it is. Raises FormatError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError("PROTOCOL_NOT_UTF8", f"{name} is in another encoding than UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: dict[int, list[ReturnLine]] = {}
    votes: dict[int, dict[int, int]] = {}
    try:
        header = next(reader, [])
        if header != COLUMNS:
            raise FormatError("PROTOCOL_HEADER", f"{name} begins with {','.join(header)!r}, not {','.join(COLUMNS)!r}")
        for row in reader:
            if row:
                _take(row, f"{name}, line {reader.line_num}", lines, votes)
    except csv.Error as error:
        raise FormatError("PROTOCOL_ROW", f"{name}, line {reader.line_num}: {error}") from error
    return tuple(
        ReturnContest(
            contest,
            tuple(lines.get(contest, ())),
            tuple(ReturnVotes(selection, count) for selection, count in sorted(votes.get(contest, {}).items())),
        )
        for contest in sorted(lines.keys() | votes.keys())
    )


def _take(row: list[str], place: str, lines: dict[int, list[ReturnLine]], votes: dict[int, dict[int, int]]) -> None:
    cells = [cell.strip() for cell in row]
    if len(cells) != len(COLUMNS) or not all(_is_number(cells[at]) for at in (0, 2)):
        raise FormatError("PROTOCOL_ROW", f"{place}: a contest's number, a line, and a count are asked for")
    contest, line, count = int(cells[0]), cells[1], int(cells[2])
    if _is_number(line):
        if int(line) in votes.setdefault(contest, {}):
            raise FormatError("PROTOCOL_ROW", f"{place}: selection {line} of contest {contest} came before")
        votes[contest][int(line)] = count
    elif line in _NAMES:
        if line in {known.line for known in lines.setdefault(contest, [])}:
            raise FormatError("PROTOCOL_ROW", f"{place}: line {line} of contest {contest} came before")
        lines[contest].append(ReturnLine(cast(ReturnLineName, line), count))
    else:
        raise FormatError("PROTOCOL_ROW", f"{place}: {line!r} is neither a selection's number nor one of {_NAMES}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 16
