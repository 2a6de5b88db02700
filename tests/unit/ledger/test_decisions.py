"""Releases and corrections: held tallies that two officials count; each refusal beside what it just lets through."""

import msgspec
import pytest

from central_server.roster_plan import standard_rules
from ledger.election import UnitAssignment, UrnAssignment
from ledger.errors import FormatError, SignatureError
from ledger.primitives import Hash
from ledger.record import sign_record
from ledger.rulings import Decision
from tests.unit.ledger.definition_factory import night_of
from tests.unit.ledger.election_factory import DEVICE_KEYS, OFFICIAL_KEYS, Night, small_night, small_parts, tally
from tests.unit.ledger.ruling_factory import OFFICIALS, decision, leaf


@pytest.fixture
def night() -> Night:
    return small_night()


def decide(night: Night, body: Decision) -> str:
    outcome = night.say(body, *OFFICIALS)
    return outcome.code or outcome.status


def told(night: Night, votes: int = 5, device: int = 0, seq: int = 1) -> Hash:
    """Leaf hash of a tally of unit 101."""
    night.say(tally(night, device, "101", votes, seq=seq), DEVICE_KEYS[device])
    return leaf(night)


def early_votes(night: Night) -> int:
    return night.fold.totals["KG", 1].votes[0]


def test_a_correction_takes_the_place_of_the_live_tally(night: Night) -> None:
    first, second = told(night, 5), told(night, 6, seq=2)
    assert early_votes(night) == 5
    assert decide(night, decision(night, "correct", second, supersedes=first)) == "applied"
    live = night.fold.live["u0", "101"]
    assert (early_votes(night), live.index, live.leaf_hash, live.conflicts) == (6, 12, second, ())
    assert night.fold.totals["KG", 1].cells == 1


def test_a_wrong_correction_can_be_corrected(night: Night) -> None:
    """What was superseded is held from then on. Other conflicts stay listed."""
    first, second, third = told(night, 5), told(night, 6, seq=2), told(night, 7, seq=3)
    decide(night, decision(night, "correct", second, supersedes=first))
    assert night.fold.live["u0", "101"].conflicts == (13,)
    assert decide(night, decision(night, "correct", first, supersedes=second)) == "applied"
    assert (early_votes(night), night.fold.live["u0", "101"].index) == (5, 11)
    assert decide(night, decision(night, "correct", third, supersedes=first)) == "applied"
    assert early_votes(night) == 7


def test_a_correction_names_the_live_tally(night: Night) -> None:
    first, second, third = told(night, 5), told(night, 6, seq=2), told(night, 7, seq=3)
    for wrong in (second, third, Hash(bytes(32))):
        assert decide(night, decision(night, "correct", second, supersedes=wrong)) == "NOT_LIVE"
    assert early_votes(night) == 5
    assert decide(night, decision(night, "correct", second, supersedes=first)) == "applied"
    assert decide(night, decision(night, "correct", third, supersedes=first)) == "NOT_LIVE"


def test_a_correction_stays_within_its_unit(night: Night) -> None:
    told(night, 5)
    night.say(tally(night, 1, "201"), DEVICE_KEYS[1])
    elsewhere = leaf(night)
    second = told(night, 6, seq=2)
    assert decide(night, decision(night, "correct", second, supersedes=elsewhere)) == "NOT_LIVE"


def test_a_target_is_a_held_tally_at_a_lower_index(night: Night) -> None:
    live = told(night)
    later = tally(night, votes=6, seq=2)
    for target in (live, leaf(night, 3), Hash(bytes(32))):
        assert decide(night, decision(night, "release", target)) == "NO_SUCH_TARGET"
    broken = night.say(tally(night, contests=later.contests[:1]), DEVICE_KEYS[0])
    assert broken.code == "WRONG_CONTESTS"
    assert decide(night, decision(night, "release", leaf(night))) == "NO_SUCH_TARGET"


def test_a_decision_comes_after_its_target(night: Night) -> None:
    other = small_night()
    first, second = told(other, 5), told(other, 6, seq=2)
    body = decision(night, "correct", second, supersedes=first)
    assert told(night, 5) == first
    assert decide(night, body) == "NO_SUCH_TARGET"
    assert told(night, 6, seq=2) == second
    assert decide(night, body) == "applied"


def test_a_release_counts_once(night: Night) -> None:
    told(night, 5)
    spare = told(night, 7, device=2)
    assert decide(night, decision(night, "release", spare)) == "ALREADY_COUNTED"
    primary = night.fold.live["u0", "101"].leaf_hash
    assert decide(night, decision(night, "correct", spare, supersedes=primary)) == "applied"
    assert (early_votes(night), list(night.fold.live)) == (7, [("u2", "101")])
    assert decide(night, decision(night, "release", spare)) == "NO_SUCH_TARGET"
    assert decide(night, decision(night, "release", primary)) == "ALREADY_COUNTED"


def test_an_urn_counts_once(night: Night) -> None:
    told(night, 5)
    assert decide(night, decision(night, "release", told(night, 6, seq=2))) == "ALREADY_COUNTED"


