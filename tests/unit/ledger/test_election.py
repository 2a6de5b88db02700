"""The election's record and parts: their bounds, the id, and the root that holds the parts together."""

import hashlib

import msgpack
import msgspec
import pytest

from ledger.canonical import decode, encode
from ledger.election import (
    BallotContest,
    Contest,
    ContestSelection,
    Election,
    ReportingDevice,
    ReportingUnit,
    UnitAssignment,
    UrnAssignment,
    part_hash,
    parts_root,
)
from ledger.errors import FormatError
from ledger.merkle import EMPTY_ROOT
from ledger.words import Words
from tests.unit.ledger.election_factory import small_election, small_parts, words


def refused(value: object) -> None:
    """A struct that could be built in memory, and must not come in from outside."""
    with pytest.raises(FormatError):
        decode(type(value), encode(value))


def test_the_election_id_is_the_hash_of_the_body() -> None:
    election, _ = small_election()
    assert election.election_id == hashlib.sha256(encode(election)).digest()
    assert election.origin() == f"cec.example/{election.election_id.hex()}/1"
    assert election.origin(2).endswith("/2")


def test_a_rehearsal_is_another_election() -> None:
    election, _ = small_election()
    rehearsal = msgspec.structs.replace(election, salt=bytes(15) + b"\x01")
    assert rehearsal.election_id != election.election_id


@pytest.mark.parametrize(
    "change",
    [
        {"election_key": bytes(31)},
        {"authority": "CEC.example"},
        {"authority": "cec example"},
        {"authority": "cec/example"},
        {"authority": ""},
        {"authority": "a" * 64},
        {"date": "2027-1-24"},
        {"date": "2027-01-24\n"},
        {"utc_offset": "06:00"},
        {"polls_close": -1},
        {"polls_close": 253_402_300_800},
        {"vote_types": ()},
        {"vote_types": tuple(f"t{number}" for number in range(9))},
        {"vote_types": ("in person",)},
        {"roles": ()},
        {"salt": bytes(15)},
        {"parts_root": bytes(33)},
        {"title": "Election"},
    ],
)
def test_an_election_out_of_bounds_is_refused(change: dict[str, object]) -> None:
    election, _ = small_election()
    refused(msgspec.structs.replace(election, **change))


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (7, [1, 2], [2, 1]),
        (7, [1, 2], [1, 1]),
        (9, ["a", "b"], ["a", "a"]),
        (12, [["official", "a", bytes(32)]], [["official", "a", bytes(32)], ["publisher", "b", bytes(32)]]),
    ],
    ids=["times descend", "a time twice", "a vote type twice", "a key with two roles"],
)
def test_lists_of_an_election_name_each_thing_once(place: int, good: object, bad: object) -> None:
    body = msgpack.unpackb(encode(small_election()[0]))
    body[place] = good
    assert isinstance(decode(Election, msgpack.packb(body)), Election)
    body[place] = bad
    with pytest.raises(FormatError):
        decode(Election, msgpack.packb(body))


def test_a_role_that_nobody_knows_is_refused() -> None:
    election, _ = small_election()
    body = msgpack.unpackb(encode(election))
    assert body[12][0][0] == "publisher"
    body[12][0][0] = "auditor"
    with pytest.raises(FormatError):
        decode(Election, msgpack.packb(body))


@pytest.mark.parametrize("ids", [(), (2, 1), (1, 1), (1, 2, 2)])
def test_selections_are_distinct_and_ascending(ids: tuple[int, ...]) -> None:
    contest = small_parts()[0]
    body = msgpack.unpackb(encode(contest))
    body[6] = [[number, ["S", "S", "S"], "", "candidate"] for number in ids]
    with pytest.raises(FormatError):
        decode(Contest, msgpack.packb(body))


