"""The pages: true to their files, safe to show, the same in three languages."""

import json
import re
from pathlib import Path

import pytest

from central_server.pages.rendering import asset_files
from central_server.pages.site_data import SiteData, parse_site
from central_server.pages.wording import LANGUAGES
from ledger.results import LATEST
from tests.unit.central_server.page_factory import (
    Outline,
    changed,
    data_of,
    eventful_night,
    every_page,
    page_of,
    quiet_night,
    result_files,
)
from tests.unit.ledger.election_factory import small_night

STAMP_WORDS = {"ky": "Алдын ала жыйынтыктар", "ru": "Предварительные результаты", "en": "Preliminary results"}


@pytest.fixture(scope="module")
def quiet() -> SiteData:
    return data_of(quiet_night())


@pytest.fixture(scope="module")
def eventful() -> SiteData:
    return data_of(eventful_night())


def test_every_subject_has_its_document(eventful: SiteData) -> None:
    assert [name.removesuffix(" 1") for name in every_page(eventful)] == [
        "index",
        "contest/1",
        "contest/2",
        "area/A",
        "area/B",
        "missing",
        "notices",
        "precinct/101",
        "precinct/201",
    ]


def test_a_contest_shows_what_the_file_says(quiet: SiteData) -> None:
    text = Outline(page_of(quiet, "contest/2")).text
    assert "Counts in 50.00% 1 of 2" in text
    assert "Ballots 30 Overvotes 1 Undervotes 2" in text
    # 17 of 27 votes, with the most votes first; then early votes and those at the polls.
    assert "S1 P 17 62.96% 9 8 S2 P 10 37.03% 7 3 S3 P 0 0.00% 0 0" in text
    assert "A 62.96% 17 37.03% 10 0.00% 0 1 of 1 B — 0 — 0 — 0 0 of 1" in text


def test_the_overview_says_how_much_is_in_and_what_is_awaited(quiet: SiteData) -> None:
    text = Outline(page_of(quiet, "index")).text
    assert "Counts in 50.00% 2 of 4" in text
    assert "Precincts fully reported 1 of 2 Registered voters in those precincts 100 of 300" in text
    assert "A 1 of 1 B 0 of 1" in text
    assert "Precincts not reported yet 1 Precincts reported in part 0 Records held by a rule, not counted 1" in text


def test_precincts_that_are_missing_are_there_by_name(quiet: SiteData) -> None:
    missing, area = Outline(page_of(quiet, "missing")), Outline(page_of(quiet, "area/B"))
    assert "B Precinct Status Counts in Registered voters Two Not reported yet 0 of 2 200" in missing.text
    assert (
        "Precincts still awaited Precinct Status Counts in Registered voters Two Not reported yet 0 of 2 200"
        in area.text
    )
    for outline in (missing, area):
        assert "../" * ("area" in outline.page and outline is area) + "precinct/201.html" in outline.values("href")
    assert "No count has come in from this precinct yet." in Outline(page_of(quiet, "precinct/201")).text


def test_a_precinct_shows_its_tally_and_where_it_lies_in_the_log(quiet: SiteData) -> None:
    outline = Outline(page_of(quiet, "precinct/101"))
    assert "S1 P 6 33.33% 5 1" in outline.text
    assert "Such records: 1" in outline.text
    assert "11 counts tile/entries/000 place 11 tile/0/000 place 11" in outline.text
    assert "12 held tile/entries/000 place 12" in outline.text
    assert "../../proof/11.tlog-proof" in outline.values("href")
    assert "observer verify ADDRESS --policy POLICY" in outline.text


def test_what_is_special_about_a_precinct_is_said(eventful: SiteData) -> None:
    """The hand count beside the tally, withheld votes as such, an annulled contest outside the totals."""
    first, second = (Outline(page_of(eventful, f"precinct/{unit}")).text for unit in ("101", "201"))
    assert "By hand Difference" in first
    assert "S1 P 6 33.33% 6 0 5 1" in first
    assert "The precinct's result in this contest was annulled." in second
    assert "Counts whose votes are withheld (too few ballots to keep the vote secret): 1" in second
    assert "S1 P — — — — S2 P — — — —" in second
    notices = Outline(page_of(eventful, "notices")).text
    assert "Annulled 201 recount 45-B" in notices
    assert "13 CONFLICT Other numbers from the same box: the first ones stand. One, North" in notices
    assert "01:00" not in (overview := Outline(page_of(eventful, "index")).text)
    # Told at 2027-01-14 21:00 UTC, which is three in the morning at +06:00.
    assert re.search(r"Boxes heard from \d\d:00 40 13\.33% 1", overview)


