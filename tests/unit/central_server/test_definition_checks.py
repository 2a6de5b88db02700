"""A definition whose parts do not fit together is refused, with the place of the fault."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from central_server import definition_checks
from central_server.definition_checks import verify_definition
from ledger.errors import FormatError
from tests.unit.central_server.server_factory import small_definition

Change = Callable[[Any], object]


def refusal(change: Change) -> tuple[str, str]:
    definition = small_definition()
    change(definition)
    with pytest.raises(FormatError) as caught:
        verify_definition(json.dumps(definition).encode())
    return caught.value.code.removeprefix("DEFINITION_"), caught.value.message


def assignment(definition: Any, device: int) -> Any:
    return definition["devices"][device]["urns"][0]["units"][0]


def add_urn(definition: Any, device: int, urn: str, units: list[Any]) -> None:
    definition["devices"][device]["urns"].append({"urn": urn, "units": units})


def test_the_small_definition_passes() -> None:
    file = verify_definition(json.dumps(small_definition()).encode())
    assert [device.id for device in file.devices] == ["d0", "d1", "d2"]


def test_voters_are_counted_to_the_largest_number_that_readers_keep() -> None:
    """The sum of all units, each of which may be as large by itself."""
    definition = small_definition()
    precincts = [unit for unit in definition["units"] if unit["ballot"]]
    precincts[0]["registered_voters"], precincts[1]["registered_voters"] = 2**53 - 2, 1
    assert verify_definition(json.dumps(definition).encode())
    code, message = refusal(lambda d: [unit.update(registered_voters=2**52) for unit in d["units"] if unit["ballot"]])
    assert code == "TOO_MANY_VOTERS" and message.startswith("$.units: ") and str(2**53) in message


CASES: list[tuple[str, str, Change]] = [
    ("DUPLICATE", "$.vote_types[1]", lambda d: d.update(vote_types=["polls", "polls"])),
    ("DUPLICATE", "$.contests[1].number", lambda d: d["contests"][1].update(number=1)),
    ("DUPLICATE", "$.units[2].id", lambda d: d["units"][2].update(id="A")),
    ("DUPLICATE", "$.devices[1].id", lambda d: d["devices"][1].update(id="d0")),
    ("DUPLICATE", "$.devices[2].urns", lambda d: d["devices"][2]["urns"][0].update(urn="u0")),
    ("DUPLICATE", "$.devices[0].urns", lambda d: add_urn(d, 0, "u0", [assignment(d, 0)])),
    ("DUPLICATE", "units[1].unit", lambda d: d["devices"][0]["urns"][0]["units"].append(assignment(d, 0))),
    ("DUPLICATE", "contests[1]", lambda d: assignment(d, 0).update(contests=[1, 1])),
    ("UNKNOWN", "$.units[3].parent", lambda d: d["units"][3].update(parent="C")),
    ("UNKNOWN", "$.units[4].ballot[1].contest", lambda d: d["units"][4]["ballot"][1].update(contest=9)),
    ("UNKNOWN", "$.units[3].ballot[0].omitted", lambda d: d["units"][3]["ballot"][0].update(omitted=[7])),
    ("UNKNOWN", "$.devices[0].urns[0].units[0].unit", lambda d: assignment(d, 0).update(unit="999")),
    ("UNKNOWN", "$.devices[0].urns[0].units[0].contests", lambda d: assignment(d, 0).update(contests=[1, 3])),
    ("BAD_HIERARCHY", "$.units[1].parent", lambda d: d["units"][1].update(parent=None)),
    ("BAD_HIERARCHY", "$.units[0].parent", lambda d: d["units"][0].update(parent="A")),
    ("BAD_HIERARCHY", "$.units[1].parent", lambda d: d["units"][1].update(parent="A")),
    ("BAD_HIERARCHY", "$.units[4].parent", lambda d: d["units"][4].update(parent="101")),
    ("BAD_HIERARCHY", "$.units", lambda d: d["units"].append({**d["units"][0], "id": "KZ"})),
    ("BAD_BALLOT", "$.units[3].ballot", lambda d: d["units"][3].update(ballot=[])),
    ("BAD_BALLOT", "$.units[1].ballot", lambda d: d["units"][1].update(ballot=d["units"][3]["ballot"])),
    ("BAD_BALLOT", "ballot[0].omitted", lambda d: d["units"][3]["ballot"][0].update(omitted=[1, 2, 3])),
    ("BAD_BALLOT", "ballot[0].omitted", lambda d: d["units"][3]["ballot"][0].update(omitted=[1, 1])),
    ("BAD_BALLOT", "units[0].unit", lambda d: assignment(d, 0).update(unit="A")),
    ("NO_URN", "$.units[4]", lambda d: d["devices"].pop(1)),
    ("NO_URN", "$.units[3]", lambda d: assignment(d, 0).update(role="spare")),
    ("NO_URN", "$.units[3]", lambda d: assignment(d, 0).update(contests=[1])),
]


@pytest.mark.parametrize(("code", "place", "change"), CASES)
def test_what_does_not_fit_is_refused(code: str, place: str, change: Change) -> None:
    found, message = refusal(change)
    assert found == code
    assert place in message


def test_a_part_that_no_entry_could_hold_is_refused() -> None:
    def grow(definition: Any) -> None:
        long = {"ky": "я" * 480, "ru": "я" * 480, "en": "x" * 480}
        selections = [{"id": place, "name": long, "party": "", "kind": "candidate"} for place in range(1, 40)]
        definition["contests"][0]["selections"] = selections

    code, message = refusal(grow)
    assert (code, "contest 1" in message) == ("PART_TOO_LONG", True)


def test_what_the_fold_would_refuse_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last check is the fold's own: without the checks before it, its verdict still stands."""
    monkeypatch.setattr(definition_checks, "_check_hierarchy", lambda file: None)
    code, _ = refusal(lambda d: d["units"][0].update(parent="A"))
    assert code == "REFUSED"