def two_urns() -> Night:
    """Precinct 101 with the primary urns u0 and u1, and the spare u2."""
    parts = small_parts()
    lines = (UnitAssignment("201", "primary"), UnitAssignment("101", "primary"))
    parts[8] = msgspec.structs.replace(parts[8], urns=(UrnAssignment("u1", lines),))
    return night_of(parts)


def test_a_spare_may_be_released_in_place_of_one_of_two_primary_urns() -> None:
    """It waits for a decision, because nobody can know whose ballots it has; a third of three never counts."""
    night = two_urns()
    told(night, 5)
    spare = told(night, 7, device=2)
    assert decide(night, decision(night, "release", spare)) == "applied"
    assert (early_votes(night), night.fold.totals["101", 1].cells) == (12, 2)
    assert night.fold.totals["101", 1].registered == 100
    night.say(tally(night, 1, "101"), DEVICE_KEYS[1])
    assert night.fold.held[-1].code == "SPARE"
    assert decide(night, decision(night, "release", leaf(night))) == "ALREADY_COUNTED"


def test_a_released_tally_is_flagged_as_if_it_had_counted_at_once() -> None:
    night = small_night(rules=standard_rules())
    cells = tally(night).contests
    odd = msgspec.structs.replace(cells[1], undervotes=5)
    night.say(tally(night, contests=(cells[0], odd)), DEVICE_KEYS[0])
    assert ([held.code for held in night.fold.held], night.fold.flags) == (["F.201"], [])
    assert decide(night, decision(night, "release", leaf(night))) == "applied"
    assert {(flag.index, flag.code) for flag in night.fold.flags} == {(11, "W.302"), (11, "W.306")}
    assert night.fold.live["u0", "101"].index == 11


@pytest.mark.parametrize("signers", [[0, 2], [2, 0]])
def test_two_keys_of_one_person_decide_nothing(night: Night, signers: list[int]) -> None:
    first, second = told(night, 5), told(night, 6, seq=2)
    body = decision(night, "correct", second, supersedes=first)
    with pytest.raises(SignatureError) as caught:
        night.say(body, *(OFFICIAL_KEYS[place] for place in signers))
    assert caught.value.code == "ONE_PERSON"
    assert night.say(body, OFFICIAL_KEYS[1], OFFICIAL_KEYS[2]).status == "applied"


@pytest.mark.parametrize("count", [1, 3])
def test_a_decision_has_two_signatures(night: Night, count: int) -> None:
    with pytest.raises(SignatureError) as caught:
        night.say(decision(night, "out_of_use", urn="u0"), *OFFICIAL_KEYS[:count])
    assert caught.value.code == "WRONG_SIGNATURE_COUNT"


def test_a_decision_waits_for_the_parts() -> None:
    night = small_night(parts_left_out=1)
    assert decide(night, decision(night, "out_of_use", urn="u1")) == "PARTS_INCOMPLETE"


def test_only_what_took_effect_is_published_as_a_ruling(night: Night) -> None:
    first, second = told(night, 5), told(night, 6, seq=2)
    decide(night, decision(night, "release", second))
    decide(night, decision(night, "correct", second, supersedes=first))
    [ruled] = night.fold.rulings
    assert (ruled.index, ruled.action, ruled.subject) == (14, "correct", second.hex())
    assert (ruled.reason, ruled.document) == ("recount", "45-B")


H = Hash(bytes(32)), Hash(bytes([1]) * 32)


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "release"},
        {"action": "release", "targets": H},
        {"action": "release", "targets": H[:1], "supersedes": H[1]},
        {"action": "release", "targets": H[:1], "unit": "101"},
        {"action": "release", "targets": H[:1], "contests": (1,)},
        {"action": "correct", "targets": H[:1]},
        {"action": "reinstate"},
        {"action": "annul"},
        {"action": "annul", "targets": H[::-1], "unit": "101"},
        {"action": "annul", "targets": (H[0], H[0]), "unit": "101"},
        {"action": "annul", "unit": "101", "contests": (2, 1)},
        {"action": "annul", "unit": "101", "urn": "u0"},
        {"action": "out_of_use"},
        {"action": "out_of_use", "urn": "u0", "targets": H[:1]},
        {"action": "out_of_use", "urn": "u0", "unit": "101"},
        {"action": "out_of_use", "urn": "u0", "contests": (1,)},
    ],
)
def test_a_decision_has_what_its_action_needs_and_nothing_else(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Decision(bytes(32), **{"reason": "r", "document": "1", "targets": (), **changes})  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    "changes", [{"document": "no. 5"}, {"document": ""}, {"document": "a" * 65}, {"reason": "two words"}]
)
def test_reasons_and_documents_are_codes(night: Night, changes: dict[str, object]) -> None:
    """No names and no sentences: what is logged stays public."""
    with pytest.raises(FormatError):
        sign_record(msgspec.structs.replace(decision(night, "out_of_use", urn="u0"), **changes), OFFICIALS)
