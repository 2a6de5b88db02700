"""The overview of the country, and the lists of contests for offices that have too many for it."""

from collections.abc import Sequence

import msgspec

from central_server.pages.area_page import area_rows, precinct_sections
from central_server.pages.figures import clock_text, share
from central_server.pages.page_model import (
    AccountSection,
    AreaSection,
    CardSection,
    Document,
    FileSection,
    Section,
    TurnoutSection,
)
from central_server.pages.page_rows import AccountRow, AreaRow, Card, Fact, FileRow, Link, Note, TurnoutRow
from central_server.pages.result_tables import lines, meter, sum_meter
from central_server.pages.results_document import ContestResults
from central_server.pages.site_data import SiteData, home_link
from central_server.pages.wording import same, say
from ledger.election_file import Title
from ledger.results import COVERAGE, FLAGS, PRECINCTS, RETURNS, RULINGS, TURNOUT, numbered_path

MAX_ON_OVERVIEW = 40
"""With more contests than this, an office with more than ``MAX_OF_OFFICE`` has a list of its own."""
MAX_OF_OFFICE = 6
LINES_OF_CARD = 3


def overview(data: SiteData) -> Document:
    document, precincts = data.document, data.precincts.values()
    registered = sum(precinct.registered or 0 for precinct in precincts)
    complete = [precinct for precinct in precincts if precinct.status == "complete"]
    counted = data.counted.get(data.country)
    facts = [] if counted is None else [Fact("precincts_complete", counted.complete, counted.precincts)]
    if registered:
        facts.append(Fact("registered_covered", sum(precinct.registered or 0 for precinct in complete), registered))
    sections: list[Section] = [*_contest_sections(data), *_turnout_sections(data, registered)]
    if areas := area_rows(data, data.areas_below(data.country)):
        sections.append(AreaSection(say("areas"), "precincts_complete", areas))
    sections += precinct_sections(data, data.country)
    sections += [_account(data), FileSection(say("files"), _files(document.number))]
    notes = (Note("count_explained"), Note("share_explained"))
    cells = sum_meter(document.contests)
    return Document("index", "overview", document.title, None, (), cells, tuple(facts), notes, tuple(sections))


def offices(data: SiteData) -> list[tuple[str, list[ContestResults]]]:
    """The contests by office, in the order of the numbers."""
    by_office: dict[str, list[ContestResults]] = {}
    for contest in data.document.contests:
        by_office.setdefault(contest.office, []).append(contest)
    return list(by_office.items())


def office_paths(data: SiteData) -> dict[str, str]:
    """Office -> path of its list, for those that have one."""
    if len(data.document.contests) <= MAX_ON_OVERVIEW:
        return {}
    numbered = enumerate(offices(data), 1)
    return {office: f"office/{place}" for place, (office, rows) in numbered if len(rows) > MAX_OF_OFFICE}


def office_list(path: str, office: str, contests: Sequence[ContestResults]) -> Document:
    cards = CardSection(say("contests"), tuple(map(_card, contests)))
    cells = sum_meter(contests)
    return Document(path, "list", office_name(office), say("contests"), (home_link(),), cells, (), (), (cards,))


def office_name(office: str) -> Title:
    return same(office) if office else say("contests")


def _contest_sections(data: SiteData) -> list[Section]:
    """Cards for what fits, and where there are too many contests a row for each office that has a list."""
    paths = office_paths(data)
    shown = [contest for contest in data.document.contests if contest.office not in paths]
    listed = [
        AreaRow(
            Link(office_name(office), paths[office]),
            sum_meter(contests),
            sum(contest.cells_reported >= contest.cells_expected for contest in contests),
            len(contests),
        )
        for office, contests in offices(data)
        if office in paths
    ]
    sections: list[Section] = []
    if shown:
        sections.append(CardSection(say("results"), tuple(map(_card, shown))))
    if listed:
        sections.append(AreaSection(say("more_contests"), "contests_complete", tuple(listed)))
    return sections


def _card(contest: ContestResults) -> Card:
    cells = meter(contest.cells_reported, contest.cells_expected)
    first = lines(contest, contest.selections)[:LINES_OF_CARD]
    shown = tuple(msgspec.structs.replace(line, by_type=()) for line in first)
    return Card(Link(contest.title, f"contest/{contest.number}"), cells, shown)


def _turnout_sections(data: SiteData, registered: int) -> list[Section]:
    rows = tuple(
        TurnoutRow(
            clock_text(row.time, data.election.utc_offset), row.ballots, row.urns, share(row.ballots, registered)
        )
        for row in data.document.turnout
    )
    return [TurnoutSection(say("turnout_by_time"), rows)] if rows else []


def _account(data: SiteData) -> AccountSection:
    """What the totals do not show: what is missing, kept out, marked and decided."""
    document, counted = data.document, data.counted.get(data.country)
    rows = []
    if counted is not None:
        rows.append(AccountRow(say("not_reported"), counted.missing, "missing"))
        rows.append(AccountRow(say("reported_in_part"), counted.partial, "missing"))
    rows += [
        AccountRow(say("held"), sum(document.held.values()), "notices"),
        AccountRow(say("flagged"), sum(document.flags.values()), "notices"),
        AccountRow(say("rulings"), document.rulings, "notices"),
        AccountRow(say("gaps"), document.gaps, "notices"),
        AccountRow(say("repeats"), document.repeats, None),
        AccountRow(say("hand_counts"), document.returns, None),
    ]
    return AccountSection(say("account"), tuple(rows))


def _files(number: int) -> tuple[FileRow, ...]:
    return (
        FileRow(numbered_path(number), "file_numbered"),
        FileRow(PRECINCTS, "file_precincts"),
        FileRow(COVERAGE, "file_coverage"),
        FileRow(FLAGS, "file_flags"),
        FileRow(TURNOUT, "file_turnout"),
        FileRow(RETURNS, "file_returns"),
        FileRow(RULINGS, "file_rulings"),
        FileRow("checkpoint", "file_checkpoint"),
        FileRow("anchors/index.json", "file_anchors"),
    )
