"""Parts that do not fit one another never become an election, even though the election authority signed them."""

from collections.abc import Callable

import pytest
from msgspec import structs

from ledger.definition_check import check_parts
from ledger.election import BallotContest, Contest, ReportingDevice, ReportingUnit, UnitAssignment, UrnAssignment
from ledger.errors import FormatError, SignatureError
from ledger.record import parse_record, sign_record
from tests.unit.ledger.definition_factory import night_of
from tests.unit.ledger.election_factory import DEVICE_KEYS, small_election, small_night, small_parts, tally

Units = dict[str, ReportingUnit]
Assignments = list[UnitAssignment]


def small() -> tuple[dict[int, Contest], Units, Assignments]:
    parts = small_parts()
    contests = {part.number: part for part in parts if isinstance(part, Contest)}
    units = {part.id: part for part in parts if isinstance(part, ReportingUnit)}
    devices = [part for part in parts if isinstance(part, ReportingDevice)]
    return contests, units, [unit for device in devices for urn in device.urns for unit in urn.units]


def change_unit(name: str, **changes: object) -> Callable[[Units, Assignments], None]:
    def change(units: Units, _: Assignments) -> None:
        units[name] = structs.replace(units[name], **changes)

    return change


def assign(*assignments: UnitAssignment) -> Callable[[Units, Assignments], None]:
    def change(_: Units, listed: Assignments) -> None:
        listed[:] = assignments

    return change


PRIMARY_OF_101 = UnitAssignment("101", "primary")
PRIMARY_OF_201 = UnitAssignment("201", "primary")


def test_the_small_election_fits() -> None:
    """So that each case below fails for its own fault."""
    check_parts(*small())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_unit("A", parent=None), "here 2 have"),
        (change_unit("A", parent="A"), "do not end in a country"),
        (change_unit("B", parent="101"), "unit B: precinct 101 is above it"),
        (change_unit("201", parent="101"), "unit 201: precinct 101 is above it"),
        (change_unit("A", parent="nowhere"), "do not end in a country"),
        (change_unit("A", ballot=(BallotContest(1),)), "precincts have a ballot"),
        (change_unit("101", ballot=()), "precincts have a ballot"),
        (change_unit("101", ballot=(BallotContest(9),)), "no contest 9"),
        (change_unit("101", ballot=(BallotContest(1, (9,)),)), "omits what it lacks"),
        (change_unit("101", ballot=(BallotContest(1, (1, 1)),)), "omits what it lacks"),
        (change_unit("101", ballot=(BallotContest(1, (1, 2, 3)),)), "no selection left"),
        (assign(UnitAssignment("999", "primary")), "not defined"),
        (assign(PRIMARY_OF_101, PRIMARY_OF_201, UnitAssignment("A", "primary")), "unit A, which has no ballot"),
        (assign(UnitAssignment("101", "remote"), UnitAssignment("101", "spare"), PRIMARY_OF_201), "a spare has its co"),
        (
            assign(
                UnitAssignment("101", "primary", (1,)),
                UnitAssignment("101", "remote"),
                UnitAssignment("101", "spare"),
                PRIMARY_OF_201,
            ),
            "unit 101: a spare has its contest 2",
        ),
        (assign(UnitAssignment("101", "primary", (9,)), PRIMARY_OF_201), "not on the ballot of unit 101"),
        (assign(UnitAssignment("101", "primary", (2, 1)), PRIMARY_OF_201), "not distinct and ascending"),
        (assign(UnitAssignment("101", "spare"), PRIMARY_OF_201), "unit 101: no primary or remote"),
        (assign(UnitAssignment("101", "primary", (1,)), PRIMARY_OF_201), "its contest 2"),
    ],
)
def test_a_fault_is_named(change: Callable[[Units, Assignments], None], words: str) -> None:
    """Each rule has a case that breaks it alone."""
    contests, units, assignments = small()
    change(units, assignments)
    with pytest.raises(FormatError, match=words) as caught:
        check_parts(contests, units, assignments)
    assert caught.value.code == "BROKEN_PARTS"


def test_levels_are_bounded() -> None:
    """Whoever walks up from a precinct arrives soon."""
    contests, units, assignments = small()
    above = "KG"
    for level in range(9):
        units[f"level-{level}"] = structs.replace(units["A"], id=f"level-{level}", parent=above)
        above = f"level-{level}"
    check_parts(contests, units, assignments)
    units["A"] = structs.replace(units["A"], parent=above)
    with pytest.raises(FormatError, match="do not end in a country"):
        check_parts(contests, units, assignments)


def test_another_key_cannot_sign_an_election_record_of_this_log() -> None:
    """Every election record names a key for itself; only the first one in a log is believed."""
    night = small_night()
    election = structs.replace(small_election()[0], election_key=bytes(DEVICE_KEYS[0].public_key))
    with pytest.raises(SignatureError) as caught:
        night.fold.definition.signing_keys(parse_record(sign_record(election, [DEVICE_KEYS[0]])))
    assert caught.value.code == "UNKNOWN_KEY"


def test_a_second_spare_waits_for_the_first() -> None:
    """One spare urn stands in for a unit; two would count its voters twice."""
    parts = small_parts()
    lines = (UnitAssignment("201", "primary"), UnitAssignment("101", "spare"))
    parts[8] = structs.replace(parts[8], urns=(UrnAssignment("u1", lines),))
    night = night_of(parts)
    assert night.say(tally(night, 2), DEVICE_KEYS[2]).status == "counted"
    assert night.say(tally(night, 1), DEVICE_KEYS[1]).code == "SPARE"
