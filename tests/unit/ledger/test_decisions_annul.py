"""Annulment and reinstatement of a unit, whole or by contest."""

import pytest

from ledger.primitives import Hash
from ledger.results import StateFiles
from ledger.rulings import Decision
from tests.unit.ledger.election_factory import DEVICE_KEYS, Night, small_night, tally
from tests.unit.ledger.ruling_factory import OFFICIALS, decision, leaf


@pytest.fixture
def night() -> Night:
    """Both precincts counted: entries 11 and 12."""
    night = small_night()
    night.say(tally(night, votes=5), DEVICE_KEYS[0])
    night.say(tally(night, 1, "201", votes=7), DEVICE_KEYS[1])
    return night


def decide(night: Night, body: Decision) -> str:
    outcome = night.say(body, *OFFICIALS)
    return outcome.code or outcome.status


def annulment(night: Night, *contests: int, unit: str = "101", targets: tuple[int, ...] = (11,)) -> Decision:
    hashes = [leaf(night, index) for index in targets]
    return decision(night, "annul", *hashes, unit=unit, contests=contests or None)


def sums(night: Night, unit: str, contest: int) -> tuple[object, ...]:
    totals = night.fold.totals[unit, contest]
    return list(totals.votes), totals.cells, totals.ballots, totals.overvotes, totals.undervotes, totals.registered


def test_an_annulled_unit_counts_nowhere(night: Night) -> None:
    assert decide(night, annulment(night)) == "applied"
    for unit in ("101", "A"):
        assert sums(night, unit, 1) == ([0] * 6, 0, 0, 0, 0, 0)
    assert sums(night, "KG", 1) == ([7, 1, 7, 1, 7, 1], 1, 24, 0, 0, 200)
    assert sums(night, "KG", 2)[1] == 1
    assert night.fold.definition.expected["KG", 1].cells == 2


def test_a_contest_alone_is_annulled(night: Night) -> None:
    assert decide(night, annulment(night, 2)) == "applied"
    assert (sums(night, "KG", 1)[1], sums(night, "KG", 2)[1]) == (2, 1)
    assert decide(night, annulment(night, 2)) == "NO_SUCH_TARGET"
    assert decide(night, annulment(night)) == "applied"
    assert night.fold.annulled("101") == {1, 2}
    assert (sums(night, "KG", 1)[1], sums(night, "KG", 2)[1]) == (1, 1)


def test_reinstatement_undoes_its_own_annulment(night: Night) -> None:
    before, files = {cell: sums(night, *cell) for cell in night.fold.totals}, StateFiles(night.fold).render()
    decide(night, annulment(night, 2))
    first = leaf(night)
    decide(night, annulment(night))
    second = leaf(night)
    assert decide(night, decision(night, "reinstate", first)) == "applied"
    assert (sums(night, "KG", 1)[1], sums(night, "KG", 2)[1]) == (1, 2)
    assert decide(night, decision(night, "reinstate", second)) == "applied"
    assert {cell: sums(night, *cell) for cell in night.fold.totals} == before
    after = StateFiles(night.fold).render()
    for path in ("results/precincts.csv", "results/coverage.csv"):
        assert after[path] == files[path]


def test_only_an_annulment_in_force_is_ended(night: Night) -> None:
    decide(night, annulment(night))
    annulled = leaf(night)
    for target in (leaf(night, 11), Hash(bytes(32))):
        assert decide(night, decision(night, "reinstate", target)) == "NO_SUCH_TARGET"
    assert decide(night, decision(night, "reinstate", annulled)) == "applied"
    assert decide(night, decision(night, "reinstate", annulled)) == "NO_SUCH_TARGET"


@pytest.mark.parametrize("targets", [(), (12,), (11, 12), (10,)])
def test_an_annulment_names_every_live_tally_of_the_unit(night: Night, targets: tuple[int, ...]) -> None:
    assert decide(night, annulment(night, targets=targets)) == "NOT_ALL_TARGETS"
    assert sums(night, "KG", 1)[1] == 2
    assert decide(night, annulment(night)) == "applied"


@pytest.mark.parametrize(("unit", "contests"), [("999", ()), ("A", ()), ("101", (3,)), ("101", (1, 3))])
def test_what_is_annulled_is_on_a_ballot(night: Night, unit: str, contests: tuple[int, ...]) -> None:
    assert decide(night, annulment(night, *contests, unit=unit)) == "NO_SUCH_TARGET"
    assert decide(night, annulment(night, 1, 2)) == "applied"


def test_a_unit_that_has_not_reported_can_be_annulled() -> None:
    night = small_night()
    assert decide(night, annulment(night, targets=())) == "applied"
    assert night.say(tally(night), DEVICE_KEYS[0]).code == "ANNULLED"
    assert night.say(tally(night, 1, "201"), DEVICE_KEYS[1]).status == "counted"


def test_nothing_counts_in_an_annulled_unit_until_it_is_reinstated(night: Night) -> None:
    night.say(tally(night, votes=6, seq=2), DEVICE_KEYS[0])
    conflicting = leaf(night)
    decide(night, annulment(night))
    annulled = leaf(night)
    correction = decision(night, "correct", conflicting, supersedes=leaf(night, 11))
    assert decide(night, correction) == "UNIT_ANNULLED"
    assert night.say(tally(night, 2, "101"), DEVICE_KEYS[2]).code == "ANNULLED"
    waiting = leaf(night)
    assert decide(night, decision(night, "release", waiting)) == "UNIT_ANNULLED"
    decide(night, decision(night, "reinstate", annulled))
    assert decide(night, decision(night, "release", waiting)) == "ALREADY_COUNTED"
    assert decide(night, correction) == "applied"
    assert sums(night, "KG", 1)[0] == [13, 2, 13, 2, 13, 2]


def test_a_repeat_in_an_annulled_unit_is_a_repeat(night: Night) -> None:
    decide(night, annulment(night))
    assert night.say(tally(night, votes=5, seq=2), DEVICE_KEYS[0]).status == "repeat"
    assert night.say(tally(night, votes=6, seq=3), DEVICE_KEYS[0]).code == "CONFLICT"
    assert sums(night, "101", 1)[1] == 0


def test_coverage_says_what_is_annulled(night: Night) -> None:
    decide(night, annulment(night, 2))
    rows = StateFiles(night.fold).render()["results/coverage.csv"].decode().splitlines()
    assert rows[1].endswith(",11,,0") and rows[2].endswith(",11,,1")
    precincts = StateFiles(night.fold).render()["results/precincts.csv"].decode()
    assert 'A,"One, North",C1' in precincts and 'A,"One, North",C2' not in precincts
