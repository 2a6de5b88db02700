"""Snapshots that lie, each about one thing."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ledger.observer.findings import Finding
from ledger.primitives import sha256
from ledger.record import Snapshot
from ledger.results import LATEST
from tests.unit.ledger.election_factory import DEVICE_KEYS, PUBLISHER_KEY, small_night, tally
from tests.unit.ledger.observer.publication_factory import Author, codes, whole_author


def lie(**lies: Any) -> tuple[int, list[tuple[str, int | None]]]:
    """A second snapshot that lies, in an otherwise honest publication; its index and what was found."""
    author = Author()
    author.say(tally(author.night), DEVICE_KEYS[0])
    author.snapshot()
    author.say(tally(author.night, 1, "201"), DEVICE_KEYS[1])
    index = author.snapshot(**lies)
    author.publish()
    return index, codes(author.audit())


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        ({"number": 1}, "SNAPSHOT_NUMBER"),
        ({"number": 3}, "SNAPSHOT_NUMBER"),
        ({"root_hash": bytes(32)}, "SNAPSHOT_ROOT"),
        ({"manifest_hash": bytes(32)}, "SNAPSHOT_MANIFEST"),
    ],
)
def test_a_snapshot_that_lies_is_named(lies: dict[str, object], code: str) -> None:
    index, found = lie(**lies)
    assert found == [(code, index)]


@pytest.mark.parametrize("tree_size", [0, 11, 12, 13, 15, 2**53 - 1])
def test_a_snapshot_of_another_size_is_named(tree_size: int) -> None:
    """The first snapshot is entry 12, the second 14, so that only 13 and 14 are possible, of which 14 is true."""
    index, found = lie(tree_size=tree_size)
    assert index == 14
    assert found[0] == (("SNAPSHOT_ROOT" if tree_size == 13 else "SNAPSHOT_TREE_SIZE"), index)


def test_a_snapshot_that_repeats_a_number_does_not_hide_the_next() -> None:
    author = Author()
    author.say(tally(author.night), DEVICE_KEYS[0])
    first = author.snapshot(number=7)
    author.say(tally(author.night, 1, "201"), DEVICE_KEYS[1])
    author.snapshot()
    author.publish()
    assert codes(author.audit()) == [("SNAPSHOT_NUMBER", first)]


def test_a_snapshot_by_unknown_rules_is_not_judged() -> None:
    author = Author()
    index = author.snapshot(fold_version=2)
    author.publish()
    verdict = author.audit()
    assert verdict.ok is None and verdict.error is not None
    assert (verdict.error.code, verdict.error.index) == ("UNKNOWN_FOLD_VERSION", index)


def test_results_before_the_election_is_complete_are_a_failure() -> None:
    author = Author(small_night(parts_left_out=1))
    body = Snapshot(author.night.election_id, 1, author.size, author.root(), 1_800_000_200, 1, bytes(32))
    author.say(body, PUBLISHER_KEY)
    author.publish_log()
    assert codes(author.audit()) == [("ELECTION_INCOMPLETE", author.size - 1)]


def test_entries_may_come_between_a_snapshot_and_its_own_entry() -> None:
    author = Author()
    author.say(tally(author.night), DEVICE_KEYS[0])
    author.snapshot(between=lambda: author.say(tally(author.night, 1, "201"), DEVICE_KEYS[1]))
    author.snapshot()
    author.publish()
    assert author.audit().ok is True


def test_a_snapshot_of_another_election_is_inadmissible() -> None:
    """It takes no part in the numbers of this one."""
    author = Author()
    author.say(Snapshot(bytes(32), 9, 3, bytes(32), 1_800_000_200, 1, bytes(32)), PUBLISHER_KEY)
    author.snapshot()
    author.publish()
    verdict = author.audit()
    assert verdict.ok is True and [held.code for held in verdict.inadmissible] == ["OTHER_ELECTION"]


def test_a_snapshot_of_another_election_does_not_come_between() -> None:
    """It lies between the entries of a true snapshot and the true one's own entry."""
    author = Author()
    foreign = Snapshot(bytes(32), 9, author.size, bytes(32), 1_800_000_200, 1, bytes(32))
    author.snapshot(between=lambda: author.say(foreign, PUBLISHER_KEY))
    author.publish()
    assert author.audit().ok is True


def forged_differences(forge: Callable[[bytes], bytes]) -> list[Finding]:
    """What is found where the publisher signs and publishes forged results consistently."""
    author = Author()
    author.say(tally(author.night), DEVICE_KEYS[0])
    index = author.snapshot(forge=forge)
    author.publish()
    verdict = author.audit()
    assert codes(verdict) == [("SNAPSHOT_MANIFEST", index), ("RESULT_DIFFERS", index), ("RESULT_DIFFERS", None)]
    return list(verdict.failures)


def test_forged_votes_are_named_with_both_numbers() -> None:
    def forge(data: bytes) -> bytes:
        document = msgspec.json.decode(data)
        document["title"]["en"] = "Another"
        document["contests"][0]["units"][0]["selections"][1]["votes"] += 1000
        return msgspec.json.encode(document) + b"\n"

    _, numbered, latest = forged_differences(forge)
    assert numbered.path == "results/000001.json" and latest.path == LATEST
    # The title differs before it, but a number is what people look for.
    assert numbered.facts == latest.facts
    assert numbered.facts == {
        "place": "contests[0].units[0].selections[1].votes", "published": "1006", "recomputed": "6",
    }  # fmt: skip


def test_another_spelling_of_the_same_numbers_is_named_by_its_byte() -> None:
    _, numbered, _ = forged_differences(lambda data: data.replace(b",", b", ", 1))
    assert str(numbered.facts["place"]).startswith("byte ")


def test_a_numbered_file_replaced_after_its_snapshot_is_named() -> None:
    author = whole_author()
    other = author.files["results/000001.json"].replace(b'"ballots":18', b'"ballots":19')
    assert sha256(other) != sha256(author.files["results/000001.json"])
    verdict = author.audit({**author.files, "results/000001.json": other})
    [failure] = verdict.failures
    assert (failure.code, failure.index, failure.path) == ("RESULT_DIFFERS", 12, "results/000001.json")
    assert (failure.facts["published"], failure.facts["recomputed"]) == ("19", "18")
