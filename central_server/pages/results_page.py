"""The results page as a function of one numbered result file, and of nothing else: no clock, no log, no database.

Responsible for what people read and in which order. It adds nothing up but the received cells of several contests, and
computes nothing but shares: votes divided by all votes of the contest, and cells received divided by those expected,
both rounded down, so that shares never add up to more than 100 % and 100 % means all. The same file gives the same
page, byte for byte, so that an observer can render it again and compare.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

import jinja2
import msgspec
from markupsafe import Markup

from central_server.pages.results_document import ContestResults, ResultsDocument, Title, parse_results
from ledger.results import COVERAGE, FLAGS, PRECINCTS, numbered_path

# The last one shows when the address names none: see the style sheet.
_LANGUAGES = ("ru", "en", "ky")

_OPENED_CONTESTS = 8
"""With more contests than this, each office is folded up: a page of a hundred tables finds nobody."""


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole`` in hundredths of a percent, rounded down; None where the whole is nothing."""

    hundredths: int | None

    @classmethod
    def of(cls, part: int, whole: int) -> "Share":
        return cls(min(10_000, part * 10_000 // whole) if whole else None)

    @property
    def width(self) -> str:
        """As SVG writes a percentage."""
        percent, hundredths = divmod(self.hundredths or 0, 100)
        return f"{percent}.{hundredths:02}"

    def text(self, language: str) -> str:
        if self.hundredths is None:
            return "—"
        return f"{self.width if language == 'en' else self.width.replace('.', ',')}\N{NO-BREAK SPACE}%"


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cells (an urn, a unit and a contest each) that have reported, of those expected."""

    reported: int
    expected: int

    @property
    def share(self) -> Share:
        return Share.of(self.reported, self.expected)


@dataclass(frozen=True, slots=True)
class _Line:
    name: Title
    party: str
    votes: int
    share: Share


@dataclass(frozen=True, slots=True)
class _Contest:
    title: Title
    cells: _Cells
    registered_reported: int
    registered_expected: int
    ballots: int
    overvotes: int
    undervotes: int
    lines: tuple[_Line, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """The contests for one office."""

    title: Title
    cells: _Cells
    contests: tuple[_Contest, ...]


@dataclass(frozen=True, slots=True)
class _Area:
    name: Title
    cells: _Cells


def render_results_page(numbered_file: bytes) -> bytes:
    """The page (HTML, UTF-8) for one numbered result file. Raises FormatError(``BAD_RESULTS``)."""
    document = parse_results(numbered_file)
    page = {
        **{field: getattr(document, field) for field in document.__struct_fields__},
        "title": document.title,
        "cells": _sum_cells(document.contests),
        "opened": len(document.contests) <= _OPENED_CONTESTS,
        "groups": _groups(document.contests),
        "areas": _areas(document),
        "files": [
            (numbered_path(document.number), "file_numbered"),
            (PRECINCTS, "file_precincts"),
            (COVERAGE, "file_coverage"),
            (FLAGS, "file_flags"),
            ("checkpoint", "file_checkpoint"),
            ("anchors/index.json", "file_anchors"),
        ],
    }
    return _TEMPLATE.render(page=page).encode()


def _groups(contests: Iterable[ContestResults]) -> list[_Group]:
    by_office: dict[str, list[ContestResults]] = {}
    for contest in contests:
        by_office.setdefault(contest.office, []).append(contest)
    groups = []
    for office, members in by_office.items():
        title = members[0].title if len(members) == 1 else Title(office, office, office)
        groups.append(_Group(title, _sum_cells(members), tuple(map(_contest, members))))
    return groups


def _contest(contest: ContestResults) -> _Contest:
    total = sum(selection.votes for selection in contest.selections)
    # Most votes first; equal ones stay in the ballot's order.
    ranked = sorted(contest.selections, key=lambda selection: -selection.votes)
    return _Contest(
        contest.title,
        _sum_cells([contest]),
        contest.registered_reported,
        contest.registered_expected,
        contest.ballots,
        contest.overvotes,
        contest.undervotes,
        tuple(_Line(line.name, line.party, line.votes, Share.of(line.votes, total)) for line in ranked),
    )


def _areas(document: ResultsDocument) -> list[_Area]:
    """Every unit between the country and the precincts for which something is expected, in the file's order."""
    sums: dict[str, tuple[int, int]] = {}
    for contest in document.contests:
        for row in contest.units:
            reported, expected = sums.get(row.unit, (0, 0))
            sums[row.unit] = reported + row.cells_reported, expected + row.cells_expected
    return [_Area(unit.name, _Cells(*sums[unit.id])) for unit in document.units if unit.id in sums]


def _sum_cells(contests: Iterable[ContestResults]) -> _Cells:
    reported = expected = 0
    for contest in contests:
        reported += contest.cells_reported
        expected += contest.cells_expected
    return _Cells(reported, expected)


def _grouped(number: int) -> str:
    """Digits in threes, as all three languages can read them."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def _load_template() -> jinja2.Template:
    folder = resources.files("central_server.pages")
    styles = folder.joinpath("styles.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["grouped"] = _grouped
    environment.globals.update(
        languages=_LANGUAGES,
        words=msgspec.json.decode(folder.joinpath("words.json").read_bytes(), type=dict[str, dict[str, str]]),
        # Our own file, and the policy in the page's head allows this text as a style and no other.
        styles=Markup(styles),
        styles_hash=base64.b64encode(hashlib.sha256(styles.encode()).digest()).decode(),
    )
    return environment.from_string(folder.joinpath("results.html.jinja").read_text(encoding="utf-8"))


_TEMPLATE = _load_template()
