"""Dividing a document into pages of bounded size, between rows, in the same way for every language.

The size of a drawn row is estimated from above: so many bytes of markup for its kind, and the longest of its texts in
any language as HTML writes it. Rows are put on a page until the next one may not fit.
"""

from collections.abc import Iterator

import msgspec
from markupsafe import escape

from central_server.pages.page_model import Document, Section
from central_server.pages.page_rows import Line
from ledger.election_file import Title

PAGE_BYTES = 60_000
"""What no page exceeds, so that one is there in a second on a slow phone."""

_ROOM = 46_000
"""Bytes for the sections of a page: the rest is for its head and foot."""

_ROW_BYTES = {
    "result": 300,
    "cards": 210,
    "areas": 220,
    "area_votes": 180,
    "precincts": 240,
    "turnout": 240,
    "marks": 220,
    "rulings": 200,
    "entries": 280,
    "account": 110,
    "files": 130,
}
"""Markup of one row, without its texts."""
_LINE_BYTES = 150
"""Markup of a line within a row."""
_COLUMN_BYTES = 24
"""Markup of a number in a column of its own, and the number."""
_SECTION_BYTES = 1_100
_LABEL_LETTERS = 40
"""What the links between pages show of a name."""


def pack(document: Document) -> list[tuple[Section, ...]]:
    """The document's sections by page, at least one page."""
    pages: list[list[Section]] = [[]]
    used = 0
    for section in document.sections:
        rest = list(section.rows)
        continued = False
        while rest or not continued:
            head = _head_bytes(section)
            fitting, size = _fit(section.kind, rest, _ROOM - used - head)
            if rest and not fitting and pages[-1]:
                pages.append([])
                used = 0
                continue
            # A single row that is too long for any page still gets one.
            taken = max(1, fitting)
            part: Section = msgspec.structs.replace(section, rows=tuple(rest[:taken]), continued=continued)
            pages[-1].append(part)
            used += head + size
            rest, continued = rest[taken:], True
    return [tuple(page) for page in pages]


def _fit(kind: str, rows: list[msgspec.Struct], room: int) -> tuple[int, int]:
    """How many of the first rows fit, and how many bytes they take."""
    size = 0
    for count, row in enumerate(rows):
        more = _ROW_BYTES[kind] + sum(_bytes(value) for value in msgspec.structs.astuple(row))
        if size + more > room:
            return count, size
        size += more
    return len(rows), size


def _head_bytes(section: Section) -> int:
    """A title is there twice, in the list of what is on the page and above its section, and once for screen readers."""
    return _SECTION_BYTES + 4 * _text_bytes(section.title) + _bytes(getattr(section, "columns", ()))


def _bytes(value: object) -> int:
    match value:
        case Title():
            return _text_bytes(value)
        case str():
            return len(escape(value).encode())
        case Line():
            return _LINE_BYTES + sum(_bytes(part) for part in msgspec.structs.astuple(value))
        case msgspec.Struct():
            return sum(_bytes(part) for part in msgspec.structs.astuple(value))
        case tuple():
            return sum(_COLUMN_BYTES + _bytes(part) for part in value)
        case _:
            return 0


def _text_bytes(title: Title) -> int:
    return max(len(escape(text).encode()) for text in msgspec.structs.astuple(title))


def page_path(path: str, page: int) -> str:
    """Path of a document's page (1 or more): a tilde is in no id, so that no two documents can meet."""
    return path if page == 1 else f"{path}~{page}"


def page_labels(pages: list[tuple[Section, ...]]) -> Iterator[Title | None]:
    """For each page but the first, what it begins with: a name where it goes on with a list of names, or a title."""
    for page, sections in enumerate(pages):
        first = sections[0] if page else None
        named = getattr(first.rows[0], "link", None) if first is not None and first.continued else None
        title = named.name if named is not None else first.title if first is not None else None
        yield None if title is None else Title(*(text[:_LABEL_LETTERS] for text in msgspec.structs.astuple(title)))
