"""What devices tell besides votes, from which keys, and cells that they withhold."""

import msgspec
import pytest

from ledger.election import UnitAssignment, UrnAssignment
from ledger.record import Body
from ledger.tally import ContestTally
from tests.unit.ledger.definition_factory import night_of, outcome_code
from tests.unit.ledger.election_factory import (
    DEVICE_KEYS,
    ELECTION_KEY,
    POLLS_OPEN,
    Night,
    small_night,
    small_parts,
    tally,
)
from tests.unit.ledger.ruling_factory import OFFICIALS, act, decision, event, key_id, leaf, opening, turnout


@pytest.fixture
def night() -> Night:
    return small_night()


def test_turnout_is_kept_by_urn_and_time(night: Night) -> None:
    for ballots, time in ((10, POLLS_OPEN + 3_600), (25, POLLS_OPEN + 7_200)):
        assert outcome_code(night, turnout(night, ballots, time), DEVICE_KEYS[0]) == "applied"
    assert night.fold.turnout == {("u0", POLLS_OPEN + 3_600): 10, ("u0", POLLS_OPEN + 7_200): 25}
    assert night.fold.totals == {}


@pytest.mark.parametrize("time", [POLLS_OPEN, POLLS_OPEN + 3_599, POLLS_OPEN + 3_601])
def test_turnout_is_told_at_its_times_alone(night: Night, time: int) -> None:
    """At any other time it could tell how single voters voted."""
    assert outcome_code(night, turnout(night, 10, time), DEVICE_KEYS[0]) == "UNKNOWN_TIME"
    assert night.fold.turnout == {}


def test_the_first_turnout_for_a_time_stays(night: Night) -> None:
    codes = [outcome_code(night, turnout(night, ballots), DEVICE_KEYS[0]) for ballots in (10, 10, 11, 10)]
    assert codes == ["applied", "applied", "CONFLICT", "applied"]
    assert list(night.fold.turnout.values()) == [10]


def test_events_are_listed(night: Night) -> None:
    assert outcome_code(night, event(night), DEVICE_KEYS[0]) == "applied"
    assert night.fold.events == [(11, "u0", 5, "power_lost")]


def test_openings_are_counted_by_session(night: Night) -> None:
    for session in (1, 2, 1):
        assert outcome_code(night, opening(night, session=session), DEVICE_KEYS[0]) == "applied"
    assert night.fold.openings == {("u0", 1): 2, ("u0", 2): 1}


@pytest.mark.parametrize("body", [turnout, event, opening])
def test_a_device_tells_of_its_own_urns(night: Night, body: type[Body]) -> None:
    other = body(night, urn="u1")  # type: ignore[arg-type, call-arg]  # one of the factory's functions
    assert outcome_code(night, other, DEVICE_KEYS[0]) == "NOT_ASSIGNED"
    nobody = body(night, urn="u9")  # type: ignore[arg-type, call-arg]
    assert outcome_code(night, nobody, DEVICE_KEYS[0]) == "NOT_ASSIGNED"


def test_an_opening_names_all_units_of_its_urn_in_any_order() -> None:
    parts = small_parts()
    lines = (UnitAssignment("101", "primary"), UnitAssignment("201", "remote"))
    parts[7] = msgspec.structs.replace(parts[7], urns=(UrnAssignment("u0", lines),))
    night = night_of(parts)
    assert outcome_code(night, opening(night, units=("101",)), DEVICE_KEYS[0]) == "NOT_ASSIGNED"
    assert outcome_code(night, opening(night, units=("201", "101")), DEVICE_KEYS[0]) == "applied"


def revoke(night: Night, place: int = 0) -> None:
    assert night.say(act(night, "revoke_key", key_id=key_id(DEVICE_KEYS[place])), ELECTION_KEY).status == "applied"


