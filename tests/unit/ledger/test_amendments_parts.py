"""Amended contests and units: what may change, and what the counting relies on."""

import msgspec
import pytest

from ledger.definition import Expected
from ledger.election import Contest, ReportingUnit
from ledger.results import StateFiles
from ledger.rulings import Authority
from tests.unit.ledger.definition_factory import night_of
from tests.unit.ledger.election_factory import (
    DEVICE_KEYS,
    ELECTION_KEY,
    Night,
    small_election,
    small_night,
    small_parts,
    tally,
    words,
)
from tests.unit.ledger.ruling_factory import OFFICIALS, act, decision


@pytest.fixture
def night() -> Night:
    return small_night()


def do(night: Night, body: Authority) -> str:
    outcome = night.say(body, ELECTION_KEY)
    return outcome.code or outcome.status


def contest_of(night: Night, **changes: object) -> Authority:
    part = night.fold.definition.contests[1]
    return act(night, "amend_contest", contest=msgspec.structs.replace(part, **changes))


def unit_of(night: Night, name_of: str = "101", /, **changes: object) -> Authority:
    part = night.fold.definition.units[name_of]
    return act(night, "amend_unit", unit=msgspec.structs.replace(part, **changes))


def selections(**changes: object) -> dict[str, object]:
    part = small_parts()[0]
    assert isinstance(part, Contest)
    return {"selections": (msgspec.structs.replace(part.selections[0], **changes), *part.selections[1:])}


@pytest.mark.parametrize(
    "changes",
    [
        {"title": words("New")},
        {"office": "New"},
        {"district": "New"},
        selections(name=words("New")),
        selections(party="New"),
        selections(kind="withdrawn"),
    ],
)
def test_texts_of_a_contest_may_change(night: Night, changes: dict[str, object]) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    before = list(night.fold.totals["KG", 1].votes)
    assert do(night, contest_of(night, **changes)) == "applied"
    assert list(night.fold.totals["KG", 1].votes) == before
    assert night.say(tally(night, 1, "201"), DEVICE_KEYS[1]).status == "counted"


@pytest.mark.parametrize(
    "changes", [{"number": 9}, {"votes_allowed": 2}, {"election_id": bytes(32)}, selections(id=0), {"selections": ()}]
)
def test_what_the_counting_relies_on_may_not(night: Night, changes: dict[str, object]) -> None:
    if changes == {"selections": ()}:
        part = night.fold.definition.contests[1]
        changes = {"selections": part.selections[:2]}
    assert do(night, contest_of(night, **changes)) == "NOT_AMENDABLE"
    assert night.fold.definition.contests[1] == small_election()[1][0]


def test_published_lines_follow_an_amended_contest(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    files = StateFiles(night.fold)
    files.render()
    do(night, contest_of(night, **selections(name=words("Anew"))))
    assert 'A,"One, North",C1,,Anew,P,6,5,1' in files.render()["results/precincts.csv"].decode()


@pytest.mark.parametrize(
    "changes",
    [{"type": "county"}, {"parent": "B"}, {"ballot": ()}, {"id": "102"}, {"election_id": bytes(32)}],
)
def test_the_place_of_a_unit_may_not_change(night: Night, changes: dict[str, object]) -> None:
    assert do(night, unit_of(night, **changes)) == "NOT_AMENDABLE"
    assert do(night, unit_of(night, name=words("New"), registered_voters=None)) == "applied"


def test_a_list_that_grows_is_expected_and_covered_at_every_level(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    assert do(night, unit_of(night, registered_voters=130)) == "applied"
    assert do(night, unit_of(night, "201", registered_voters=150)) == "applied"
    expected = night.fold.definition.expected
    assert (expected["101", 1], expected["A", 1], expected["KG", 1]) == (
        Expected(1, 130), Expected(1, 130), Expected(2, 280),
    )  # fmt: skip
    for unit in ("101", "A", "KG"):
        assert night.fold.totals[unit, 2].registered == 130
    night.say(tally(night, 1, "201"), DEVICE_KEYS[1])
    assert night.fold.totals["KG", 2].registered == 280


@pytest.mark.parametrize("count", [None, 0])
def test_a_list_that_is_known_no_more_counts_as_nobody(night: Night, count: int | None) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    do(night, unit_of(night, registered_voters=count))
    assert night.fold.definition.expected["KG", 1] == Expected(2, 200)
    assert night.fold.totals["KG", 1].registered == 0


def test_the_list_of_a_unit_that_nobody_waits_for_is_in_no_sum(night: Night) -> None:
    """Its only urn is out of use; when it comes back, the amended list comes with it."""
    night.say(decision(night, "out_of_use", urn="u1"), *OFFICIALS)
    assert do(night, unit_of(night, "201", registered_voters=250)) == "applied"
    assert night.fold.definition.expected["KG", 1] == Expected(1, 100)
    night.say(tally(night, 1, "201"), DEVICE_KEYS[1])
    [target] = night.fold.held_tallies
    night.say(decision(night, "release", target), *OFFICIALS)
    assert night.fold.definition.expected["KG", 1] == Expected(2, 350)
    assert night.fold.totals["KG", 1].registered == 250


def test_published_lines_follow_an_amended_unit_and_the_one_above(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    files = StateFiles(night.fold)
    files.render()
    do(night, unit_of(night, name=words("Uno"), registered_voters=101))
    do(night, unit_of(night, "A", name=words("Alpha")))
    rendered = files.render()
    assert b"\nAlpha,Uno,C1,,S1,P,6,5,1\n" in rendered["results/precincts.csv"]
    assert b"\n101,Uno,1,101,1,1,0,18,0,0,11,,0\n" in rendered["results/coverage.csv"]
    assert rendered == StateFiles(night.fold).render()


def test_the_list_of_a_unit_above_is_in_no_sum(night: Night) -> None:
    assert do(night, unit_of(night, "A", registered_voters=1_000)) == "applied"
    assert night.fold.definition.expected["A", 1] == Expected(1, 100)


def test_a_unit_of_two_urns_is_amended_once() -> None:
    parts = small_parts()
    assert isinstance(parts[5], ReportingUnit)
    night = night_of(parts)
    do(night, unit_of(night, registered_voters=7))
    do(night, unit_of(night, registered_voters=9))
    assert night.fold.definition.expected["KG", 2] == Expected(2, 209)


def test_all_voters_together_stay_a_count(night: Night) -> None:
    """To the last one: each unit alone might have as many."""
    others = sum(unit.registered_voters or 0 for unit in night.fold.definition.units.values() if unit.id != "101")
    largest = 2**53 - 1 - others
    assert do(night, unit_of(night, registered_voters=largest + 1)) == "NOT_AMENDABLE"
    assert do(night, unit_of(night, registered_voters=largest)) == "applied"
