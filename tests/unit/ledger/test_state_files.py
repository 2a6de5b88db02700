"""The state files beside votes by precinct: turnout and rulings, withheld cells, and what is rendered again."""

import msgspec
import pytest

from ledger.election import UnitAssignment, UrnAssignment
from ledger.results import COVERAGE, FLAGS, PRECINCTS, RETURNS, RULINGS, TURNOUT, StateFiles
from ledger.tally import ContestTally
from tests.unit.ledger.definition_factory import night_of
from tests.unit.ledger.election_factory import (
    COMMISSION_KEY,
    DEVICE_KEYS,
    ELECTION_KEY,
    POLLS_OPEN,
    Night,
    small_night,
    small_parts,
    tally,
)
from tests.unit.ledger.ruling_factory import OFFICIALS, act, decision, leaf, other_chain, returned, turnout


@pytest.fixture
def night() -> Night:
    return small_night()


def text(night: Night, path: str) -> str:
    return StateFiles(night.fold).render()[path].decode()


def test_turnout_is_listed_by_urn_and_time() -> None:
    parts = small_parts()
    lines = (UnitAssignment("201", "primary"), UnitAssignment("101", "remote"))
    parts[8] = msgspec.structs.replace(parts[8], urns=(UrnAssignment("u1", lines),))
    night = night_of(parts)
    night.say(turnout(night, 30, POLLS_OPEN + 7_200, "u1"), DEVICE_KEYS[1])
    night.say(turnout(night, 20, POLLS_OPEN + 3_600, "u1"), DEVICE_KEYS[1])
    night.say(turnout(night, 7), DEVICE_KEYS[0])
    assert text(night, TURNOUT) == (
        "urn,units,time,ballots\n"
        "u0,101,2027-01-14T21:00:00Z,7\n"
        "u1,201 101,2027-01-14T21:00:00Z,20\n"
        "u1,201 101,2027-01-14T22:00:00Z,30\n"
    )


def test_rulings_are_listed_in_the_order_of_the_log(night: Night) -> None:
    night.say(tally(night), DEVICE_KEYS[0])
    night.say(act(night, "succeed_chain", chain=other_chain()), ELECTION_KEY)
    night.say(decision(night, "annul", leaf(night, 11), unit="101", reason="court", document="7/2027"), *OFFICIALS)
    night.say(decision(night, "out_of_use", urn="u1"), *OFFICIALS)
    assert text(night, RULINGS) == (
        "index,action,subject,reason,document\n"
        "12,succeed_chain,,lost,12/3\n"
        "13,annul,101,court,7/2027\n"
        "14,out_of_use,u1,recount,45-B\n"
    )


def test_a_withheld_cell_has_a_row_without_votes() -> None:
    night = night_of(small_parts(), secrecy_threshold=10)
    hidden, second = ContestTally(1, 9, None, None, None), tally(night).contests[1]
    night.say(tally(night, contests=(hidden, second)), DEVICE_KEYS[0])
    assert text(night, PRECINCTS).splitlines()[1:5] == [
        'A,"One, North",C1,,S1,P,,,', 'A,"One, North",C1,,S2,P,,,', 'A,"One, North",C1,,S3,P,,,',
        'A,"One, North",C2,,S1,P,17,9,8',
    ]  # fmt: skip
    assert text(night, COVERAGE).splitlines()[1] == '101,"One, North",1,100,1,1,1,9,0,0,11,,0'


def test_beside_a_withheld_cell_the_others_votes_are_shown() -> None:
    parts = small_parts()
    lines = (UnitAssignment("201", "primary"), UnitAssignment("101", "remote", (1,)))
    parts[8] = msgspec.structs.replace(parts[8], urns=(UrnAssignment("u1", lines),))
    night = night_of(parts, secrecy_threshold=10)
    night.say(tally(night), DEVICE_KEYS[0])
    hidden = (ContestTally(1, 9, None, None, None),)
    night.say(tally(night, 1, "101", contests=hidden), DEVICE_KEYS[1])
    assert text(night, PRECINCTS).splitlines()[1] == 'A,"One, North",C1,,S1,P,6,5,1'
    assert text(night, COVERAGE).splitlines()[1] == '101,"One, North",1,100,2,2,1,27,0,0,11 12,,0'


def test_flags_are_in_the_order_of_entries_with_gaps_among_them(night: Night) -> None:
    night.say(tally(night, 1, "201", seq=4), DEVICE_KEYS[1])
    night.say(tally(night, urn="u1"), DEVICE_KEYS[0])
    night.say(tally(night, seq=9), DEVICE_KEYS[0])
    rows = [line.split(",")[:2] for line in text(night, FLAGS).splitlines()]
    assert rows[1:] == [["11", "SEQUENCE_GAP"], ["12", "NOT_ASSIGNED"], ["13", "SEQUENCE_GAP"]]


def test_a_return_is_rendered_though_no_tally_came_after_it(night: Night) -> None:
    files = StateFiles(night.fold)
    empty = files.render()
    night.say(returned(night), COMMISSION_KEY)
    assert files.render()[RETURNS] != empty[RETURNS]
    assert files.render()[COVERAGE] == empty[COVERAGE]
