"""Urns that are put out of use: nobody waits for them, unless a spare stands in; and a release puts them back."""

import msgspec
import pytest

from ledger.definition import Expected
from ledger.election import ReportingDevice, UnitAssignment, UrnAssignment
from tests.unit.ledger.definition_factory import night_of
from tests.unit.ledger.election_factory import DEVICE_KEYS, Night, small_night, small_parts, tally
from tests.unit.ledger.ruling_factory import NEW_KEY, OFFICIALS, decision, leaf


@pytest.fixture
def night() -> Night:
    return small_night()


def put_out(night: Night, urn: str) -> str:
    outcome = night.say(decision(night, "out_of_use", urn=urn), *OFFICIALS)
    return outcome.code or outcome.status


def expected(night: Night, unit: str = "101", contest: int = 1) -> tuple[int, int]:
    found = night.fold.definition.expected[unit, contest]
    return found.cells, found.registered


def test_an_urn_without_a_spare_is_waited_for_no_more(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    assert put_out(night, "u1") == "applied"
    assert (expected(night, "201"), expected(night, "B"), expected(night, "KG")) == ((0, 0), (0, 0), (1, 100))
    assert night.fold.totals["KG", 1].registered == 100
    assert night.fold.definition.expected["KG", 2] == Expected(1, 100)


def test_a_spare_stands_in_and_the_last_one_takes_the_cell_with_it(night: Night) -> None:
    assert put_out(night, "u0") == "applied"
    assert expected(night) == (1, 100)
    assert put_out(night, "u2") == "applied"
    assert (expected(night), expected(night, "KG")) == ((0, 0), (1, 200))


def test_an_idle_spare_changes_nothing_when_it_goes(night: Night) -> None:
    assert put_out(night, "u2") == "applied"
    assert expected(night) == (1, 100)


def test_a_spare_that_stands_in_covers_the_voters(night: Night) -> None:
    put_out(night, "u0")
    night.say(tally(night, 2, "101"), DEVICE_KEYS[2])
    assert (night.fold.totals["A", 1].cells, night.fold.totals["A", 1].registered) == (1, 100)


def two_primaries(*more: UnitAssignment) -> Night:
    parts = small_parts()
    lines = (UnitAssignment("201", "primary"), UnitAssignment("101", "primary"), *more)
    parts[8] = msgspec.structs.replace(parts[8], urns=(UrnAssignment("u1", lines),))
    return night_of(parts)


def test_as_many_urns_are_replaced_as_there_are_spares() -> None:
    night = two_primaries()
    assert expected(night) == (2, 100)
    put_out(night, "u0")
    assert expected(night) == (2, 100)
    put_out(night, "u1")
    assert (expected(night), expected(night, "201")) == ((1, 100), (0, 0))
    put_out(night, "u2")
    assert expected(night) == (0, 0)


def test_voters_are_covered_once_the_missing_urn_is_waited_for_no_more() -> None:
    """Before: one of two cells. After: one of one."""
    urns = (UrnAssignment("u9", (UnitAssignment("101", "remote", (1,)),)),)
    night = night_of([*small_parts(), ReportingDevice(bytes(32), "d9", NEW_KEY.public_key, urns)])
    night.say(tally(night), DEVICE_KEYS[0])
    assert (night.fold.totals["101", 1].registered, night.fold.totals["101", 2].registered) == (0, 100)
    assert put_out(night, "u9") == "applied"
    assert (expected(night), night.fold.totals["101", 1].registered) == ((1, 100), 100)


def test_an_urn_that_has_reported_stays_in_use(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    assert put_out(night, "u0") == "URN_HAS_REPORTED"
    assert put_out(night, "u2") == "applied"


@pytest.mark.parametrize("urn", ["u9", "101"])
def test_only_an_urn_can_be_put_out(night: Night, urn: str) -> None:
    assert put_out(night, urn) == "NO_SUCH_TARGET"


def test_an_urn_is_put_out_once(night: Night) -> None:
    assert (put_out(night, "u1"), put_out(night, "u1")) == ("applied", "NO_SUCH_TARGET")
    assert expected(night, "KG") == (1, 100)


def test_a_tally_from_an_urn_out_of_use_waits_and_its_release_puts_the_urn_back(night: Night) -> None:
    put_out(night, "u1")
    assert night.say(tally(night, 1, "201"), DEVICE_KEYS[1]).code == "OUT_OF_USE"
    assert night.fold.totals == {}
    assert night.say(decision(night, "release", leaf(night)), *OFFICIALS).status == "applied"
    assert (expected(night, "201"), expected(night, "KG"), night.fold.out_of_use) == ((1, 200), (2, 300), set())
    assert (night.fold.totals["KG", 1].cells, night.fold.totals["KG", 1].registered) == (1, 200)


def test_a_release_puts_the_urn_back_for_all_its_units() -> None:
    night = two_primaries()
    put_out(night, "u1")
    night.say(tally(night, 1, "201"), DEVICE_KEYS[1])
    night.say(decision(night, "release", leaf(night)), *OFFICIALS)
    assert (expected(night, "101"), expected(night, "201")) == ((2, 100), (1, 200))
    assert night.say(tally(night, 1, "101"), DEVICE_KEYS[1]).status == "counted"


def test_an_urn_whose_spare_counts_comes_back_by_correction_alone(night: Night) -> None:
    put_out(night, "u0")
    night.say(tally(night, 2, "101", votes=7), DEVICE_KEYS[2])
    spare = leaf(night)
    assert night.say(tally(night, votes=5), DEVICE_KEYS[0]).code == "OUT_OF_USE"
    own = leaf(night)
    assert night.say(decision(night, "release", own), *OFFICIALS).code == "ALREADY_COUNTED"
    assert night.fold.out_of_use == {"u0"}
    assert night.say(decision(night, "correct", own, supersedes=spare), *OFFICIALS).status == "applied"
    assert (night.fold.out_of_use, list(night.fold.live)) == (set(), [("u0", "101")])
    assert (night.fold.totals["KG", 1].votes[0], night.fold.totals["KG", 1].cells) == (5, 1)
