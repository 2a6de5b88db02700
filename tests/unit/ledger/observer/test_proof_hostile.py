"""Proof bundles of logs in which somebody tried something: they are made all the same, and lies in them are refused."""

from collections.abc import Callable

import msgspec
import pytest

from ledger.election import Contest, ReportingUnit
from ledger.errors import TunukError
from ledger.observer.bundle import ProofBundle
from ledger.observer.check import Proved, check_bundle
from ledger.observer.prove import make_bundle
from ledger.observer.published_log import PublishedLog, read_published_log
from ledger.record import Body, parse_record
from tests.unit.ledger.election_factory import (
    DEVICE_KEYS,
    ELECTION_KEY,
    POLLS_OPEN,
    PUBLISHER_KEY,
    small_election,
    small_night,
    tally,
    words,
)
from tests.unit.ledger.observer.bundle_factory import bundle_of
from tests.unit.ledger.observer.publication_factory import Author, MemorySource
from tests.unit.ledger.ruling_factory import NEW_KEY, OFFICIALS, act, key_id, opening, replacement, snapshot

EARLY = POLLS_OPEN - 100


def read(author: Author) -> PublishedLog:
    author.publish_log()
    return read_published_log(MemorySource(author.files), author.policy())


def prove(author: Author, unit: str = "101") -> Proved:
    return check_bundle(make_bundle(read(author), unit, None, None), author.policy())


def proved_indices(author: Author, unit: str = "101") -> set[int]:
    return {entry.index for entry in make_bundle(read(author), unit, None, None).entries}


def refusal(author: Author, bundle: ProofBundle) -> str:
    with pytest.raises(TunukError) as caught:
        check_bundle(bundle, author.policy())
    return caught.value.code


@pytest.mark.parametrize(
    "said",
    [
        lambda night: tally(night, 0, "101"),
        lambda night: tally(night, 1, "101"),
        lambda night: opening(night, "u0"),
        lambda night: opening(night, "u1", ("101",)),
    ],
    ids=["of the urn", "of the unit", "opening of the urn", "opening of the unit"],
)
def test_no_device_elsewhere_can_speak_for_a_precinct_nor_keep_it_from_being_proved(
    said: Callable[..., Body],
) -> None:
    author = Author()
    author.say(said(author.night), DEVICE_KEYS[1])
    foreign = author.size - 1
    author.say(tally(author.night), DEVICE_KEYS[0])
    assert [one.index for one in prove(author).tallies] == [foreign + 1]
    indices = proved_indices(author)
    assert foreign not in indices
    # The device is not even known to the file; and where its record is added, that is about another precinct.
    assert refusal(author, bundle_of(read(author), indices | {foreign}, "101", None)) == "UNKNOWN_KEY"


def test_a_tally_of_a_device_for_another_devices_urn_is_refused() -> None:
    """Both devices serve the precinct, and each speaks for its own urn alone."""
    author = Author()
    author.say(tally(author.night, 0), DEVICE_KEYS[2])
    false = author.size - 1
    assert false not in proved_indices(author)
    assert refusal(author, bundle_of(read(author), proved_indices(author) | {false}, "101", None)) == "FOREIGN_ENTRY"


def test_an_act_that_amends_is_shown() -> None:
    author = Author()
    definition = author.night.fold.definition
    contest = definition.contests[1]
    renamed = msgspec.structs.replace(contest, title=words("Renamed"))
    author.say(act(author.night, "amend_contest", contest=renamed), *OFFICIALS)
    unit = msgspec.structs.replace(definition.units["101"], registered_voters=150)
    author.say(act(author.night, "amend_unit", unit=unit), *OFFICIALS)
    author.say(tally(author.night), DEVICE_KEYS[0])
    proved = prove(author)
    assert proved.contests[1].title.en == "Renamed" and proved.unit.registered_voters == 150
    assert [body.action for body in proved.acts.values()] == ["amend_contest", "amend_unit"]
    # Of another precinct's it is not told.
    assert [body.action for body in prove(author, "201").acts.values()] == ["amend_contest"]


def test_an_act_that_the_fold_holds_is_neither_told_nor_believed() -> None:
    author = Author()
    contest: Contest = author.night.fold.definition.contests[1]
    changed = msgspec.structs.replace(contest, selections=contest.selections[:2])
    author.say(act(author.night, "amend_contest", contest=changed), *OFFICIALS)
    held = author.size - 1
    indices = proved_indices(author)
    assert held not in indices and len(prove(author).contests[1].selections) == 3
    assert refusal(author, bundle_of(read(author), indices | {held}, "101", None)) == "FOREIGN_ENTRY"


def test_a_replaced_device_speaks_and_the_old_one_is_revoked() -> None:
    author = Author()
    night = author.night
    author.say(tally(night), DEVICE_KEYS[0])
    author.say(act(night, "replace_device", key_id=key_id(DEVICE_KEYS[0]), device=replacement(night)), *OFFICIALS)
    author.say(tally(night, votes=9), NEW_KEY)
    author.say(tally(night, votes=8, seq=2), DEVICE_KEYS[0])
    assert [(one.report.contests[0].ballots, one.revoked) for one in prove(author).tallies] == [
        (18, False),
        (30, False),
        (27, True),
    ]


