"""Where a published file and the same file recomputed part, put so that a person can look it up.

Responsible for finding the place: for JSON the first number that differs, else the first value; for CSV the line and
the column. A published file is a stranger's: it is walked no deeper than the recomputed one, and quoted shortened and
escaped.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

_QUOTED = 120
"""Characters of a value that a finding shows."""

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """A place within a file, and what stands there (shortened) in both."""

    place: str
    published: str
    recomputed: str


def find_difference(path: str, published: bytes, recomputed: bytes) -> Difference:
    """The first difference of two byte strings that differ, in the terms of the format that ``path`` ends with."""
    found = _find_in_json(published, recomputed) if path.endswith(".json") else _find_in_csv(published, recomputed)
    return found or _find_in_bytes(published, recomputed)


def _find_in_json(published: bytes, recomputed: bytes) -> Difference | None:
    try:
        theirs = msgspec.json.decode(published)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    first: Difference | None = None
    for found, is_number in _walk("", theirs, msgspec.json.decode(recomputed)):
        if is_number:
            return found
        first = first or found
    return first


def _walk(place: str, published: object, recomputed: object) -> Iterator[tuple[Difference, bool]]:
    """Every leaf of the recomputed document that is published differently, and whether it is a number."""
    if isinstance(recomputed, dict) and isinstance(published, dict):
        for key in [*recomputed, *(key for key in published if key not in recomputed)]:
            inner = f"{place}.{key}" if place else str(key)
            yield from _walk(inner[:500], published.get(key, _ABSENT), recomputed.get(key, _ABSENT))
    elif isinstance(recomputed, list) and isinstance(published, list):
        for at in range(max(len(recomputed), len(published))):
            ours = recomputed[at] if at < len(recomputed) else _ABSENT
            yield from _walk(f"{place}[{at}]", published[at] if at < len(published) else _ABSENT, ours)
    elif type(published) is not type(recomputed) or published != recomputed:
        number = isinstance(recomputed, int | float) and not isinstance(recomputed, bool)
        yield Difference(_quote(place), _shown(published), _shown(recomputed)), number


def _find_in_csv(published: bytes, recomputed: bytes) -> Difference | None:
    theirs, ours = published.split(b"\n"), recomputed.split(b"\n")
    for number in range(max(len(theirs), len(ours))):
        one, other = _line(theirs, number), _line(ours, number)
        if one != other:
            return _find_in_row(number + 1, one, other, _cells(ours[0]) or [])
    return None


def _find_in_row(number: int, published: bytes | None, recomputed: bytes | None, header: list[str]) -> Difference:
    theirs, ours = _cells(published), _cells(recomputed)
    if theirs is not None and ours is not None and len(theirs) == len(ours):
        for at, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            if one != other:
                column = header[at] if at < len(header) else str(at + 1)
                return Difference(f"line {number}, column {column}", _shown(one), _shown(other))
    return Difference(f"line {number}", _shown_line(published), _shown_line(recomputed))


def _line(lines: list[bytes], number: int) -> bytes | None:
    return lines[number] if number < len(lines) else None


def _cells(line: bytes | None) -> list[str] | None:
    if line is None:
        return None
    try:
        return next(csv.reader([line.decode()], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return None


def _find_in_bytes(published: bytes, recomputed: bytes) -> Difference:
    length = min(len(published), len(recomputed))
    at = next((place for place in range(length) if published[place] != recomputed[place]), length)
    return Difference(f"byte {at}", _shown_line(published[at : at + 20]), _shown_line(recomputed[at : at + 20]))


def _shown_line(line: bytes | None) -> str:
    return "nothing" if line is None else _shown(line[: 4 * _QUOTED].decode(errors="replace"))


def _shown(value: object) -> str:
    """As JSON would write it, in ASCII, so that a stranger's text cannot move the cursor or hide a digit."""
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, dict | list):
        return f"{len(value)} members"
    return _shorten(json.dumps(value))


def _quote(place: str) -> str:
    return _shorten(json.dumps(place)[1:-1]) or "the whole document"


def _shorten(text: str) -> str:
    return text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…"
