"""An open page follows the election: new numbers come by themselves, the reader stays where he is."""

import pytest

from ledger.primitives import sha256
from tests.browser.chromium import Page
from tests.browser.conftest import ServedSite, draw
from tests.unit.central_server.page_factory import eventful_night, files_of
from tests.unit.ledger.election_factory import OFFICIAL_KEYS, PUBLISHER_KEY
from tests.unit.ledger.ruling_factory import decision, leaf, snapshot

pytestmark = pytest.mark.slow

STATUS = "document.querySelector('.live p').textContent"
BUTTON = "document.querySelector('.live button')"


def look_now(page: Page) -> None:
    """Pausing and going on looks at once, instead of in some seconds."""
    page.evaluate(f"{BUTTON}.click()")
    page.evaluate(f"{BUTTON}.click()")


def publish_another(site: ServedSite) -> None:
    """The annulled precinct is reinstated."""
    night = eventful_night()
    night.say(snapshot(night), PUBLISHER_KEY)
    annulment = next(place for place, entry in enumerate(night.entries) if b"annul" in entry)
    night.say(decision(night, "reinstate", leaf(night, annulment)), *OFFICIAL_KEYS[:2])
    draw(site.directory, files_of(night.fold))


def test_new_numbers_appear_and_focus_stays(page: Page, own_site: ServedSite) -> None:
    page.show_as(390, 844)
    page.open(own_site.address + "en/contest/1.html")
    link = "document.querySelector('main .scroll a[href=\"../area/B.html\"]')"
    page.evaluate(f"{link}.focus()")
    before = page.evaluate("document.querySelector('.votes .v').textContent")
    assert page.evaluate(STATUS) == "Updates by itself"
    publish_another(own_site)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_until(f"{STATUS} === 'Numbers updated: snapshot 3'")
    assert page.evaluate("document.querySelector('.votes .v').textContent") != before
    assert page.evaluate("document.getElementById('main').dataset.snapshot") == "3"
    assert page.evaluate("document.querySelector('footer .stamp dd').textContent") == "3"
    assert page.evaluate(f"document.activeElement === {link}")
    assert page.evaluate("document.querySelectorAll('tr.changed').length") > 0
    assert page.complaints() == []


def test_a_page_that_has_not_changed_says_so(page: Page, own_site: ServedSite) -> None:
    page.show_as(390, 844)
    page.open(own_site.address + "en/precinct/101.html")
    publish_another(own_site)
    look_now(page)
    page.wait_until(f"{STATUS} === 'No change here: snapshot 3'")
    assert page.evaluate("document.getElementById('main').dataset.snapshot") == "2"


def test_following_can_be_paused(page: Page, own_site: ServedSite) -> None:
    page.show_as(390, 844)
    page.open(own_site.address + "ru/contest/1.html")
    page.evaluate(f"{BUTTON}.click()")
    assert page.evaluate(STATUS) == "Обновление остановлено"
    assert page.evaluate(f"{BUTTON}.textContent") == "Продолжить"
    publish_another(own_site)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.open(own_site.address + "ru/contest/2.html")
    # Remembered on the next page.
    assert page.evaluate(STATUS) == "Обновление остановлено"
    page.evaluate(f"{BUTTON}.click()")


def test_a_precinct_is_found_by_its_number(page: Page, country: ServedSite) -> None:
    page.show_as(390, 844)
    page.open(country.address + "ky/index.html")
    found = "document.querySelectorAll('#find ul a')"
    page.evaluate("document.getElementById('find-text').focus()")
    page.call("Input.insertText", text="1003")
    page.wait_until(f"{found}.length === 1")
    assert page.evaluate("document.querySelector('#find p').textContent") == "Табылган участкалар: 1"
    page.open(page.evaluate(f"{found}[0].href"))
    assert "1003" in page.evaluate("document.querySelector('h1').textContent")


def test_what_is_not_there_is_not_found(page: Page, country: ServedSite) -> None:
    page.show_as(390, 844)
    page.open(country.address + "en/index.html")
    page.evaluate("document.getElementById('find-text').focus()")
    page.call("Input.insertText", text=f"nowhere {sha256(b'x').hex()}")
    page.wait_until("document.querySelector('#find p').textContent === 'No such precinct'")
    assert page.evaluate("document.querySelectorAll('#find ul a').length") == 0
