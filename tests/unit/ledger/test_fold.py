"""The rules of the fold, each with a record that it keeps out and one that it just lets through."""

import msgspec
import pytest

from ledger.election import Contest, Part
from ledger.errors import UnjudgeableError
from ledger.fold import Fold
from ledger.primitives import Hash
from ledger.record import Snapshot, parse_record, sign_record, trust_record
from ledger.tally import ContestTally, Opening
from tests.unit.ledger.definition_factory import night_of, outcome_code
from tests.unit.ledger.election_factory import (
    DEVICE_KEYS,
    ELECTION_KEY,
    PUBLISHER_KEY,
    Night,
    small_election,
    small_night,
    small_parts,
    tally,
)


@pytest.fixture
def night() -> Night:
    return small_night()


def votes_of(night: Night, unit: str, contest: int) -> list[int]:
    return list(night.fold.totals[unit, contest].votes)


def opening(night: Night, urn: str = "u0", units: tuple[str, ...] = ("101",)) -> Opening:
    return Opening(night.election_id, 1, None, urn, 1, 5, "1.2.3", bytes(32), None, units)


def test_a_tally_is_counted_at_every_level(night: Night) -> None:
    outcome = night.say(tally(night, votes=5), DEVICE_KEYS[0])
    assert (outcome.status, outcome.code) == ("counted", "")
    for unit in ("101", "A", "KG"):
        assert votes_of(night, unit, 1) == [5, 1, 5, 1, 5, 1]
        assert votes_of(night, unit, 2) == [9, 8, 7, 3, 0, 0]
        totals = night.fold.totals[unit, 2]
        assert (totals.cells, totals.ballots, totals.overvotes, totals.undervotes) == (1, 30, 1, 2)
        assert totals.registered == 100
    assert ("201", 1) not in night.fold.totals
    assert night.fold.live["u0", "101"].index == 11


@pytest.mark.parametrize("parts_left_out", [1, 2])
def test_devices_are_not_heard_before_all_parts_are_logged(parts_left_out: int) -> None:
    night = small_night(parts_left_out)
    assert night.say(opening(night), DEVICE_KEYS[0]).code == "PARTS_INCOMPLETE"
    previous = parse_record(night.entries[-1]).leaf_hash
    assert night.say(tally(night, seq=2, previous=previous), DEVICE_KEYS[0]).code == "PARTS_INCOMPLETE"
    previous = parse_record(night.entries[-1]).leaf_hash
    _, parts = small_election()
    for part in parts[-parts_left_out:]:
        assert night.say(part, ELECTION_KEY).status == "applied"
    assert night.say(tally(night, seq=3, previous=previous), DEVICE_KEYS[0]).status == "counted"
    assert [held.index for held in night.fold.held] == [11 - parts_left_out, 12 - parts_left_out]
    # What is held is in the log all the same: the device's chain has no gap.
    assert night.fold.gaps == []


def test_records_of_another_election_are_held(night: Night) -> None:
    other = bytes([1]) * 32
    bodies = [
        (tally(night, election_id=other), DEVICE_KEYS[0]),
        (msgspec.structs.replace(opening(night), election_id=other), DEVICE_KEYS[0]),
        (Snapshot(other, 1, 11, bytes(32), 5, 1, bytes(32)), PUBLISHER_KEY),
        (small_parts(other)[0], ELECTION_KEY),
    ]
    assert [outcome_code(night, body, key) for body, key in bodies] == ["OTHER_ELECTION"] * 4
    assert (night.fold.snapshots, night.fold.openings, night.fold.totals) == (0, {}, {})


def test_a_second_election_and_more_parts_are_held(night: Night) -> None:
    election, parts = small_election()
    assert (
        outcome_code(night, msgspec.structs.replace(election, salt=bytes([1]) * 16), ELECTION_KEY) == "SECOND_ELECTION"
    )
    assert outcome_code(night, parts[0], ELECTION_KEY) == "PARTS_COMPLETE"


def test_a_device_speaks_for_its_own_urns_and_units(night: Night) -> None:
    assert outcome_code(night, tally(night, urn="u1"), DEVICE_KEYS[0]) == "NOT_ASSIGNED"
    assert outcome_code(night, tally(night, unit="201"), DEVICE_KEYS[0]) == "NOT_ASSIGNED"
    assert outcome_code(night, tally(night, unit="A"), DEVICE_KEYS[0]) == "NOT_ASSIGNED"
    assert outcome_code(night, tally(night), DEVICE_KEYS[1]) == "NOT_ASSIGNED"
    assert outcome_code(night, tally(night, device=1, unit="201"), DEVICE_KEYS[1]) == "counted"


def test_an_opening_names_the_urns_units(night: Night) -> None:
    assert outcome_code(night, opening(night, urn="u1"), DEVICE_KEYS[0]) == "NOT_ASSIGNED"
    assert outcome_code(night, opening(night, units=("201",)), DEVICE_KEYS[0]) == "NOT_ASSIGNED"
    assert outcome_code(night, opening(night, units=("101", "201")), DEVICE_KEYS[0]) == "NOT_ASSIGNED"
    assert night.fold.openings == {}
    assert outcome_code(night, opening(night), DEVICE_KEYS[0]) == "applied"
    assert night.fold.openings == {("u0", 1): 1}


