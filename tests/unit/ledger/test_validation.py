"""Rules as data: what a comparison of sums says, when it is asked, and which rules there cannot be."""

import msgpack
import pytest
from msgspec import structs

from ledger.canonical import decode, encode
from ledger.errors import FormatError
from ledger.validation import Relation, Rule, Scope, Term, Values, breaks
from tests.unit.ledger.election_factory import (
    COMMISSION_KEY,
    DEVICE_KEYS,
    PUBLISHER_KEY,
    small_election,
    small_night,
    tally,
    words,
)
from tests.unit.ledger.ruling_factory import returned, snapshot

PLAIN = Rule("W.100", "contest", None, (Term(1, "votes"),), "<=", (Term(1, "ballots"),), words("no"))


def rule(relation: Relation, left: int, right: int) -> Rule:
    """``left`` times one against ``right`` times one."""
    terms = (Term(left, "one"),), (Term(right, "one"),)
    return structs.replace(PLAIN, relation=relation, left=terms[0], right=terms[1])


@pytest.mark.parametrize(
    ("relation", "holds"), [("=", (False, True, False)), ("<=", (True, True, False)), ("<", (True, False, False))]
)
def test_a_relation_holds_or_is_broken(relation: Relation, holds: tuple[bool, ...]) -> None:
    """Of 4 and 5, of 5 and 5, of 6 and 5."""
    assert [not breaks(rule(relation, left, 5), {}) for left in (4, 5, 6)] == list(holds)


def test_terms_are_added_up_with_their_factors() -> None:
    left = (Term(2, "votes"), Term(3, "undervotes"), Term(1, "one"))
    summed = structs.replace(PLAIN, relation="=", left=left)
    assert not breaks(summed, {"votes": 5, "undervotes": 7, "ballots": 32})
    assert breaks(summed, {"votes": 5, "undervotes": 7, "ballots": 31})


@pytest.mark.parametrize("values", [{}, {"votes": 9}, {"ballots": 1}, {"votes": 9, "ballots": None}])
def test_what_is_not_known_is_not_asked(values: Values) -> None:
    assert not breaks(PLAIN, values)
    assert breaks(PLAIN, {"votes": 9, "ballots": 1})


def test_a_rule_is_asked_where_its_condition_is_not_zero() -> None:
    conditional = structs.replace(PLAIN, where="undervotes")
    broken = {"votes": 9, "ballots": 1}
    assert [breaks(conditional, {**broken, "undervotes": count}) for count in (None, 0, 1)] == [False, False, True]
    assert not breaks(conditional, broken)
    assert breaks(structs.replace(PLAIN, where="one"), broken)


@pytest.mark.parametrize("scope", ["clock", "return"])
def test_what_is_judged_afterwards_cannot_hold(scope: str) -> None:
    """By then the tally counts."""
    raw = msgpack.unpackb(encode(PLAIN))
    with pytest.raises(FormatError):
        decode(Rule, msgpack.packb(["F.100", scope, *raw[2:]]))
    assert decode(Rule, encode(structs.replace(PLAIN, code="W.100", scope=scope))).scope == scope


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "X.100"), (0, "W.1000"), (0, "W.10"), (0, "W.100\n"), (1, "night"), (2, "mood"), (3, []), (4, ">"),
        (5, [[1, "votes"]] * 17), (3, [[0, "votes"]]), (3, [[1_000_001, "votes"]]), (3, [[1, "mood"]]), (6, ["a", "b"]),
    ],
)  # fmt: skip
def test_a_rule_out_of_bounds_is_refused(place: int, value: object) -> None:
    raw = msgpack.unpackb(encode(PLAIN))
    raw[place] = value
    with pytest.raises(FormatError):
        decode(Rule, msgpack.packb(raw))


def test_rules_of_an_election_are_distinct_ascending_and_bounded() -> None:
    later = structs.replace(PLAIN, code="W.101")
    many = tuple(structs.replace(PLAIN, code=f"W.{number:03}") for number in range(101))
    election, _ = small_election()
    assert decode(type(election), encode(structs.replace(election, rules=many[:100])))
    for rules in ((later, PLAIN), (PLAIN, PLAIN), many):
        raw = msgpack.unpackb(encode(election))
        raw[11] = [msgpack.unpackb(encode(one)) for one in rules]
        with pytest.raises(FormatError):
            decode(type(election), msgpack.packb(raw))


def test_a_rule_is_asked_in_its_scope_alone() -> None:
    """Four rules that nothing can keep, one a scope."""
    scopes: tuple[Scope, ...] = ("contest", "tally", "clock", "return")
    always = structs.replace(rule("=", 1, 2), code="W.100")
    night = small_night(
        rules=tuple(structs.replace(always, code=f"W.10{place}", scope=scope) for place, scope in enumerate(scopes))
    )

    def codes() -> list[str]:
        found = [flag.code for flag in night.fold.flags]
        night.fold.flags.clear()
        return found

    night.say(returned(night), COMMISSION_KEY)
    assert codes() == ["W.103"]
    night.say(tally(night), DEVICE_KEYS[0])
    assert codes() == ["W.101", "W.100", "W.100"]
    for expected in (["W.102"], []):
        night.say(snapshot(night), PUBLISHER_KEY)
        assert codes() == expected
    night.say(tally(night, seq=2), DEVICE_KEYS[0])
    assert codes() == []
