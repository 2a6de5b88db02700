"""Which documents a snapshot's site has, and what each is made from, so that only what has changed is drawn again."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from central_server.pages.area_page import area_document
from central_server.pages.contest_page import contest_document
from central_server.pages.list_pages import missing_document, notices_document
from central_server.pages.overview_page import office_list, office_paths, offices, overview
from central_server.pages.page_model import Document
from central_server.pages.precinct_page import precinct_document
from central_server.pages.precinct_rows import PrecinctData
from central_server.pages.site_data import SiteData


@dataclass(frozen=True, slots=True)
class Planned:
    """A document to be. ``source`` is equal to an earlier one's exactly when the document would be the same."""

    source: object
    build: Callable[[], Document]


def plan_site(data: SiteData) -> dict[str, Planned]:
    """Path -> document, the overview first and the precincts last: the order in which they are best drawn."""
    # The overview names the snapshot: it changes with every one.
    plan = {"index": Planned(data.document.number, lambda: overview(data))}
    paths = office_paths(data)
    documents = [contest_document(data, contest) for contest in data.document.contests]
    documents += [office_list(paths[office], office, rows) for office, rows in offices(data) if office in paths]
    documents += [area_document(data, unit.id) for unit in data.document.units if unit.id != data.country]
    documents += [missing_document(data), notices_document(data)]
    plan |= {document.path: Planned(document, _value(document)) for document in documents}
    plan |= {f"precinct/{unit}": Planned(row, _precinct(data, row)) for unit, row in data.precincts.items()}
    return plan


def definition_of(data: SiteData) -> Hashable:
    """What pages show of the election itself: where it differs, every document has to be made again."""
    document = data.document
    contests = tuple(
        (
            *(row.number, row.title, row.office, row.district, row.votes_allowed),
            *((line.id, line.name, line.party, line.kind) for line in row.selections),
        )
        for row in document.contests
    )
    return document.election_id, document.title, document.date, document.vote_types, contests, data.election


def _value(document: Document) -> Callable[[], Document]:
    return lambda: document


def _precinct(data: SiteData, precinct: PrecinctData) -> Callable[[], Document]:
    return lambda: precinct_document(data, precinct)