@pytest.mark.parametrize("numbers", [(2, 1), (1, 1)])
def test_contests_on_a_ballot_are_distinct_and_ascending(numbers: tuple[int, ...]) -> None:
    body = [bytes(32), "101", "precinct", ["N", "N", "N"], None, None, [[number, []] for number in numbers]]
    with pytest.raises(FormatError):
        decode(ReportingUnit, msgpack.packb(body))


@pytest.mark.parametrize("text", ["e\u0301", " blank", "line\nbreak", "a" * 501])
def test_texts_for_people_are_nfc_and_bounded(text: str) -> None:
    """In all three languages, and in the fields that have one."""
    for place in range(3):
        texts = ["a", "a", "a"]
        texts[place] = text
        with pytest.raises(FormatError):
            decode(Words, msgpack.packb(texts))
    with pytest.raises(FormatError):
        decode(ContestSelection, msgpack.packb([1, ["a", "a", "a"], text, "candidate"]))
    for place in (3, 4):
        body = msgpack.unpackb(encode(small_parts()[0]))
        body[place] = text
        with pytest.raises(FormatError):
            decode(Contest, msgpack.packb(body))


def test_lists_are_bounded() -> None:
    selection = ContestSelection(1, words("S"), "", "candidate")
    selections = tuple(msgspec.structs.replace(selection, id=number) for number in range(501))
    refused(Contest(bytes(32), 1, words("C"), "", "", 1, selections))
    refused(Contest(bytes(32), 1, words("C"), "", "", 0, (selection,)))
    ballot = tuple(BallotContest(number) for number in range(501))
    refused(ReportingUnit(bytes(32), "1", "precinct", words("U"), None, None, ballot))
    assignment = UnitAssignment("1", "primary")
    refused(ReportingDevice(bytes(32), "d", bytes(32), (UrnAssignment("u", (assignment,) * 101),)))
    refused(ReportingDevice(bytes(32), "d", bytes(32), (UrnAssignment("u", (assignment,)),) * 101))
    refused(ReportingDevice(bytes(32), "d", bytes(32), ()))
    refused(ReportingDevice(bytes(32), "d", bytes(32), (UrnAssignment("u", ()),)))
    refused(UnitAssignment("1", "primary", ()))


@pytest.mark.independent
def test_a_part_is_hashed_without_the_election_id() -> None:
    """RFC 6962 leaf over [kind, body without its first field], as another MessagePack writes it."""
    parts = small_parts()
    for part, kind in ((parts[0], "contest/1"), (parts[2], "unit/1"), (parts[-1], "device/1")):
        body = msgpack.unpackb(encode(part))
        assert body[0] == bytes(32)
        expected = hashlib.sha256(b"\x00" + msgpack.packb([kind, body[1:]])).digest()
        assert part_hash(part) == expected
        assert part_hash(msgspec.structs.replace(part, election_id=bytes([1]) * 32)) == expected


@pytest.mark.independent
def test_the_root_of_three_parts_by_hand() -> None:
    hashes = [part_hash(part) for part in small_parts()[:3]]
    one, two, three = sorted(hashes)

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    assert parts_root(hashes) == node(node(one, two), three) == parts_root(hashes[::-1])
    assert parts_root([]) == EMPTY_ROOT


def test_every_field_of_a_part_is_in_its_hash() -> None:
    parts = small_parts()
    changes: list[tuple[int, dict[str, object]]] = [
        (0, {"number": 9}),
        (0, {"title": words("T")}),
        (0, {"office": "O"}),
        (0, {"district": "D"}),
        (0, {"votes_allowed": 2}),
        (0, {"selections": ()}),
        (5, {"id": "102"}),
        (5, {"type": "county"}),
        (5, {"parent": "B"}),
        (5, {"registered_voters": 101}),
        (5, {"ballot": ()}),
        (7, {"id": "x"}),
        (7, {"public_key": bytes(32)}),
        (7, {"urns": ()}),
    ]
    for place, change in changes:
        assert part_hash(msgspec.structs.replace(parts[place], **change)) != part_hash(parts[place]), change
