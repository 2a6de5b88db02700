"""Parts that the election authority signed, and that do not fit one another, never make a complete election."""

import msgspec
import pytest

from ledger.election import Part, ReportingUnit, UnitAssignment, UrnAssignment
from tests.unit.ledger.definition_factory import night_of
from tests.unit.ledger.election_factory import DEVICE_KEYS, small_parts, tally


def broken(place: int, **changes: object) -> list[Part]:
    parts = small_parts()
    parts[place] = msgspec.structs.replace(parts[place], **changes)
    return parts


def with_urn(*assignments: UnitAssignment) -> list[Part]:
    return broken(7, urns=(UrnAssignment("u0", assignments),))


PRECINCT = small_parts()[5]
BALLOT = PRECINCT.ballot if isinstance(PRECINCT, ReportingUnit) else ()


@pytest.mark.parametrize(
    "parts",
    [
        broken(3, parent="nowhere"),
        broken(3, parent="101"),
        broken(3, parent="A"),
        broken(3, parent=None),
        [*small_parts()[:2], *small_parts()[7:]],
        broken(5, ballot=(*BALLOT, msgspec.structs.replace(BALLOT[0], contest=9))),
        broken(5, ballot=(msgspec.structs.replace(BALLOT[0], omitted=(9,)),)),
        broken(5, ballot=(msgspec.structs.replace(BALLOT[0], omitted=(3, 3)),)),
        broken(5, ballot=(msgspec.structs.replace(BALLOT[0], omitted=(1, 2, 3)),)),
        with_urn(UnitAssignment("999", "primary")),
        with_urn(UnitAssignment("A", "primary")),
        with_urn(UnitAssignment("101", "primary", (1, 9))),
    ],
    ids=[
        "no such unit above", "a circle", "itself above", "two countries", "no country", "no such contest",
        "omits what it lacks", "omits twice", "omits all", "no such unit", "unit without ballot", "not on the ballot",
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_never_complete(parts: list[Part]) -> None:
    """The authority signed them; the fold holds the last one and admits nothing from devices."""
    night = night_of(parts)
    assert not night.fold.definition.complete
    assert [held.code for held in night.fold.held] == ["BROKEN_PARTS"]
    assert night.say(tally(night), DEVICE_KEYS[0]).code == "PARTS_INCOMPLETE"
