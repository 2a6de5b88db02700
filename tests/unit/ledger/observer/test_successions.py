"""A successor log is held against its own claims, its name and key, and the publication of the log before it."""

from typing import Any

import pytest

from ledger.observer.audit import audit
from ledger.observer.findings import Verdict
from ledger.observer.published_entries import CHECKPOINT
from tests.unit.ledger.election_factory import DEVICE_KEYS, ELECTION_KEY, tally
from tests.unit.ledger.observer.publication_factory import Author, MemorySource, codes, whole_author
from tests.unit.ledger.observer.successor_factory import SECOND_KEY, finish, policy, succession, take_again
from tests.unit.ledger.ruling_factory import OFFICIALS


def judge(heir: Author, before: Author | None = None) -> Verdict:
    source = None if before is None else MemorySource(before.files)
    return audit(MemorySource(heir.files), policy(heir), lambda seconds: None, (), predecessor=source)


@pytest.fixture
def before() -> Author:
    return whole_author()


def test_a_successor_that_took_everything(before: Author) -> None:
    """What was published under the old name is under the new one, byte for byte, and numbers go on."""
    heir = finish(take_again(before, before.size))
    verdict = judge(heir, before)
    assert verdict.ok, codes(verdict)
    assert verdict.handover is not None
    assert (verdict.handover.index, verdict.handover.predecessor) == (before.size, before.origin)
    assert verdict.snapshots == 3 and verdict.tallies == 2


def test_the_log_before_passes_still_and_says_that_it_is_not_the_last(before: Author) -> None:
    verdict = audit(MemorySource(before.files), policy(before), lambda seconds: None, ())
    assert verdict.ok and verdict.handover is None
    assert verdict.successor == before.origin[:-1] + "2"
    assert judge(finish(take_again(before, before.size))).successor is None


def test_what_was_lost_has_to_come_again(before: Author) -> None:
    """The last entries of the log before are a tally that a device was given a receipt for, and snapshots."""
    kept = before.size
    lost = tally(before.night, seq=3)
    before.say(lost, DEVICE_KEYS[0])
    before.snapshot()
    before.publish()
    last = {"last_size": before.size, "last_root": before.root()}
    heir = finish(take_again(before, kept, **last))
    assert codes(judge(heir, before)) == [("LEFT_OUT", kept)]
    heir = take_again(before, kept, **last)
    heir.say(lost, DEVICE_KEYS[0])
    verdict = judge(finish(heir), before)
    assert verdict.ok, codes(verdict)


def test_a_head_that_is_not_named_is_found(before: Author) -> None:
    """The record says that nothing later was signed, and the publication of the log before has it."""
    kept = before.size
    before.say(tally(before.night, seq=3), DEVICE_KEYS[0])
    before.publish()
    found = codes(judge(finish(take_again(before, kept)), before))
    assert ("PREDECESSOR_WENT_ON", kept) in found and ("LEFT_OUT", kept) in found


def test_other_entries_than_those_of_the_log_before(before: Author) -> None:
    other = Author()
    other.say(tally(other.night, votes=7), DEVICE_KEYS[0])
    other.snapshot()
    other.publish()
    heir = finish(take_again(other, other.size))
    assert judge(heir).ok
    assert codes(judge(heir, before)) == [("PREDECESSOR_DIFFERS", None)]


def test_another_last_head(before: Author) -> None:
    kept = before.size - 1
    heir = finish(take_again(before, kept, last_size=before.size, last_root=bytes(32)))
    assert judge(heir).ok
    assert codes(judge(heir, before)) == [("PREDECESSOR_DIFFERS", None)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"root_hash": bytes([1]) * 32, "last_size": 99}, "SUCCESSION_ROOT"),
        ({"log_key": bytes(ELECTION_KEY.public_key)}, "SUCCESSION_KEY"),
        ({"generation": 3}, "WRONG_GENERATION"),
        ({"tree_size": 3}, "WRONG_GENERATION"),
    ],
)
def test_claims_that_do_not_hold(before: Author, changes: dict[str, Any], code: str) -> None:
    verdict = judge(finish(take_again(before, before.size, **changes)))
    assert [found for found, _ in codes(verdict)] == [code]


def test_a_first_log_with_a_succession(before: Author) -> None:
    """Under its old name a log has no generation but its own, and its old contract anchors it no more."""
    before.say(succession(before), *OFFICIALS)
    before.snapshot()
    before.publish()
    assert codes(judge(before)) == [("WRONG_GENERATION", None), ("CLAIM_FOREIGN", None)]


def test_a_later_name_without_a_succession(before: Author) -> None:
    before.origin = before.origin[:-1] + "2"
    before.files[CHECKPOINT] = before.checkpoint(SECOND_KEY)
    assert codes(judge(before)) == [("WRONG_GENERATION", None)]


def test_a_predecessor_that_is_none(before: Author) -> None:
    heir = finish(take_again(before, before.size))
    assert codes(judge(heir, heir)) == [("NOT_THE_PREDECESSOR", None)]
    assert codes(judge(before, before)) == [("NO_PREDECESSOR", None)]
    files = dict(before.files)
    before.files.pop("tile/entries/000.p/" + str(before.size))
    assert codes(judge(heir, before)) == [("FILE_MISSING", None)]
    before.files = files | {CHECKPOINT: b"nothing\n"}
    assert codes(judge(heir, before)) == [("BAD_NOTE", None)]
