"""Acts of authority over keys, devices and chains, each refusal beside what it just lets through."""

import msgspec
import pytest

from ledger.election import RoleKey
from ledger.errors import SignatureError
from ledger.primitives import PublicKey
from ledger.rulings import Authority
from ledger.signing import Ed25519Signer
from tests.unit.ledger.election_factory import (
    COMMISSION_KEY,
    DEVICE_KEYS,
    ELECTION_KEY,
    OFFICIAL_KEYS,
    POLLS_OPEN,
    PUBLISHER_KEY,
    Night,
    small_election,
    small_night,
    tally,
)
from tests.unit.ledger.ruling_factory import (
    NEW_KEY,
    OFFICIALS,
    act,
    decision,
    key_id,
    leaf,
    other_chain,
    replacement,
    returned,
    snapshot,
)


@pytest.fixture
def night() -> Night:
    return small_night()


def do(night: Night, body: Authority, alone: bool = True) -> str:
    outcome = night.say(body, *([ELECTION_KEY] if alone else OFFICIALS))
    return outcome.code or outcome.status


def new_official(holder: str = "o3") -> RoleKey:
    return RoleKey("official", holder, NEW_KEY.public_key)


def test_a_granted_official_decides_with_another_person(night: Night) -> None:
    body = decision(night, "out_of_use", urn="u1")
    with pytest.raises(SignatureError):
        night.say(body, OFFICIAL_KEYS[0], NEW_KEY)
    assert do(night, act(night, "grant_role", role=new_official())) == "applied"
    assert night.say(body, OFFICIAL_KEYS[0], NEW_KEY).status == "applied"


def test_a_granted_key_is_still_its_holders(night: Night) -> None:
    do(night, act(night, "grant_role", role=new_official("o1")))
    with pytest.raises(SignatureError) as caught:
        night.say(decision(night, "out_of_use", urn="u1"), OFFICIAL_KEYS[0], NEW_KEY)
    assert caught.value.code == "ONE_PERSON"
    assert night.say(decision(night, "out_of_use", urn="u1"), OFFICIAL_KEYS[1], NEW_KEY).status == "applied"


@pytest.mark.parametrize("named", [DEVICE_KEYS[0], PUBLISHER_KEY, OFFICIAL_KEYS[2]])
def test_a_key_is_named_once(night: Night, named: object) -> None:
    role = msgspec.structs.replace(new_official(), public_key=bytes(named.public_key))  # type: ignore[attr-defined]
    assert do(night, act(night, "grant_role", role=role)) == "KEY_ALREADY_NAMED"
    assert do(night, act(night, "grant_role", role=new_official())) == "applied"
    assert do(night, act(night, "grant_role", role=new_official("o4"))) == "KEY_ALREADY_NAMED"


def test_a_key_that_proves_nothing_is_not_named(night: Night) -> None:
    role = msgspec.structs.replace(new_official(), public_key=bytes(32))
    assert do(night, act(night, "grant_role", role=role)) == "UNSOUND_KEY"
    assert do(night, act(night, "grant_role", role=new_official())) == "applied"


def test_nothing_that_a_revoked_official_signs_takes_effect(night: Night) -> None:
    """The key is known, so that the record verifies: it is logged and held."""
    assert do(night, act(night, "revoke_key", key_id=key_id(OFFICIAL_KEYS[0]))) == "applied"
    outcome = night.say(decision(night, "out_of_use", urn="u1"), *OFFICIALS)
    assert (outcome.code, night.fold.out_of_use) == ("REVOKED_KEY", set())
    assert do(night, act(night, "succeed_chain", chain=other_chain()), alone=False) == "REVOKED_KEY"
    other = [OFFICIAL_KEYS[2], OFFICIAL_KEYS[1]]
    assert night.say(decision(night, "out_of_use", urn="u1"), *other).status == "applied"


def test_snapshots_and_returns_of_revoked_keys_are_held(night: Night) -> None:
    for key in (PUBLISHER_KEY, COMMISSION_KEY):
        assert do(night, act(night, "revoke_key", key_id=key_id(key))) == "applied"
    assert night.say(snapshot(night), PUBLISHER_KEY).code == "REVOKED_KEY"
    assert night.say(returned(night), COMMISSION_KEY).code == "REVOKED_KEY"
    assert (night.fold.snapshots, night.fold.returns, night.fold.clock) == (0, {}, None)


def test_only_a_key_in_force_is_revoked(night: Night) -> None:
    for stranger in (NEW_KEY, ELECTION_KEY):
        assert do(night, act(night, "revoke_key", key_id=key_id(stranger))) == "NO_SUCH_KEY"
    assert do(night, act(night, "revoke_key", key_id=key_id(DEVICE_KEYS[0]))) == "applied"
    assert do(night, act(night, "revoke_key", key_id=key_id(DEVICE_KEYS[0]))) == "NO_SUCH_KEY"


def replace(night: Night, **changes: object) -> Authority:
    device = msgspec.structs.replace(replacement(night), **changes)
    return act(night, "replace_device", key_id=key_id(DEVICE_KEYS[0]), device=device)


def test_a_replaced_device_speaks_no_more_and_its_successor_does(night: Night) -> None:
    assert do(night, replace(night)) == "applied"
    assert night.say(tally(night), DEVICE_KEYS[0]).code == "REVOKED_KEY"
    late = leaf(night)
    assert night.say(tally(night, votes=6), NEW_KEY).status == "counted"
    assert night.fold.gaps == []
    assert night.fold.definition.urn_units(PublicKey(NEW_KEY.public_key).key_id, "u0") == ("101",)
    live = night.fold.live["u0", "101"].leaf_hash
    assert night.say(decision(night, "correct", late, supersedes=live), *OFFICIALS).status == "applied"


