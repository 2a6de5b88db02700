"""Two lists across the country: precincts that are waited for, and what rules and decisions have marked."""

import re
from collections.abc import Iterable, Mapping, Set

from central_server.pages.area_page import precinct_row
from central_server.pages.page_model import Document, MarkSection, PrecinctSection, RulingSection, Section
from central_server.pages.page_rows import Link, MarkRow, Note
from central_server.pages.precinct_rows import Mark
from central_server.pages.site_data import SiteData, home_link
from central_server.pages.wording import WORDS, same, say
from ledger.election_file import Title

_ABOUT = re.compile(r"(?:contest ([0-9]{1,9})|unit [^ :]+): (.*)", re.DOTALL)
"""How the fold's messages begin that are about a part of a tally."""


def missing_document(data: SiteData) -> Document:
    """Every precinct that has not reported, or in part only, by name under the unit that it lies in."""
    by_area: dict[str, list[str]] = {}
    for precinct in data.precincts.values():
        if precinct.status in ("missing", "partial"):
            by_area.setdefault(data.units[precinct.id].parent or data.country, []).append(precinct.id)
    sections = tuple(
        PrecinctSection(data.units[area].name, tuple(precinct_row(data, data.precincts[unit]) for unit in units))
        for area, units in sorted(by_area.items())
    )
    notes = () if sections else (Note("none_missing"),)
    return Document("missing", "list", say("missing_title"), None, (home_link(),), None, (), notes, sections)


def notices_document(data: SiteData) -> Document:
    """Decisions and acts of authority first, then all marks in the order of the log."""
    links = {
        index: Link(data.units[precinct.id].name, f"precinct/{precinct.id}")
        for precinct in data.precincts.values()
        for index in (*precinct.entries, *precinct.conflicts)
    }
    sections: list[Section] = []
    if data.rulings:
        sections.append(RulingSection(say("rulings"), data.rulings))
    if data.marks:
        sections.append(MarkSection(say("marks"), mark_rows(data, data.marks, links)))
    notes = (Note("notices_explained"),) if sections else (Note("no_notices"),)
    return Document("notices", "list", say("notices_title"), None, (home_link(),), None, (), notes, tuple(sections))


def mark_rows(data: SiteData, marks: Iterable[Mark], links: Mapping[int, Link]) -> tuple[MarkRow, ...]:
    """A row for each entry and code, with the contests that it is about. ``links``: precincts by entry index."""
    numbers: dict[tuple[int, str, Title], set[int]] = {}
    for mark in marks:
        found = _ABOUT.fullmatch(mark.message)
        words = _words(data, mark.code, found[2] if found is not None else mark.message)
        about = numbers.setdefault((mark.index, mark.code, words), set())
        if found is not None and found[1]:
            about.add(int(found[1]))
    return tuple(
        MarkRow(index, code, words, _titles(data, about), links.get(index))
        for (index, code, words), about in numbers.items()
    )


def _titles(data: SiteData, numbers: Set[int]) -> tuple[Title, ...]:
    return tuple(data.contests[number].title for number in sorted(numbers & data.contests.keys()))


def _words(data: SiteData, code: str, message: str) -> Title:
    """The election's own words for its rules, ours for the fold's, else what the file says (in English)."""
    rule = next((rule.words for rule in data.election.rules if rule.code == code), None)
    return rule or WORDS.get(f"code_{code}") or same(message)
