"""The election as the log defines it: who may sign what, when it is complete, and which cells it waits for."""

import msgspec
import pytest

from ledger.definition import Definition, Expected
from ledger.election import Part, ReportingDevice, UnitAssignment, UrnAssignment
from ledger.errors import ConflictError, SignatureError, UnjudgeableError
from ledger.primitives import PublicKey
from ledger.record import Body, parse_record, sign_record
from ledger.signing import Ed25519Signer
from tests.unit.ledger.definition_factory import election_of
from tests.unit.ledger.election_factory import (
    COMMISSION_KEY,
    DEVICE_KEYS,
    ELECTION_KEY,
    OFFICIAL_KEYS,
    PUBLISHER_KEY,
    small_election,
    small_night,
    small_parts,
)
from tests.unit.ledger.ruling_factory import every_body

STRANGER = Ed25519Signer(bytes([99]) * 32)


def definition_of(parts: list[Part]) -> Definition:
    election, logged = election_of(parts)
    definition = Definition()
    definition.add_election(election)
    for part in logged:
        definition.add_part(part)
    return definition


def bodies() -> dict[str, Body]:
    return every_body(small_night())


SIGNERS = {
    "election key": ELECTION_KEY,
    "publisher": PUBLISHER_KEY,
    "commission": COMMISSION_KEY,
    "official": OFFICIAL_KEYS[0],
    "device": DEVICE_KEYS[1],
    "stranger": STRANGER,
}
MAY_SIGN = {
    "election/1": "election key",
    "contest/1": "election key",
    "unit/1": "election key",
    "device/1": "election key",
    "authority/1": "election key",
    "succession/1": "election key",
    "opening/1": "device",
    "turnout/1": "device",
    "event/1": "device",
    "tally/1": "device",
    "return/1": "commission",
    "snapshot/1": "publisher",
}


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize("kind", MAY_SIGN)
def test_each_kind_has_its_signers_and_no_others(kind: str, signer: str) -> None:
    definition = small_night().fold.definition
    record = parse_record(sign_record(bodies()[kind], [SIGNERS[signer]]))
    if MAY_SIGN[kind] == signer:
        assert definition.signing_keys(record) == (SIGNERS[signer].public_key,)
    else:
        with pytest.raises(SignatureError) as caught:
            definition.signing_keys(record)
        assert caught.value.code == "UNKNOWN_KEY"


def test_before_the_election_only_its_own_record_has_a_key() -> None:
    definition = Definition()
    for kind, body in bodies().items():
        signers = OFFICIAL_KEYS[:2] if kind == "decision/1" else [SIGNERS[MAY_SIGN[kind]]]
        record = parse_record(sign_record(body, signers))
        if kind == "election/1":
            assert definition.signing_keys(record) == (ELECTION_KEY.public_key,)
        else:
            with pytest.raises(SignatureError):
                definition.signing_keys(record)


@pytest.mark.parametrize("order", [1, -1])
def test_it_is_complete_with_its_last_part_in_any_order(order: int) -> None:
    election, parts = small_election()
    definition = Definition()
    definition.add_election(election)
    for part in parts[::order]:
        assert not definition.complete
        definition.add_part(part)
    assert definition.complete
    with pytest.raises(ConflictError) as caught:
        definition.add_part(msgspec.structs.replace(parts[2], id="another"))
    assert caught.value.code == "PARTS_COMPLETE"


def test_other_parts_do_not_complete_it() -> None:
    """As many parts as there should be, but one is not the one that the election record commits to."""
    election, parts = small_election()
    definition = Definition()
    definition.add_election(election)
    for part in [*parts[:-1], msgspec.structs.replace(parts[-1], id="forged")]:
        definition.add_part(part)
    assert not definition.complete


def test_there_is_one_election_record() -> None:
    election, _ = small_election()
    definition = Definition()
    definition.add_election(election)
    with pytest.raises(ConflictError) as caught:
        definition.add_election(election)
    assert caught.value.code == "SECOND_ELECTION"


