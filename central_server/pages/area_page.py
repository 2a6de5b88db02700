"""A unit above the precincts: its results in every contest, the units below it, and its precincts by name."""

from collections.abc import Iterable

from central_server.pages.page_model import AreaSection, Document, PrecinctSection, ResultSection, Section
from central_server.pages.page_rows import AreaRow, Fact, Link, PrecinctRow
from central_server.pages.precinct_rows import PrecinctData
from central_server.pages.result_tables import lines, meter, sum_facts, turnout_facts, withheld_notes
from central_server.pages.results_document import ContestResults, UnitResults
from central_server.pages.site_data import Counted, SiteData
from central_server.pages.wording import known_word, say

_NONE = Counted()


def area_document(data: SiteData, unit: str) -> Document:
    rows = [(contest, row) for contest, row in data.areas.get(unit, ()) if row.cells_expected]
    cells = meter(sum(row.cells_reported for _, row in rows), sum(row.cells_expected for _, row in rows))
    counted = data.counted.get(unit, _NONE)
    sections: list[Section] = [_result_section(data, contest, row) for contest, row in rows]
    if areas := area_rows(data, data.areas_below(unit)):
        sections.append(AreaSection(say("areas"), "precincts_complete", areas))
    sections += precinct_sections(data, unit)
    return Document(
        f"area/{unit}",
        "area",
        data.units[unit].name,
        known_word("unit", data.units[unit].type),
        data.crumbs(unit),
        cells,
        (Fact("precincts_complete", counted.complete, counted.precincts),),
        (),
        tuple(sections),
    )


def area_rows(data: SiteData, areas: Iterable[str]) -> tuple[AreaRow, ...]:
    rows = []
    for unit in areas:
        results = [row for _, row in data.areas.get(unit, ())]
        counted = data.counted.get(unit, _NONE)
        cells = meter(sum(row.cells_reported for row in results), sum(row.cells_expected for row in results))
        if counted.precincts:
            rows.append(AreaRow(data.link(unit), cells, counted.complete, counted.precincts))
    return tuple(rows)


def precinct_sections(data: SiteData, unit: str) -> list[Section]:
    """The precincts right below, those first that have not reported."""
    rows = [precinct_row(data, precinct) for precinct in data.precincts_below(unit)]
    waited_for = tuple(row for row in rows if row.status in ("missing", "partial"))
    others = tuple(row for row in rows if row.status not in ("missing", "partial"))
    sections: list[Section] = []
    if waited_for:
        sections.append(PrecinctSection(say("waited_for"), waited_for))
    if others:
        sections.append(PrecinctSection(say("precincts"), others))
    return sections


def precinct_row(data: SiteData, precinct: PrecinctData) -> PrecinctRow:
    return PrecinctRow(
        Link(data.units[precinct.id].name, f"precinct/{precinct.id}"),
        precinct.status,
        meter(precinct.reported, precinct.expected),
        precinct.registered,
        len(precinct.marks) + len(precinct.conflicts),
    )


def _result_section(data: SiteData, contest: ContestResults, row: UnitResults) -> ResultSection:
    cells = meter(row.cells_reported, row.cells_expected)
    return ResultSection(
        contest.title,
        f"contest/{contest.number}",
        cells,
        (*sum_facts(row), *turnout_facts(row.ballots, row.registered_expected, cells)),
        withheld_notes(row.cells_withheld),
        (),
        False,
        lines(contest, row.selections),
    )
