"""A contest in the whole country, and how the areas voted in it."""

from central_server.pages.figures import share
from central_server.pages.overview_page import office_name, office_paths
from central_server.pages.page_model import AreaVotesSection, Document, ResultSection, Section
from central_server.pages.page_rows import AreaVotesRow, Fact, Link, Note
from central_server.pages.result_tables import lines, meter, sum_facts, turnout_facts, withheld_notes
from central_server.pages.results_document import ContestResults, UnitResults
from central_server.pages.site_data import SiteData, home_link
from central_server.pages.wording import say

COLUMNS = 3
"""Selections whose shares are compared by area: what a phone has room for. Each area's document has all of them."""


def contest_path(number: int) -> str:
    return f"contest/{number}"


def contest_document(data: SiteData, contest: ContestResults) -> Document:
    cells = meter(contest.cells_reported, contest.cells_expected)
    facts = [*sum_facts(contest), *turnout_facts(contest.ballots, contest.registered_expected, cells)]
    if contest.registered_expected:
        facts.append(Fact("registered_covered", contest.registered_reported, contest.registered_expected))
    notes = [*withheld_notes(contest.cells_withheld)]
    if contest.votes_allowed > 1:
        notes.append(Note("votes_allowed", contest.votes_allowed))
    rows = lines(contest, contest.selections)
    types = data.document.vote_types if len(data.document.vote_types) > 1 else ()
    sections: list[Section] = [ResultSection(say("results"), "", None, (), (), types, False, rows)]
    sections += _area_sections(data, contest)
    crumbs = [home_link()]
    if contest.office in (paths := office_paths(data)):
        crumbs.append(Link(office_name(contest.office), paths[contest.office]))
    eyebrow = office_name(contest.office)
    return Document(
        contest_path(contest.number),
        "contest",
        contest.title,
        None if eyebrow == contest.title else eyebrow,
        tuple(crumbs),
        cells,
        tuple(facts),
        (*notes, Note("share_explained")),
        tuple(sections),
    )


def _area_sections(data: SiteData, contest: ContestResults) -> list[Section]:
    """The units right below the country that vote in the contest, with the shares of those who lead in the country."""
    order = sorted(range(len(contest.selections)), key=lambda place: -contest.selections[place].votes)[:COLUMNS]
    rows = tuple(
        _area_row(data, row, order)
        for row in contest.units
        if data.units[row.unit].parent == data.country and row.cells_expected
    )
    if not rows:
        return []
    return [AreaVotesSection(say("by_area"), tuple(contest.selections[place].name for place in order), rows)]


def _area_row(data: SiteData, row: UnitResults, order: list[int]) -> AreaVotesRow:
    votes = [selection.votes for selection in row.selections]
    total, most = sum(votes), max(votes)
    leading = [column for column, place in enumerate(order) if most and votes[place] == most]
    return AreaVotesRow(
        data.link(row.unit),
        meter(row.cells_reported, row.cells_expected),
        tuple(votes[place] for place in order),
        tuple(share(votes[place], total) for place in order),
        leading[0] if len(leading) == 1 else None,
    )
