"""What single records do to the verdict."""

from typing import Any

import msgspec
import pytest

from ledger.election import Election
from ledger.observer.findings import Verdict
from ledger.record import sign_record
from ledger.signing import Ed25519Signer
from tests.unit.ledger.election_factory import DEVICE_KEYS, ELECTION_KEY, PUBLISHER_KEY, small_election, tally, words
from tests.unit.ledger.observer.publication_factory import Author, codes, raw_record

STRANGER = Ed25519Signer(bytes([99]) * 32)


def publish_with(data: bytes, more: int = 0) -> tuple[int, Verdict]:
    """A publication into which ``data`` was logged before the last snapshot, ``more`` records after the first one."""
    author = Author()
    for seq in range(more):
        author.say(tally(author.night, seq=seq + 1), DEVICE_KEYS[0])
    index = author.log_unseen(data)
    author.say(tally(author.night), DEVICE_KEYS[0])
    author.snapshot()
    author.publish()
    return index, author.audit()


def make_tally(**changes: Any) -> bytes:
    return sign_record(tally(Author().night, **changes), [DEVICE_KEYS[0]])


def change_signature(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("more", [0, 300])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (sign_record(tally(Author().night), [STRANGER]), "UNKNOWN_KEY"),
        (sign_record(tally(Author().night), [PUBLISHER_KEY]), "UNKNOWN_KEY"),
        (change_signature(make_tally()), "BAD_SIGNATURE"),
        (sign_record(tally(Author().night), DEVICE_KEYS), "WRONG_SIGNATURE_COUNT"),
        (b"", "NOT_CANONICAL"),
        (make_tally() + b"\x00", "NOT_CANONICAL"),
        (make_tally().replace(b"tally/1", b"unit/1\x00"), "NOT_CANONICAL"),
    ],
    ids=["stranger", "wrong role", "bad signature", "two signers", "empty", "trailing byte", "broken kind"],
)
def test_a_record_that_does_not_verify_is_a_failure_and_counts_for_nothing(data: bytes, code: str, more: int) -> None:
    index, verdict = publish_with(data, more)
    assert codes(verdict) == [(code, index)]
    assert verdict.tallies == 1 and verdict.snapshots == 1


def test_records_are_judged_by_the_keys_named_before_them() -> None:
    """A device's tally above its own device record is by a key that nobody had named."""
    author = Author()
    author.night.entries.insert(3, make_tally())
    author.publish_log()
    assert ("UNKNOWN_KEY", 3) in codes(author.audit())


def test_a_bad_record_does_not_hide_the_next() -> None:
    author = Author()
    first = author.log_unseen(change_signature(make_tally()))
    second = author.log_unseen(sign_record(tally(author.night), [STRANGER]))
    author.publish_log()
    assert codes(author.audit()) == [("BAD_SIGNATURE", first), ("UNKNOWN_KEY", second)]


def test_an_unknown_kind_is_not_judged() -> None:
    index, verdict = publish_with(raw_record("tally/2", tally(Author().night), DEVICE_KEYS[0]))
    assert verdict.ok is None and verdict.error is not None
    assert (verdict.error.code, verdict.error.index) == ("UNKNOWN_KIND", index)


def test_what_failed_before_an_unknown_kind_stays_a_failure() -> None:
    author = Author()
    index = author.log_unseen(change_signature(make_tally()))
    author.log_unseen(raw_record("authority/2", tally(author.night), DEVICE_KEYS[0]))
    author.publish_log()
    verdict = author.audit()
    assert verdict.ok is False and verdict.error is not None
    assert codes(verdict) == [("BAD_SIGNATURE", index)] and verdict.error.code == "UNKNOWN_KIND"


def test_a_conflict_is_inadmissible_and_no_failure() -> None:
    author = Author()
    author.say(tally(author.night), DEVICE_KEYS[0])
    author.say(tally(author.night, seq=2, votes=6), DEVICE_KEYS[0])
    author.snapshot()
    author.publish()
    verdict = author.audit()
    assert verdict.ok is True
    assert [(held.code, held.index) for held in verdict.inadmissible] == [("CONFLICT", 12)]


def test_a_second_election_record_by_the_election_key_is_inadmissible() -> None:
    author = Author()
    election, _ = small_election()
    author.say(msgspec.structs.replace(election, title=words("Another")), ELECTION_KEY)
    author.publish_log()
    verdict = author.audit()
    assert verdict.ok is True
    assert [held.code for held in verdict.inadmissible] == ["SECOND_ELECTION"]


@pytest.mark.parametrize("more", [0, 300])
def test_a_second_election_record_by_its_own_key_is_a_failure(more: int) -> None:
    election, _ = small_election()
    other = msgspec.structs.replace(election, election_key=STRANGER.public_key)
    index, verdict = publish_with(sign_record(other, [STRANGER]), more)
    assert codes(verdict) == [("UNKNOWN_KEY", index)]


def first_entry(election: Election, signer: Ed25519Signer = ELECTION_KEY) -> Verdict:
    """A log whose name is that of the small election, but which begins with ``election``."""
    author = Author()
    author.night.entries[0] = sign_record(election, [signer])
    author.publish_log()
    return author.audit()


def test_the_first_entry_is_the_election_that_the_name_pins() -> None:
    election, _ = small_election()
    assert codes(first_entry(msgspec.structs.replace(election, polls_close=1))) == [("WRONG_ELECTION", 0)]


def test_the_first_entry_is_an_election() -> None:
    author = Author()
    author.night.entries[0] = make_tally()
    author.publish_log()
    assert codes(author.audit()) == [("UNKNOWN_KEY", 0)]


def test_the_first_entry_verifies() -> None:
    election, _ = small_election()
    assert codes(first_entry(election, STRANGER)) == [("UNKNOWN_KEY", 0)]


def test_unknown_rules_of_addition_are_not_judged() -> None:
    """An election pinned by its name, but for a newer program."""
    election, _ = small_election()
    newer = msgspec.structs.replace(election, fold_version=2)
    author = Author()
    author.night.entries[:] = [sign_record(newer, [ELECTION_KEY])]
    author.origin = newer.origin()
    author.publish_log()
    verdict = author.audit()
    assert verdict.ok is None and verdict.error is not None
    assert (verdict.error.code, verdict.error.index) == ("UNKNOWN_FOLD_VERSION", 0)


def test_an_election_whose_parts_are_not_all_logged_says_so() -> None:
    author = Author()
    del author.night.entries[-1]
    author.publish_log()
    verdict = author.audit()
    assert verdict.ok is True and verdict.complete is False
