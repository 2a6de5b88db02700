"""No page is large, whatever the election: long documents are divided, and every part says so."""

import itertools

import pytest

from central_server.pages.packing import PAGE_BYTES, pack
from central_server.pages.rendering import Packed, Site, render_page
from central_server.pages.site_data import SiteData, parse_site
from central_server.pages.site_plan import plan_site
from central_server.pages.wording import LANGUAGES
from ledger.election import BallotContest, Contest, ContestSelection, ReportingUnit, UnitAssignment, UrnAssignment
from ledger.tally import ContestTally
from simulator.scenario import NO_ELECTION, DeviceLayout
from tests.unit.central_server.country_factory import (
    fold_scenario,
    kyrgyz_country,
    make_scenario,
    many_contests,
    words,
)
from tests.unit.central_server.page_factory import Outline, data_of, every_page, files_of, quiet_night


def too_large(data: SiteData, every: int = 100) -> dict[str, int]:
    """Pages above the bound: of every document but precincts, and of each ``every``-th precinct."""
    plan = plan_site(data)
    precincts = [path for path in plan if path.startswith("precinct/")]
    skipped = set(precincts) - set(itertools.islice(precincts, 0, None, every)) - set(precincts[-1:])
    found = {}
    for path in plan.keys() - skipped:
        document = plan[path].build()
        packed = Packed(document, pack(document))
        for language in LANGUAGES:
            for number in range(1, len(packed.pages) + 1):
                size = len(render_page(Site.of(data.document), packed, number, language, data.stamp))
                if size > PAGE_BYTES:
                    found[f"{language}/{path} {number}"] = size
    return found


def test_many_contests_in_many_counties(subtests: pytest.Subtests) -> None:
    """131 contests, 99 counties, 1,661 precincts, half of them in."""
    data = parse_site(files_of(fold_scenario(many_contests(), lambda place: place % 2 == 0)))
    assert (len(data.document.contests), len(data.precincts)) == (131, 1_661)
    assert too_large(data) == {}
    with subtests.test("offices with many contests have lists of their own"):
        assert {path for path in plan_site(data) if path.startswith("office/")} == {"office/4", "office/5"}


def test_a_whole_country_with_thirty_districts() -> None:
    """2,492 precincts, remote voters' urns with the votes of all districts, half of it in."""
    data = parse_site(files_of(fold_scenario(kyrgyz_country(), lambda place: place % 2 == 0)))
    assert len(data.document.contests) == 30
    assert too_large(data) == {}


@pytest.mark.parametrize(("choices", "length"), [(500, 16), (12, 500)])
def test_the_longest_names_and_the_longest_ballots(choices: int, length: int) -> None:
    """As long as a record of the log can be: names that HTML writes five times as long, or in Cyrillic."""
    name, long_name = words("&" * (length // 2) + "Ң" * (length // 2)), words("&" * 250 + "Ң" * 250)
    selections = tuple(ContestSelection(place, name, "&" * length, "candidate") for place in range(1, choices + 1))
    contest = Contest(NO_ELECTION, 1, long_name, "&" * 500, "", 1, selections)
    units = [
        ReportingUnit(NO_ELECTION, "KG", "country", long_name, None, None, ()),
        ReportingUnit(NO_ELECTION, "A", "region", long_name, "KG", None, ()),
        ReportingUnit(NO_ELECTION, "1", "precinct", long_name, "A", 1, (BallotContest(1),)),
    ]
    device = DeviceLayout("d", (UrnAssignment("u", (UnitAssignment("1", "primary"),)),))
    tally = ContestTally(1, 2**31 - 1, 0, 0, tuple((row.id, 1, 1) for row in selections))
    scenario = make_scenario([contest], units, [device], {("u", "1"): (tally,)})
    data = parse_site(files_of(fold_scenario(scenario, lambda _: True)))
    assert too_large(data) == {}


def test_a_divided_document_loses_and_repeats_nothing() -> None:
    data = parse_site(files_of(fold_scenario(kyrgyz_country(), lambda _: True)))
    document = plan_site(data)["area/osh"].build()
    pages = pack(document)
    assert len(pages) > 1
    for kind in ("result", "precincts"):
        whole = [row for section in document.sections if section.kind == kind for row in section.rows]
        parts = [row for page in pages for section in page if section.kind == kind for row in section.rows]
        assert parts == whole
    first = Outline(render_page(Site.of(data.document), Packed(document, pages), 1, "en", data.stamp).decode())
    assert {f"../area/osh~{number}.html" for number in range(2, len(pages) + 1)} <= set(first.values("href"))
    assert "Page 2 Precinct 5" in first.text


def test_small_documents_are_one_page() -> None:
    assert all(name.endswith(" 1") for name in every_page(data_of(quiet_night())))