def test_nothing_that_a_revoked_device_says_counts(night: Night) -> None:
    revoke(night)
    bodies: list[Body] = [opening(night), turnout(night), event(night), tally(night)]
    assert [outcome_code(night, body, DEVICE_KEYS[0]) for body in bodies] == ["REVOKED_KEY"] * 4
    assert (night.fold.openings, night.fold.turnout, night.fold.events, night.fold.live) == ({}, {}, [], {})
    assert outcome_code(night, tally(night, 1, "201"), DEVICE_KEYS[1]) == "counted"


def test_what_was_counted_before_stays(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    revoke(night)
    assert night.fold.totals["KG", 1].cells == 1
    assert outcome_code(night, tally(night, seq=2), DEVICE_KEYS[0]) == "repeat"
    assert outcome_code(night, tally(night, seq=3, votes=6), DEVICE_KEYS[0]) == "REVOKED_KEY"
    assert night.fold.live["u0", "101"].conflicts == ()


def test_two_officials_may_count_a_tally_of_a_revoked_device(night: Night) -> None:
    revoke(night)
    night.say(tally(night), DEVICE_KEYS[0])
    assert night.say(decision(night, "release", leaf(night)), *OFFICIALS).status == "applied"
    assert night.fold.totals["KG", 1].cells == 1


def withheld(contest: int, ballots: int) -> ContestTally:
    return ContestTally(contest, ballots, None, None, None)


def secret_night() -> Night:
    return night_of(small_parts(), secrecy_threshold=10)


def test_a_withheld_cell_is_in_and_has_no_votes() -> None:
    night = secret_night()
    second = tally(night).contests[1]
    assert outcome_code(night, tally(night, contests=(withheld(1, 9), second)), DEVICE_KEYS[0]) == "counted"
    for unit in ("101", "A", "KG"):
        totals = night.fold.totals[unit, 1]
        assert (totals.cells, totals.withheld, totals.ballots, list(totals.votes)) == (1, 1, 9, [0] * 6)
        assert (totals.overvotes, totals.undervotes, totals.registered) == (0, 0, 100)
        assert night.fold.totals[unit, 2].withheld == 0


@pytest.mark.parametrize("ballots", [10, 1_000])
def test_a_cell_that_is_large_enough_is_not_withheld(ballots: int) -> None:
    """Else a device could keep back whatever it likes."""
    night = secret_night()
    second = tally(night).contests[1]
    body = tally(night, contests=(withheld(1, ballots), second))
    assert outcome_code(night, body, DEVICE_KEYS[0]) == "NOTHING_TO_WITHHOLD"
    assert (night.fold.live, night.fold.held_tallies) == ({}, {})


def test_without_a_threshold_no_cell_is_withheld(night: Night) -> None:
    body = tally(night, contests=(withheld(1, 0), tally(night).contests[1]))
    assert outcome_code(night, body, DEVICE_KEYS[0]) == "NOTHING_TO_WITHHOLD"


def test_a_cell_is_withheld_whole() -> None:
    for cell in ((None, 0, ((1, 1),)), (0, None, ((1, 1),)), (0, 0, None), (None, None, ((1, 1),))):
        with pytest.raises(ValueError):
            ContestTally(1, 5, *cell)


def test_a_withheld_cell_that_is_corrected_gives_its_votes() -> None:
    night = secret_night()
    first, second = tally(night, votes=1).contests
    night.say(tally(night, contests=(withheld(1, 6), second)), DEVICE_KEYS[0])
    before = leaf(night)
    assert outcome_code(night, tally(night, contests=(first, second), seq=2), DEVICE_KEYS[0]) == "CONFLICT"
    [target] = night.fold.held_tallies
    assert night.say(decision(night, "correct", target, supersedes=before), *OFFICIALS).status == "applied"
    totals = night.fold.totals["KG", 1]
    assert (totals.cells, totals.withheld, totals.ballots, list(totals.votes)) == (1, 0, 6, [1] * 6)
