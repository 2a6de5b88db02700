"""A log of the next generation takes a log's entries again and goes on; whatever else says so is held."""

from typing import Any

import msgspec
import pytest

from ledger.errors import SignatureError
from ledger.fold import Fold
from ledger.record import parse_record, verify_record
from ledger.rulings import Succession
from ledger.signing import CryptographyVerifier
from tests.unit.ledger.election_factory import (
    DEVICE_KEYS,
    ELECTION_KEY,
    OFFICIAL_KEYS,
    POLLS_OPEN,
    PUBLISHER_KEY,
    Night,
    small_night,
    tally,
)
from tests.unit.ledger.ruling_factory import OFFICIALS, act, leaf, other_chain, snapshot, succession

WORTHLESS = (2**255 - 20).to_bytes(32, "little")
"""The point of order 2."""


@pytest.fixture
def night() -> Night:
    return small_night()


def say(night: Night, body: Succession, *, alone: bool = False) -> str:
    outcome = night.say(body, ELECTION_KEY) if alone else night.say(body, *OFFICIALS)
    return outcome.code or outcome.status


def test_what_was_counted_counts_and_other_contracts_do_not(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    night.say(act(night, "succeed_chain", chain=other_chain(1)), *OFFICIALS)
    before = night.fold.totals["101", 1].votes.tolist()
    index = night.fold.size
    assert say(night, succession(night)) == "applied"
    fold = night.fold
    assert fold.generation == 2 and fold.successions[0][0] == index
    assert fold.totals["101", 1].votes.tolist() == before and sum(before) > 0
    assert [pins.contract for pins in fold.definition.chains] == [other_chain(9).contract]
    assert [(one.index, one.action, one.subject) for one in fold.rulings[-1:]] == [(index, "succeed_log", "2")]
    night.say(act(night, "succeed_chain", chain=other_chain(3)), *OFFICIALS)
    assert [pins.contract[0] for pins in fold.definition.chains] == [9, 3]


def test_a_successor_has_a_successor(night: Night) -> None:
    assert say(night, succession(night)) == "applied"
    assert say(night, succession(night, 2)) == "NOT_NEXT_GENERATION"
    assert say(night, succession(night, 4)) == "NOT_NEXT_GENERATION"
    assert say(night, succession(night, 3)) == "applied"
    assert night.fold.generation == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tree_size": 1}, "NOT_THE_PLACE"),
        ({"tree_size": 999, "last_size": 999}, "NOT_THE_PLACE"),
        ({"log_key": WORTHLESS}, "UNSOUND_KEY"),
        ({"election_id": bytes(32)}, "OTHER_ELECTION"),
    ],
)
def test_a_succession_that_does_not_fit_is_held(night: Night, changes: dict[str, Any], code: str) -> None:
    chains = list(night.fold.definition.chains)
    assert say(night, succession(night, **changes)) == code
    assert night.fold.generation == 1 and night.fold.definition.chains == chains


def test_the_election_key_hands_on_alone_until_the_polls_open(night: Night) -> None:
    night.say(snapshot(night, POLLS_OPEN - 1), PUBLISHER_KEY)
    assert say(night, succession(night), alone=True) == "applied"
    night.say(snapshot(night, POLLS_OPEN), PUBLISHER_KEY)
    assert say(night, succession(night, 3), alone=True) == "POLLS_ARE_OPEN"
    assert say(night, succession(night, 3)) == "applied"


def test_nothing_is_handed_on_before_the_election_is_complete() -> None:
    night = small_night(parts_left_out=1)
    assert say(night, succession(night), alone=True) == "PARTS_INCOMPLETE"


def test_one_official_is_not_enough_and_neither_is_a_device(night: Night) -> None:
    for signers in (OFFICIAL_KEYS[:1], (PUBLISHER_KEY,)):
        with pytest.raises(SignatureError):
            night.say(succession(night), *signers)


def test_a_head_cannot_be_smaller_than_what_was_taken() -> None:
    night = small_night()
    for changes in ({"last_size": 1}, {"last_root": bytes([1]) * 32}):
        with pytest.raises(ValueError, match=r"signed|roots"):
            Succession(**(msgspec.structs.asdict(succession(night)) | changes))


def test_the_entries_before_fold_to_what_they_were(night: Night) -> None:
    """Index for index: the two logs differ in nothing before the succession."""
    night.say(tally(night), DEVICE_KEYS[0])
    again = Fold()
    for index, entry in enumerate(night.entries):
        again.apply(index, verify_record(parse_record(entry), again.definition, CryptographyVerifier()))
    assert again.live == night.fold.live and leaf(night) == parse_record(night.entries[-1]).leaf_hash
