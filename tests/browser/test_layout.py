"""Pages fit every width, work without scripts and from a folder, and ask the browser for nothing that it refuses."""

from collections.abc import Iterator

import pytest

from tests.browser.chromium import Page
from tests.browser.conftest import ServedSite
from tests.browser.test_accessibility import EVENTFUL_PAGES, PAGES

pytestmark = pytest.mark.slow


def every_address(country: ServedSite, eventful: ServedSite) -> Iterator[str]:
    yield from (country.address + path for path in PAGES)
    yield from (eventful.address + path for path in EVENTFUL_PAGES)


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_is_wider_than_the_window(page: Page, country: ServedSite, eventful: ServedSite, width: int) -> None:
    page.show_as(width, 800)
    for address in every_address(country, eventful):
        page.open(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_the_browser_has_nothing_to_complain_of(page: Page, country: ServedSite, eventful: ServedSite) -> None:
    """Nothing is blocked by the pages' own policy, nothing is missing, no script fails."""
    page.show_as(1280, 800)
    for address in every_address(country, eventful):
        page.open(address)
        assert page.complaints() == [], address


def test_a_page_from_elsewhere_cannot_run_here(page: Page, country: ServedSite) -> None:
    """The policy stops a script that got into a page all the same."""
    page.show_as(1280, 800)
    page.open(country.address + "en/index.html")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))"
    )
    assert page.evaluate("window.ran === undefined")
    assert any("Content Security Policy" in row for row in page.complaints())


def test_all_is_there_without_scripts(page: Page, country: ServedSite) -> None:
    page.show_as(390, 844, scripts=False)
    page.open(country.address + "en/index.html")
    page.show_as(390, 844)
    text = page.evaluate("document.body.innerText")
    assert "Counts in" in text
    assert "Electoral district 30" in text
    for control in ("live", "find"):
        assert page.evaluate(f"document.getElementById('{control}').offsetParent === null")


def test_pages_are_readable_from_a_folder(page: Page, country: ServedSite) -> None:
    """As on an observer's stick: the styles apply, and the links lead to files."""
    page.show_as(1280, 800)
    page.open((country.directory / "index.html").as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('header')).backgroundColor") == "rgb(15, 42, 54)"
    target = page.evaluate("document.querySelector('.card-list a').href")
    page.open(target)
    assert page.evaluate("document.querySelector('h1').textContent") == "1-шайлоо округу"


def test_printed_pages_keep_the_warning(page: Page, country: ServedSite) -> None:
    page.show_as(1280, 800)
    page.open(country.address + "en/precinct/1001.html")
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.evaluate("document.querySelector('.prelim p').offsetParent !== null")
    page.call("Emulation.setEmulatedMedia", media="")
