"""The results page: true to its file, safe to show, readable in three languages."""

import base64
import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from central_server.pages.results_page import render_results_page
from ledger.errors import FormatError, UnjudgeableError
from ledger.primitives import sha256
from ledger.results import render_numbered
from tests.unit.ledger.election_factory import DEVICE_KEYS, small_night, tally

# Elements that end themselves (HTML), and the SVG shapes that we close in place.
VOID = {"meta", "rect"}


class Outline(HTMLParser):
    """Checks that every element is closed in its turn, and collects what the tests look for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.attributes if (value := attributes.get(name)) is not None]


@pytest.fixture
def document() -> dict[str, Any]:
    night = small_night()
    night.say(tally(night, votes=5), DEVICE_KEYS[0])
    night.say(tally(night, votes=6, seq=2), DEVICE_KEYS[0])
    parsed: dict[str, Any] = json.loads(render_numbered(night.fold, sha256(b"root"), {}))
    return parsed


def render(document: dict[str, Any]) -> str:
    return render_results_page(json.dumps(document).encode()).decode()


def section(page: str, language: str) -> str:
    found = re.search(rf'<section class="language" id="{language}".*?</section>', page, re.DOTALL)
    assert found is not None
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", found[0])))


def test_the_page_shows_what_the_file_says(document: dict[str, Any]) -> None:
    page = render(document)
    english = section(page, "en")
    assert "C1" in english
    assert "S1 P 6 33.33 %" in english
    # 17 of 27 votes, with the most votes first.
    assert "S1 P 17 62.96 % S2 P 10 37.03 % S3 P 0 0.00 %" in english
    assert "Counts received: 1 / 2 (50.00 %)" in english
    assert "Registered voters of precincts that are in completely: 100 / 300." in english
    assert "A 2 / 2 100.00 % B 0 / 2 0.00 %" in english
    assert "Records held by a rule: CONFLICT 1" in english
    assert f"Snapshot number 1 Entries of the log 13 Root hash of the log {document['root_hash']}" in english


def test_all_languages_have_the_same_numbers_and_say_preliminary(document: dict[str, Any]) -> None:
    page = render(document)
    texts = {language: section(page, language) for language in ("ky", "ru", "en")}
    numbers = {language: re.findall(r"\d[\d,.]*", text.replace(",", ".")) for language, text in texts.items()}
    assert numbers["ky"] == numbers["ru"] == [number.replace(",", ".") for number in numbers["en"]]
    assert "Preliminary results These results are preliminary and have no legal force." in texts["en"]
    assert "Предварительные результаты Эти результаты предварительные и не имеют юридической силы." in texts["ru"]
    assert "Алдын ала жыйынтыктар Бул жыйынтыктар алдын ала жана юридикалык күчкө ээ эмес." in texts["ky"]
    for word in ("certified", "final", "окончательн"):
        assert word not in page


def test_a_page_is_well_formed_and_its_links_stay_within_the_folder(document: dict[str, Any]) -> None:
    outline = Outline(render(document))
    ids = outline.values("id")
    assert sorted(ids) == ["en", "ky", "ru"]
    targets = set(outline.values("href"))
    assert {target for target in targets if target.startswith("#")} == {"#ky", "#ru", "#en"}
    files = {target for target in targets if not target.startswith("#")}
    assert files == {
        "results/000001.json",
        "results/precincts.csv",
        "results/coverage.csv",
        "results/flags.csv",
        "checkpoint",
        "anchors/index.json",
    }
    assert outline.attributes[0] == ("html", {"lang": "ky"})


def test_nothing_is_loaded_or_run(document: dict[str, Any]) -> None:
    """The policy allows the one style sheet in the page, by its hash; no script, no inline style, no other host."""
    page = render(document)
    outline = Outline(page)
    tags = {tag for tag, _ in outline.attributes}
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "input", "base"}
    assert not [name for _, attributes in outline.attributes for name in attributes if name.startswith(("on", "style"))]
    assert "//" not in page.replace("<!DOCTYPE", "")
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    [policy] = [value for value in outline.values("content") if "default-src" in value]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_names_are_text_and_never_markup(document: dict[str, Any]) -> None:
    hostile = "<script>alert('1')</script>&\"{{ 7 * 7 }}"
    document["title"] = dict.fromkeys(("ky", "ru", "en"), hostile)
    document["contests"][0]["selections"][0]["name"] = dict.fromkeys(("ky", "ru", "en"), hostile)
    document["contests"][0]["selections"][0]["party"] = hostile
    document["contests"][0]["office"] = hostile
    document["held"] = {hostile: 1}
    page = render(document)
    assert "script" not in {tag for tag, _ in Outline(page).attributes}
    assert "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#34;{{ 7 * 7 }}" in page


def test_before_the_first_tally_there_are_no_shares() -> None:
    """No votes are no share of anything: not 0 %, which would say that somebody lost."""
    page = render_results_page(render_numbered(small_night().fold, sha256(b"root"), {})).decode()
    assert "S1 P 0 — S2 P 0 — S3 P 0 —" in section(page, "en")
    assert "Records held by a rule 0" in section(page, "en")


def test_many_contests_are_folded_up_by_office(document: dict[str, Any]) -> None:
    contest = document["contests"][0]
    document["contests"] = [
        contest | {"number": n, "office": "House" if n > 2 else f"Office {n}"} for n in range(1, 132)
    ]
    outline = Outline(render(document))
    groups = [attributes for tag, attributes in outline.attributes if tag == "details"]
    # For each language: two offices of one contest, the House, and the areas.
    assert len(groups) == 3 * 4
    assert sum("open" in attributes for attributes in groups) == 3
    assert "House Contests: 129" in section(render(document), "en")
    document["contests"] = document["contests"][:3]
    assert all("open" in attributes for tag, attributes in Outline(render(document)).attributes if tag == "details")


def test_coverage_is_never_shown_above_all_of_it(document: dict[str, Any]) -> None:
    document["contests"][0] |= {"cells_reported": 5, "cells_expected": 2}
    assert "Counts received: 5 / 2 (100.00 %)" in section(render(document), "en")


def test_large_numbers_are_grouped(document: dict[str, Any]) -> None:
    document["contests"][0]["selections"][0]["votes"] = 4_294_243
    assert "4\N{NO-BREAK SPACE}294\N{NO-BREAK SPACE}243" in render(document)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format": 1}', b"\xff"])
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        render_results_page(data)
    assert caught.value.code == "BAD_RESULTS"


def test_a_later_format_is_not_guessed_at(document: dict[str, Any]) -> None:
    document["format"] = "tunuk-results/2"
    with pytest.raises(UnjudgeableError):
        render(document)


def test_every_word_is_there_in_three_languages_and_is_used(repository: Path) -> None:
    folder = repository / "central_server" / "pages"
    words = json.loads((folder / "words.json").read_text())
    for key, translations in words.items():
        assert list(translations) == ["ky", "ru", "en"], key
        assert all(text.strip() == text != "" for text in translations.values()), key
        assert len(set(translations.values())) == 3, key
    sources = (folder / "results.html.jinja").read_text() + (folder / "results_page.py").read_text()
    assert [key for key in words if key not in sources] == []
