"""axe-core finds nothing, in light and dark, on a phone and on a desk; the keyboard reaches everything."""

import json

import pytest

from tests.browser.chromium import Page
from tests.browser.conftest import ServedSite

pytestmark = pytest.mark.slow

PHONE, DESK = (390, 844), (1280, 1000)

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

PAGES = [
    "index.html",
    "en/index.html",
    "ru/index.html",
    "ky/contest/1.html",
    "en/contest/1.html",
    "ru/area/osh.html",
    "en/area/osh.html",
    "ky/precinct/1001.html",
    "en/precinct/1002.html",
    "ru/missing.html",
]
EVENTFUL_PAGES = ["en/index.html", "ky/precinct/101.html", "ru/precinct/201.html", "en/notices.html", "en/area/A.html"]


def violations(page: Page, axe: str, size: tuple[int, int]) -> list[str]:
    """Faults, and on a wide window what axe cannot judge: on a narrow one that is what a table's edge hides."""
    page.evaluate(axe + "; undefined")
    options = json.dumps({"runOnly": {"type": "tag", "values": TAGS}})
    doubtful = "...r.incomplete" if size == DESK else ""
    found = page.evaluate(f"axe.run(document, {options}).then((r) => [...r.violations, {doubtful}])")
    return [
        f"{row['id']} ({row['impact']}): {node['html'][:200]} {node['failureSummary'][:300]}"
        for row in found
        for node in row["nodes"][:3]
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing(
    page: Page, country: ServedSite, eventful: ServedSite, axe: str, size: tuple[int, int], dark: bool
) -> None:
    page.show_as(*size, dark=dark)
    addresses = [country.address + path for path in PAGES] + [eventful.address + path for path in EVENTFUL_PAGES]
    found = {}
    for address in addresses:
        page.open(address)
        found[address] = violations(page, axe, size)
    assert {address: rows for address, rows in found.items() if rows} == {}


def test_axe_would_find_something(page: Page, country: ServedSite, axe: str) -> None:
    """The check itself works: pale grey on white is a violation."""
    page.show_as(*DESK)
    page.open(country.address + "en/index.html")
    page.evaluate("document.querySelector('.meta').style.color = '#bbb'")
    assert any(row.startswith("color-contrast (serious)") for row in violations(page, axe, DESK))


def test_the_first_tab_skips_to_the_content(page: Page, country: ServedSite) -> None:
    page.show_as(*DESK)
    page.open(country.address + "en/contest/1.html")
    page.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_everything_that_can_be_used_is_reached_and_shows_it(page: Page, eventful: ServedSite) -> None:
    """Each stop of the Tab key has an outline, and every link, button and table that scrolls is one of them."""
    page.show_as(*PHONE)
    page.open(eventful.address + "en/precinct/101.html")
    wanted = page.evaluate("document.querySelectorAll('a[href], button, input, [tabindex=\"0\"]').length")
    seen = []
    for _ in range(wanted):
        page.press("Tab")
        seen.append(
            page.evaluate(
                "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
                " e.dataset.seen = 'yes'; return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; })()"
            )
        )
    assert all(seen)
    assert page.evaluate("document.querySelectorAll('[data-seen]').length") == wanted


def test_nothing_moves_for_those_who_do_not_want_it(page: Page, country: ServedSite) -> None:
    page.show_as(*DESK)
    page.open(country.address + "en/index.html")
    row = "document.querySelector('.card-list ol li')"
    page.evaluate(f"{row}.classList.add('changed')")
    assert page.evaluate(f"getComputedStyle({row}.querySelector('.v')).animationName") == "none"