def test_another_fold_version_cannot_be_judged() -> None:
    election, _ = small_election()
    definition = Definition()
    with pytest.raises(UnjudgeableError) as caught:
        definition.add_election(msgspec.structs.replace(election, fold_version=2))
    assert caught.value.code == "UNKNOWN_FOLD_VERSION"
    assert definition.election is None


def device(key: Ed25519Signer, *urns: UrnAssignment) -> ReportingDevice:
    return ReportingDevice(bytes(32), "new", key.public_key, urns)


@pytest.mark.parametrize(
    "duplicate",
    [
        small_parts()[0],
        msgspec.structs.replace(small_parts()[2], parent="A"),
        device(DEVICE_KEYS[0], UrnAssignment("u9", (UnitAssignment("101", "primary"),))),
        device(STRANGER, UrnAssignment("u0", (UnitAssignment("101", "spare"),))),
        device(STRANGER, *[UrnAssignment("u9", (UnitAssignment(unit, "primary"),)) for unit in ("101", "201")]),
        device(STRANGER, UrnAssignment("u9", (UnitAssignment("101", "primary"), UnitAssignment("101", "spare")))),
    ],
    ids=["contest", "unit", "key", "urn of another", "urn twice", "unit twice"],
)
def test_nothing_is_defined_twice(duplicate: Part) -> None:
    """And the attempt leaves no trace: the definition is completed by what was to come."""
    election, parts = small_election()
    definition = Definition()
    definition.add_election(election)
    for part in parts[:-1]:
        definition.add_part(part)
    with pytest.raises(ConflictError) as caught:
        definition.add_part(duplicate)
    assert caught.value.code == "DUPLICATE_PART"
    definition.add_part(parts[-1])
    assert definition.complete
    assert definition.urns_of == {"101": ["u0", "u2"], "201": ["u1"]}


def test_a_ballot_leaves_out_what_the_unit_omits() -> None:
    definition = small_night().fold.definition
    assert definition.ballot(UnitAssignment("101", "primary")) == {1: (1, 2, 3), 2: (1, 2)}
    assert definition.ballot(UnitAssignment("101", "remote", (2,))) == {2: (1, 2)}


def test_units_know_what_is_above_them() -> None:
    definition = small_night().fold.definition
    assert definition.ancestry("101") == ("101", "A", "KG")
    assert definition.ancestry("KG") == ("KG",)


def test_votes_have_a_place_for_each_selection_and_vote_type() -> None:
    assert small_night().fold.definition.offsets(1) == {1: 0, 2: 2, 3: 4}


def test_an_urn_belongs_to_one_device() -> None:
    definition = small_night().fold.definition
    first, second = (PublicKey(key.public_key).key_id for key in DEVICE_KEYS[:2])
    assert definition.urn_units(first, "u0") == ("101",)
    assert definition.urn_units(second, "u0") == ()
    assert definition.assignment(second, "u0", "101") is None


def test_idle_spares_are_not_waited_for() -> None:
    expected = small_night().fold.definition.expected
    assert expected["101", 1] == expected["A", 2] == Expected(1, 100)
    assert expected["KG", 1] == Expected(2, 300)


def test_remote_urns_are_waited_for_in_the_contests_that_they_serve() -> None:
    """And a precinct's registered voters are counted once, however many urns it has."""
    parts = small_parts()
    urns = [
        UrnAssignment("u8", (UnitAssignment("101", "remote", (1,)), UnitAssignment("201", "remote", (1,)))),
        UrnAssignment("u9", (UnitAssignment("101", "primary"),)),
    ]
    definition = definition_of([*parts, device(STRANGER, *urns)])
    assert definition.expected["101", 1] == Expected(3, 100)
    assert definition.expected["101", 2] == Expected(2, 100)
    assert definition.expected["KG", 1] == Expected(5, 300)
    assert definition.expected["KG", 2] == Expected(3, 300)


def test_a_roll_that_is_not_known_counts_as_nobody() -> None:
    parts = small_parts()
    parts[5] = msgspec.structs.replace(parts[5], registered_voters=None)
    definition = definition_of(parts)
    assert definition.expected["101", 1] == Expected(1, 0)
    assert definition.expected["KG", 1] == Expected(2, 200)
