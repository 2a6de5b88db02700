"""What comes twice: a repeat is never added, a conflict never changes a total, and one of spare and primary counts."""

import msgspec
import pytest

from ledger.election import ReportingDevice, UnitAssignment, UrnAssignment
from ledger.tally import TallyReport
from tests.unit.ledger.definition_factory import night_of, outcome_code
from tests.unit.ledger.election_factory import DEVICE_KEYS, Night, small_night, small_parts, tally


@pytest.fixture
def night() -> Night:
    return small_night()


def total(night: Night) -> list[int]:
    return list(night.fold.totals["KG", 1].votes)


def spare_tally(night: Night, votes: int = 5, seq: int = 1) -> TallyReport:
    return tally(night, device=2, unit="101", votes=votes, seq=seq)


@pytest.mark.parametrize(
    "envelope",
    [{"seq": 2}, {"time": 9}, {"source": "typed"}, {"report_hash": bytes([1]) * 32}, {"session": 2}],
    ids=lambda envelope: next(iter(envelope)),
)
def test_equal_counts_in_another_envelope_are_a_repeat(night: Night, envelope: dict[str, object]) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    before = total(night)
    again = msgspec.structs.replace(tally(night), **envelope)
    assert outcome_code(night, again, DEVICE_KEYS[0]) == "repeat"
    assert (total(night), night.fold.repeats, night.fold.held) == (before, 1, [])
    assert night.fold.totals["KG", 1].cells == 1


def test_a_different_second_tally_is_held_and_listed(night: Night) -> None:
    night.say(tally(night, votes=5), DEVICE_KEYS[0])
    before = total(night)
    assert outcome_code(night, tally(night, votes=6, seq=2), DEVICE_KEYS[0]) == "CONFLICT"
    live = night.fold.live["u0", "101"]
    assert (total(night), live.index, live.conflicts) == (before, 11, (12,))
    assert [(held.index, held.code) for held in night.fold.held] == [(12, "CONFLICT")]


def test_after_a_conflict_the_first_still_stands(night: Night) -> None:
    """Its repeat is a repeat, the other's is one more conflict, and a third counts no more than the second."""
    night.say(tally(night, votes=5), DEVICE_KEYS[0])
    before = total(night)
    codes = [
        outcome_code(night, tally(night, votes=votes, seq=seq), DEVICE_KEYS[0])
        for seq, votes in enumerate((6, 5, 6, 7), 2)
    ]
    assert codes == ["CONFLICT", "repeat", "CONFLICT", "CONFLICT"]
    assert (total(night), night.fold.live["u0", "101"].conflicts) == (before, (12, 14, 15))


def test_a_held_first_tally_leaves_room_for_a_right_one(night: Night) -> None:
    wrong = tally(night, contests=tally(night).contests[:1])
    assert outcome_code(night, wrong, DEVICE_KEYS[0]) == "WRONG_CONTESTS"
    assert outcome_code(night, tally(night, seq=2), DEVICE_KEYS[0]) == "counted"
    assert outcome_code(night, wrong, DEVICE_KEYS[0]) == "WRONG_CONTESTS"


def test_a_spare_is_held_once_the_primary_is_counted(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    before = total(night)
    assert outcome_code(night, spare_tally(night), DEVICE_KEYS[2]) == "SPARE"
    # Not a repeat of the primary's, though it has the same counts: it is another urn's.
    assert outcome_code(night, spare_tally(night, seq=2), DEVICE_KEYS[2]) == "SPARE"
    assert (total(night), night.fold.repeats) == (before, 0)


def test_a_primary_is_held_once_the_spare_is_counted(night: Night) -> None:
    assert outcome_code(night, spare_tally(night, votes=4), DEVICE_KEYS[2]) == "counted"
    before = total(night)
    assert outcome_code(night, tally(night, votes=5), DEVICE_KEYS[0]) == "SPARE"
    assert (total(night), night.fold.totals["KG", 1].cells) == (before, 1)
    assert outcome_code(night, spare_tally(night, votes=4, seq=2), DEVICE_KEYS[2]) == "repeat"


def test_a_spare_of_one_unit_says_nothing_about_another(night: Night) -> None:
    assert outcome_code(night, spare_tally(night), DEVICE_KEYS[2]) == "counted"
    assert outcome_code(night, tally(night, device=1, unit="201"), DEVICE_KEYS[1]) == "counted"


def test_a_remote_urn_counts_beside_the_primary() -> None:
    urns = (UrnAssignment("u2", (UnitAssignment("101", "remote"),)),)
    parts = [*small_parts()[:-1], ReportingDevice(bytes(32), "d2", DEVICE_KEYS[2].public_key, urns)]
    for order in ((0, 2), (2, 0)):
        night = night_of(parts)
        for device in order:
            assert outcome_code(night, tally(night, device=device, unit="101"), DEVICE_KEYS[device]) == "counted"
        assert night.fold.totals["101", 1].cells == 2


def test_a_remote_urn_leaves_the_spare_its_turn() -> None:
    """Whether a unit's own urn has reported is not for a remote one to say, in either order."""
    urns = (UrnAssignment("u1", (UnitAssignment("101", "remote"), UnitAssignment("201", "primary"))),)
    parts = small_parts()
    night_parts = [*parts[:-2], ReportingDevice(bytes(32), "d1", DEVICE_KEYS[1].public_key, urns), parts[-1]]
    for order in ((1, 2), (2, 1)):
        night = night_of(night_parts)
        for device in order:
            assert outcome_code(night, tally(night, device=device, unit="101"), DEVICE_KEYS[device]) == "counted"
        assert outcome_code(night, tally(night), DEVICE_KEYS[0]) == "SPARE"


def test_two_primary_urns_of_a_unit_are_both_counted() -> None:
    """And its registered voters are covered when the second is in, not before."""
    urns = (UrnAssignment("u2", (UnitAssignment("101", "primary"),)),)
    night = night_of([*small_parts()[:-1], ReportingDevice(bytes(32), "d2", DEVICE_KEYS[2].public_key, urns)])
    assert outcome_code(night, tally(night), DEVICE_KEYS[0]) == "counted"
    assert night.fold.totals["KG", 1].registered == 0
    assert outcome_code(night, tally(night, device=2, unit="101"), DEVICE_KEYS[2]) == "counted"
    assert (night.fold.totals["KG", 1].registered, night.fold.totals["A", 1].registered) == (100, 100)