def test_the_election_key_acts_alone_only_before_the_polls_open() -> None:
    author = Author()
    night = author.night

    def replaced() -> int:
        device = replacement(night)
        author.say(act(night, "replace_device", key_id=key_id(DEVICE_KEYS[0]), device=device), ELECTION_KEY)
        return author.size - 1

    author.say(snapshot(night, POLLS_OPEN), PUBLISHER_KEY)
    late = replaced()
    author.say(snapshot(night, POLLS_OPEN + 1), PUBLISHER_KEY)
    indices = proved_indices(author)
    assert late not in indices
    with_snapshots = indices | {late - 1, late, late + 1}
    for shown in (indices | {late}, with_snapshots, with_snapshots - {late - 1}):
        assert refusal(author, bundle_of(read(author), shown, "101", None)) == "ACT_NOT_IN_FORCE"


def test_an_early_act_of_the_election_key_is_shown_by_the_snapshots_around_it() -> None:
    author = Author()
    night = author.night
    author.say(snapshot(night, EARLY), PUBLISHER_KEY)
    device = replacement(night)
    author.say(act(night, "replace_device", key_id=key_id(DEVICE_KEYS[0]), device=device), ELECTION_KEY)
    at = author.size - 1
    with pytest.raises(TunukError, match="two snapshots") as caught:
        prove(author)
    assert caught.value.code == "ACT_NOT_IN_FORCE"
    author.say(snapshot(night, EARLY + 1), PUBLISHER_KEY)
    author.say(tally(night), NEW_KEY)
    author.say(snapshot(night, EARLY + 2), PUBLISHER_KEY)
    assert list(prove(author).acts) == [at] and len(prove(author).tallies) == 1
    indices = proved_indices(author)
    assert {at - 1, at + 1} < indices
    for missing in (at - 1, at + 1):
        assert refusal(author, bundle_of(read(author), indices - {missing}, "101", None)) == "ACT_NOT_IN_FORCE"


def test_an_act_before_all_parts_are_logged_does_nothing() -> None:
    author = Author(small_night(parts_left_out=1))
    night = author.night
    author.say(act(night, "replace_device", key_id=key_id(DEVICE_KEYS[0]), device=replacement(night)), *OFFICIALS)
    at = author.size - 1
    author.say(small_election()[1][-1], ELECTION_KEY)
    assert not prove(author).acts
    assert refusal(author, bundle_of(read(author), proved_indices(author) | {at}, "101", None)) == "ACT_NOT_IN_FORCE"


def test_an_act_that_a_revoked_official_signed_does_nothing() -> None:
    author = Author()
    night = author.night
    author.say(act(night, "revoke_key", key_id=key_id(OFFICIALS[0])), *OFFICIALS)
    author.say(act(night, "replace_device", key_id=key_id(DEVICE_KEYS[0]), device=replacement(night)), *OFFICIALS)
    at = author.size - 1
    assert [body.action for body in prove(author).acts.values()] == ["revoke_key"]
    assert refusal(author, bundle_of(read(author), proved_indices(author) | {at}, "101", None)) == "ACT_NOT_IN_FORCE"


def test_a_part_that_comes_after_the_last_is_none() -> None:
    author = Author()
    late = msgspec.structs.replace(replacement(author.night), urns=())
    first = author.night.fold.definition.devices
    late = msgspec.structs.replace(
        next(iter(first.values())),
        id="late",
        public_key=bytes(NEW_KEY.public_key),
        election_id=author.night.election_id,
    )
    author.say(late, ELECTION_KEY)
    at = author.size - 1
    assert at not in proved_indices(author)
    assert refusal(author, bundle_of(read(author), proved_indices(author) | {at}, "101", None)) == "PART_NOT_PINNED"


def test_parts_that_are_not_all_there_prove_nothing_yet() -> None:
    author = Author(small_night(parts_left_out=1))
    with pytest.raises(TunukError) as caught:
        make_bundle(read(author), "101", None, None)
    assert caught.value.code == "ELECTION_INCOMPLETE"


def test_a_file_lacks_no_unit_above_and_no_contest_of_the_ballot() -> None:
    author = Author()
    log, indices = read(author), proved_indices(author)
    definition = log.fold.definition
    for body in (definition.units["KG"], definition.contests[2], definition.units["101"]):
        missing = next(index for index in indices if parse_record(log.entries[index]).body == body)
        assert refusal(author, bundle_of(log, indices - {missing}, "101", None)) == "BAD_BUNDLE"


def test_an_amended_unit_keeps_its_place() -> None:
    author = Author()
    unit: ReportingUnit = author.night.fold.definition.units["101"]
    author.say(act(author.night, "amend_unit", unit=msgspec.structs.replace(unit, parent="B")), *OFFICIALS)
    assert prove(author).unit.parent == "A"