def test_all_languages_have_the_same_numbers_and_say_preliminary(eventful: SiteData) -> None:
    pages = {language: every_page(eventful, language) for language in LANGUAGES}
    for name in pages["en"]:
        numbers = {}
        for language in LANGUAGES:
            outline = Outline(pages[language][name])
            text = re.sub(r"(?<=\d)[\xa0,](?=\d{3}\b)", "", outline.text).replace(",", ".")
            numbers[language] = re.findall(r"\d[\d.]*", text)
            assert STAMP_WORDS[language] in outline.text
            assert outline.elements[0] == ("html", {"lang": language})
        assert sorted(numbers["ky"]) == sorted(numbers["ru"]), name


def test_every_page_names_its_snapshot(eventful: SiteData) -> None:
    stamp = eventful.stamp
    for name, page in every_page(eventful).items():
        outline = Outline(page)
        assert f"Snapshot {stamp.number}" in outline.text, name
        assert outline.values("data-snapshot") == [str(stamp.number)], name
        assert f"Entries in the log {stamp.tree_size} Root hash of the log {stamp.root_hash}" in outline.text, name


def test_pages_are_made_for_screen_readers_and_keyboards(eventful: SiteData) -> None:
    """A skip link, landmarks, one first heading, and tables with captions and scoped headers."""
    for name, page in every_page(eventful).items():
        outline = Outline(page)
        tags = [tag for tag, _ in outline.elements]
        for landmark in ("header", "main", "footer"):
            assert tags.count(landmark) == 1, name
        assert tags.count("h1") == 1, name
        assert tags.count("table") == tags.count("caption"), name
        assert all("scope" in attributes for tag, attributes in outline.elements if tag == "th"), name
        assert next(attributes for tag, attributes in outline.elements if tag == "a") == {
            "class": "skip",
            "href": "#main",
        }
        ids = outline.values("id")
        assert len(set(ids)) == len(ids), name
        assert {target[1:] for target in outline.values("href") if target.startswith("#")} <= set(ids), name


def test_a_precinct_of_nothing_and_an_election_of_zeros_can_be_drawn() -> None:
    data = data_of(small_night())
    text = Outline(page_of(data, "index")).text
    assert "Counts in 0.00% 0 of 4" in text
    assert "S1 P — " in text
    assert "Precincts fully reported 0 of 2" in text


def test_names_are_text_and_never_markup() -> None:
    hostile = "<script>alert('1')</script>&\"{{ 7 * 7 }}"
    words = dict.fromkeys(("ky", "ru", "en"), hostile)
    files = result_files(quiet_night())
    document = json.loads(files[LATEST])
    document["contests"][0] |= {"title": words, "office": hostile}
    document["title"] = words
    data = parse_site(
        {
            **changed(files, LATEST, title=words, held={hostile: 1}),
        }
    )
    assert "script" not in {tag for tag, attributes in Outline(page_of(data, "index")).elements if not attributes}
    assert "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#34;{{ 7 * 7 }}" in page_of(data, "index")


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs_in_the_page(eventful: SiteData) -> None:
    """The policy allows the site's own files; there are no inline scripts and styles, no other hosts."""
    for name, page in every_page(eventful).items():
        outline = Outline(page)
        scripts = [attributes for tag, attributes in outline.elements if tag == "script"]
        assert [set(attributes) for attributes in scripts] == [{"type", "src"}], name
        assert not {tag for tag, _ in outline.elements} & {"style", "iframe", "object", "form", "img", "base"}, name
        attributes = {key for _, attributes in outline.elements for key in attributes}
        assert not [key for key in attributes if key.startswith("on") or key == "style"], name
        assert "//" not in page.replace("<!DOCTYPE", ""), name
        [policy] = [value for value in outline.values("content") if "default-src" in value]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"), name
        assert "unsafe" not in policy, name


def test_assets_speak_to_no_other_host() -> None:
    for name, data in asset_files().items():
        assert "//" not in re.sub(r"//(?: .*)?$|http://www\.w3\.org/2000/svg", "", data.decode(), flags=re.MULTILINE), (
            name
        )


def test_every_word_is_there_in_three_languages_and_is_used(repository: Path) -> None:
    folder = repository / "central_server" / "pages"
    words = json.loads((folder / "words.json").read_text())
    for key, translations in words.items():
        assert list(translations) == ["ky", "ru", "en"], key
        assert all(text.strip() == text != "" for text in translations.values()), key
    sources = "".join(path.read_text() for pattern in ("*.py", "templates/*") for path in folder.glob(pattern))
    families = ("unit_", "status_", "type_", "action_", "code_")
    used = set(re.findall(r"\w+", sources))
    assert [key for key in words if key not in used and not key.startswith(families)] == []