def test_equal_counts_from_the_successor_are_a_repeat(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    do(night, replace(night))
    assert night.say(tally(night), NEW_KEY).status == "repeat"
    assert night.say(tally(night, seq=2), DEVICE_KEYS[0]).status == "repeat"


def test_a_device_is_replaced_once(night: Night) -> None:
    assert do(night, replace(night)) == "applied"
    third = bytes(Ed25519Signer(bytes([71]) * 32).public_key)
    assert do(night, replace(night, public_key=third)) == "NO_SUCH_KEY"
    again = act(
        night, "replace_device", key_id=key_id(NEW_KEY),
        device=msgspec.structs.replace(replacement(night), public_key=third),
    )  # fmt: skip
    assert do(night, again) == "applied"


def test_a_revoked_device_can_be_replaced(night: Night) -> None:
    do(night, act(night, "revoke_key", key_id=key_id(DEVICE_KEYS[0])))
    assert do(night, replace(night)) == "applied"
    assert night.say(tally(night), NEW_KEY).status == "counted"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"public_key": bytes(DEVICE_KEYS[1].public_key)}, "KEY_ALREADY_NAMED"),
        ({"public_key": bytes(DEVICE_KEYS[0].public_key)}, "KEY_ALREADY_NAMED"),
        ({"public_key": bytes(PUBLISHER_KEY.public_key)}, "KEY_ALREADY_NAMED"),
        ({"public_key": bytes(32)}, "UNSOUND_KEY"),
        ({"urns": small_election()[1][8].urns}, "NOT_AMENDABLE"),  # type: ignore[union-attr]  # a device
        ({"election_id": bytes(32)}, "NOT_AMENDABLE"),
        ({"id": "d1"}, "NOT_AMENDABLE"),
        ({"id": "d0"}, "applied"),
    ],
)
def test_the_successor_is_new_and_serves_the_same(night: Night, changes: dict[str, object], code: str) -> None:
    assert do(night, replace(night, **changes)) == code
    assert night.say(tally(night), DEVICE_KEYS[0]).code == ("REVOKED_KEY" if code == "applied" else "")


def test_an_unknown_device_cannot_be_replaced(night: Night) -> None:
    body = act(night, "replace_device", key_id=key_id(PUBLISHER_KEY), device=replacement(night))
    assert do(night, body) == "NO_SUCH_KEY"


def test_a_succeeded_chain_is_pinned_beside_the_first(night: Night) -> None:
    assert do(night, act(night, "succeed_chain", chain=other_chain())) == "applied"
    assert [pins.contract for pins in night.fold.definition.chains] == [bytes(20), bytes([1]) * 20]


def test_once_the_polls_are_open_it_takes_two_officials(night: Night) -> None:
    night.say(snapshot(night, POLLS_OPEN - 1), PUBLISHER_KEY)
    assert do(night, act(night, "succeed_chain", chain=other_chain(1))) == "applied"
    night.say(snapshot(night, POLLS_OPEN), PUBLISHER_KEY)
    assert do(night, act(night, "succeed_chain", chain=other_chain(2))) == "POLLS_ARE_OPEN"
    assert do(night, act(night, "succeed_chain", chain=other_chain(2)), alone=False) == "applied"


def test_a_clock_that_is_set_back_gives_the_election_key_nothing_back(night: Night) -> None:
    night.say(snapshot(night, POLLS_OPEN), PUBLISHER_KEY)
    night.say(snapshot(night, POLLS_OPEN - 10), PUBLISHER_KEY)
    assert do(night, act(night, "succeed_chain", chain=other_chain())) == "POLLS_ARE_OPEN"


def test_two_keys_of_one_person_have_no_authority(night: Night) -> None:
    with pytest.raises(SignatureError) as caught:
        night.say(act(night, "succeed_chain", chain=other_chain()), OFFICIAL_KEYS[0], OFFICIAL_KEYS[2])
    assert caught.value.code == "ONE_PERSON"


def test_an_act_waits_for_the_parts() -> None:
    night = small_night(parts_left_out=1)
    assert do(night, act(night, "succeed_chain", chain=other_chain())) == "PARTS_INCOMPLETE"
    assert do(night, act(night, "succeed_chain", chain=other_chain()), alone=False) == "PARTS_INCOMPLETE"


def test_each_act_that_took_effect_is_published(night: Night) -> None:
    parts = small_election()[1]
    bodies = [
        act(night, "grant_role", role=new_official()),
        act(night, "revoke_key", key_id=key_id(PUBLISHER_KEY)),
        act(night, "revoke_key", key_id=key_id(PUBLISHER_KEY)),
        act(night, "replace_device", key_id=key_id(DEVICE_KEYS[0]), device=replacement(night, 0, DEVICE_KEYS[1])),
        act(night, "succeed_chain", chain=other_chain()),
        act(night, "amend_contest", contest=parts[0]),
        act(night, "amend_unit", unit=parts[5]),
    ]
    for body in bodies:
        do(night, body)
    assert [(ruled.index, ruled.action, ruled.subject) for ruled in night.fold.rulings] == [
        (11, "grant_role", "o3"), (12, "revoke_key", key_id(PUBLISHER_KEY).hex()), (15, "succeed_chain", ""),
        (16, "amend_contest", "1"), (17, "amend_unit", "101"),
    ]  # fmt: skip
