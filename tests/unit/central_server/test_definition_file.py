"""The definition file is read strictly, and each fault is named with its place."""

import json
from typing import Any

import pytest

from central_server.definition_file import parse_definition_file
from ledger.election import Contest, ReportingDevice, ReportingUnit
from ledger.errors import FormatError
from ledger.primitives import PublicKey
from tests.unit.central_server.server_factory import small_definition
from tests.unit.ledger.election_factory import DEVICE_KEYS, small_parts


def refusal(data: bytes) -> FormatError:
    with pytest.raises(FormatError) as caught:
        parse_definition_file(data)
    return caught.value


def changed(path: list[str | int], value: Any) -> bytes:
    """The small definition with one place replaced."""
    definition = small_definition()
    place: Any = definition
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(definition).encode()


def test_parts_are_those_that_the_file_describes() -> None:
    file = parse_definition_file(json.dumps(small_definition()).encode())
    keys = {f"d{place}": signer.public_key for place, signer in enumerate(DEVICE_KEYS)}
    election_id = bytes(range(32))
    parts = file.parts(election_id, keys)
    expected = small_parts(election_id)
    assert [part for part in parts if isinstance(part, Contest | ReportingDevice)] == [
        part for part in expected if isinstance(part, Contest | ReportingDevice)
    ]
    assert [part.id for part in parts if isinstance(part, ReportingUnit)] == ["KG", "A", "B", "101", "201"]


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (["format"], "tunuk-definition/2", "$.format"),
        (["authority"], "CEC", "$.authority"),
        (["date"], "2027-02-30", "day is out of range"),
        (["utc_offset"], "+15:00", "$.utc_offset"),
        (["polls_close"], -1, "$.polls_close"),
        (["polls_close"], "soon", "$.polls_close"),
        (["polls_close"], 1.5, "$.polls_close"),
        (["polls_close"], True, "$.polls_close"),
        (["vote_types"], [], "$.vote_types"),
        (["contests", 1, "votes_allowed"], 0, "$.contests[1].votes_allowed"),
        (["contests", 0, "selections", 2, "id"], 1, "$.contests[0]"),
        (["contests", 0, "selections", 0, "kind"], "hero", "$.contests[0].selections[0].kind"),
        (["contests", 0, "office"], " ", "$.contests[0]"),
        (["contests", 0, "title", "ky"], "e\u0301", "$.contests[0].title"),
        (["units", 3, "ballot"], [{"contest": 2, "omitted": []}, {"contest": 1, "omitted": []}], "$.units[3]"),
        (["units", 3, "registered_voters"], -5, "$.units[3].registered_voters"),
        (["units", 0, "id"], "a b", "$.units[0].id"),
        (["units", 0, "type"], "planet", "$.units[0].type"),
        (["devices", 0, "urns"], [], "$.devices[0].urns"),
        (["devices", 0, "urns", 0, "units"], [], "$.devices[0].urns[0].units"),
        (["devices", 0, "urns", 0, "units", 0, "role"], "king", "$.devices[0].urns[0].units[0].role"),
        (["devices", 0, "urns", 0, "units", 0, "contests"], [], "$.devices[0].urns[0].units[0].contests"),
    ],
)
def test_a_wrong_field_is_named_with_its_place(path: list[str | int], value: Any, place: str) -> None:
    error = refusal(changed(path, value))
    assert error.code == "DEFINITION_BAD_FIELD"
    assert place in error.message


@pytest.mark.parametrize("path", [["units", 1], ["contests", 0, "selections", 0], ["devices", 1, "urns", 0], []])
def test_unknown_and_missing_fields_are_refused(path: list[str | int]) -> None:
    """A misspelt field would otherwise be an absent one."""
    for is_unknown in (True, False):
        definition = small_definition()
        place: Any = definition
        for step in path:
            place = place[step]
        if is_unknown:
            place["extra"] = 1
        else:
            place.popitem()
        assert refusal(json.dumps(definition).encode()).code == "DEFINITION_BAD_FIELD"


def test_a_name_twice_is_refused() -> None:
    text = json.dumps(small_definition())
    error = refusal(text.replace('"date": "2027-01-24"', '"date": "2027-01-24", "date": "2027-01-25"').encode())
    assert (error.code, "'date'" in error.message) == ("DEFINITION_NAME_TWICE", True)


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe", b'{"a": 1} x'])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    assert refusal(data).code == "DEFINITION_NOT_JSON"


def test_a_file_beyond_all_bounds_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("central_server.definition_file.MAX_DEFINITION", 10)
    assert refusal(b"{}" * 6).code == "DEFINITION_TOO_LONG"


def test_device_parts_take_the_keys_given() -> None:
    file = parse_definition_file(json.dumps(small_definition()).encode())
    keys = {f"d{place}": PublicKey(bytes([place]) * 32) for place in range(3)}
    devices = [part for part in file.parts(bytes(32), keys) if isinstance(part, ReportingDevice)]
    assert [device.public_key for device in devices] == [bytes([place]) * 32 for place in range(3)]
