"""A precinct: its tally in every contest, and how anyone finds and checks the log entries that it comes from."""

from central_server.pages.figures import share
from central_server.pages.list_pages import mark_rows
from central_server.pages.page_model import Document, EntrySection, MarkSection, ResultSection, Section
from central_server.pages.page_rows import EntryRow, Fact, Note
from central_server.pages.precinct_rows import CellRow, PrecinctData
from central_server.pages.result_tables import meter, precinct_lines, sum_facts, withheld_notes
from central_server.pages.site_data import SiteData
from central_server.pages.wording import say
from ledger.tiles import TILE_WIDTH, Bundle, Tile, encode_bundle_path, encode_tile_path

_NOTES = {
    "missing": Note("precinct_missing", None, "wait"),
    "partial": Note("precinct_partial", None, "wait"),
    "annulled": Note("precinct_annulled", None, "warn"),
    "idle": Note("precinct_idle"),
}


def precinct_document(data: SiteData, precinct: PrecinctData) -> Document:
    unit, status = data.units[precinct.id], precinct.status
    notes = [_NOTES[status]] if status in _NOTES else []
    if precinct.conflicts:
        notes.append(Note("conflicts", len(precinct.conflicts), "warn"))
    facts = [] if precinct.registered is None else [Fact("registered", precinct.registered)]
    if status == "complete" and precinct.registered and len(precinct.cells) == 1:
        # With several contests nobody can tell here how many of their ballots are one voter's.
        facts.append(Fact("turnout", share=share(precinct.cells[0].ballots, precinct.registered)))
    sections: list[Section] = [_result_section(data, cell) for cell in precinct.cells]
    if precinct.marks:
        sections.append(MarkSection(say("marks"), mark_rows(data, precinct.marks, {})))
    if entries := _entries(precinct):
        sections.append(EntrySection(say("receipt"), entries))
    return Document(
        f"precinct/{precinct.id}",
        "precinct",
        unit.name,
        say("unit_precinct"),
        data.crumbs(precinct.id),
        meter(precinct.reported, precinct.expected),
        tuple(facts),
        tuple(notes),
        tuple(sections),
        status,
    )


def _result_section(data: SiteData, cell: CellRow) -> ResultSection:
    contest = data.contests[cell.contest]
    hand = any(row.hand is not None for row in cell.rows)
    types = data.document.vote_types if len(data.document.vote_types) > 1 else ()
    notes = [*withheld_notes(cell.withheld)]
    if cell.annulled:
        notes.append(Note("contest_annulled", None, "warn"))
    if hand:
        notes.append(Note("hand_explained"))
    return ResultSection(
        contest.title,
        f"contest/{contest.number}",
        None if cell.annulled else meter(cell.reported, cell.expected),
        sum_facts(cell) if cell.rows else (),
        tuple(notes),
        types,
        hand,
        precinct_lines(contest, cell),
    )


def _entries(precinct: PrecinctData) -> tuple[EntryRow, ...]:
    """What counts, and what another tally of the same urn says, in the order of the log."""
    indices = sorted({(index, True) for index in precinct.entries} | {(index, False) for index in precinct.conflicts})
    return tuple(
        EntryRow(
            index,
            encode_bundle_path(Bundle(index // TILE_WIDTH)),
            encode_tile_path(Tile(0, index // TILE_WIDTH)),
            index % TILE_WIDTH,
            counts,
        )
        for index, counts in indices
    )