def wrong_contests() -> dict[str, tuple[ContestTally, ...]]:
    first, second = tally(small_night()).contests
    assert first.selections is not None and second.selections is not None
    replace = msgspec.structs.replace
    return {
        "one missing": (first,),
        "one too many": (first, second, replace(second, contest=3)),
        "other order": (second, first),
        "twice": (first, first),
        "selection missing": (replace(first, selections=first.selections[:2]), second),
        "omitted selection": (first, replace(second, selections=(*second.selections, (3, 0, 0)))),
        "unknown selection": (replace(first, selections=(*first.selections[:2], (4, 1, 1))), second),
        "selections in other order": (replace(first, selections=first.selections[::-1]), second),
        "one vote type": (first, replace(second, selections=((1, 17), (2, 10)))),
        "three vote types": (first, replace(second, selections=((1, 9, 8, 0), (2, 7, 3, 0)))),
    }


@pytest.mark.parametrize("fault", wrong_contests())
def test_a_tally_has_its_ballots_contests_and_selections(night: Night, fault: str) -> None:
    assert outcome_code(night, tally(night, contests=wrong_contests()[fault]), DEVICE_KEYS[0]) == "WRONG_CONTESTS"
    assert (night.fold.totals, night.fold.live) == ({}, {})
    assert outcome_code(night, tally(night, seq=2), DEVICE_KEYS[0]) == "counted"


def counts(*rows: tuple[int, int], ballots: int) -> ContestTally:
    return ContestTally(1, ballots, 0, 0, tuple((place, *row) for place, row in enumerate(rows, 1)))


@pytest.mark.parametrize(
    ("votes_allowed", "contest", "code"),
    [
        (1, counts((3, 2), (0, 0), (0, 0), ballots=5), "counted"),
        (1, counts((3, 3), (0, 0), (0, 0), ballots=5), "MORE_VOTES_THAN_BALLOTS"),
        (1, counts((1, 1), (1, 1), (1, 0), ballots=5), "counted"),
        (1, counts((1, 1), (1, 1), (1, 1), ballots=5), "MORE_VOTES_THAN_BALLOTS"),
        (2, counts((3, 2), (0, 5), (0, 0), ballots=5), "counted"),
        (2, counts((3, 2), (0, 5), (0, 1), ballots=5), "MORE_VOTES_THAN_BALLOTS"),
        (2, counts((3, 3), (0, 0), (0, 0), ballots=5), "MORE_VOTES_THAN_BALLOTS"),
        (1, counts((0, 0), (0, 0), (0, 0), ballots=0), "counted"),
        (1, counts((0, 0), (0, 1), (0, 0), ballots=0), "MORE_VOTES_THAN_BALLOTS"),
    ],
)
def test_no_more_votes_than_ballots(votes_allowed: int, contest: ContestTally, code: str) -> None:
    """Neither for one selection nor, by what each voter may mark, in the contest."""
    parts: list[Part] = small_parts()
    assert isinstance(parts[0], Contest)
    parts[0] = msgspec.structs.replace(parts[0], votes_allowed=votes_allowed)
    night = night_of(parts)
    second = tally(night).contests[1]
    assert outcome_code(night, tally(night, contests=(contest, second)), DEVICE_KEYS[0]) == code
    assert bool(night.fold.totals) == (code == "counted")


def test_a_snapshot_is_counted_and_changes_no_total(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    before = votes_of(night, "KG", 1)
    assert night.say(Snapshot(night.election_id, 1, 12, bytes(32), 5, 1, bytes(32)), PUBLISHER_KEY).status == "applied"
    assert (night.fold.snapshots, votes_of(night, "KG", 1)) == (1, before)


def test_another_fold_version_is_never_folded() -> None:
    night = Night(Fold(), Hash(bytes(32)), [])
    election, _ = small_election()
    with pytest.raises(UnjudgeableError):
        night.say(msgspec.structs.replace(election, fold_version=2), ELECTION_KEY)
    assert night.fold.size == 0


@pytest.mark.parametrize("index", [10, 12])
def test_entries_are_folded_in_their_order(night: Night, index: int) -> None:
    record = trust_record(parse_record(sign_record(tally(night), [DEVICE_KEYS[0]])))
    with pytest.raises(ValueError):
        night.fold.apply(index, record)
    assert night.fold.apply(11, record).status == "counted"


def test_a_break_in_a_devices_chain_is_noted_and_counts_all_the_same(night: Night) -> None:
    """Every record names the one before: its number and its leaf hash. Each device has a chain of its own."""
    first = sign_record(opening(night), [DEVICE_KEYS[0]])
    night.take(first)
    assert night.say(tally(night, seq=2, previous=parse_record(first).leaf_hash), DEVICE_KEYS[0]).status == "counted"
    night.say(tally(night, device=1, unit="201"), DEVICE_KEYS[1])
    assert night.fold.gaps == []
    last = parse_record(night.entries[-1]).leaf_hash
    for changes in ({"seq": 3, "previous": last}, {"seq": 4, "previous": last}, {"seq": 2, "previous": None}):
        night.say(tally(night, device=1, unit="201", time=changes["seq"], **changes), DEVICE_KEYS[1])
    assert night.fold.gaps == [14, 15, 16]
    missing = small_night()
    missing.say(tally(missing, seq=2, previous=bytes(32)), DEVICE_KEYS[0])
    assert (missing.fold.gaps, missing.fold.live["u0", "101"].index) == ([11], 11)
