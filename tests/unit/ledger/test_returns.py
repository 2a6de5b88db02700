"""Hand-counted protocols: kept beside the preliminary numbers, which they never change."""

import csv
import io

import pytest

from ledger.results import RETURNS, StateFiles
from ledger.rulings import ReturnContest, ReturnVotes
from ledger.tally import ContestTally
from tests.unit.ledger.definition_factory import night_of
from tests.unit.ledger.election_factory import COMMISSION_KEY, DEVICE_KEYS, Night, small_night, small_parts, tally
from tests.unit.ledger.ruling_factory import returned


@pytest.fixture
def night() -> Night:
    return small_night()


def counted(contest: int, *votes: int) -> ReturnContest:
    return ReturnContest(contest, (), tuple(ReturnVotes(place, count) for place, count in enumerate(votes, 1)))


def file(night: Night, unit: str = "101", *contests: ReturnContest) -> str:
    outcome = night.say(returned(night, unit, *contests), COMMISSION_KEY)
    return outcome.code or outcome.status


def rows(night: Night) -> list[list[str]]:
    return list(csv.reader(io.StringIO(StateFiles(night.fold).render()[RETURNS].decode())))[1:]


def test_the_difference_is_shown_and_no_total_changes(night: Night) -> None:
    night.say(tally(night, votes=5), DEVICE_KEYS[0])
    before = list(night.fold.totals["KG", 1].votes)
    assert file(night, "101", counted(1, 6, 9, 4)) == "applied"
    assert list(night.fold.totals["KG", 1].votes) == before
    assert rows(night) == [
        ["101", "One, North", "1", f"S{place}", "P", "6", str(hand), str(hand - 6), "P-101"]
        for place, hand in enumerate((6, 9, 4), 1)
    ]


def test_where_nothing_is_counted_there_is_no_difference(night: Night) -> None:
    file(night, "101", counted(1, 6, 9, 4))
    assert [row[5:8] for row in rows(night)] == [["", "6", ""], ["", "9", ""], ["", "4", ""]]


def test_with_a_withheld_cell_there_is_no_difference() -> None:
    night = night_of(small_parts(), secrecy_threshold=20)
    second = tally(night).contests[1]
    night.say(tally(night, contests=(ContestTally(1, 9, None, None, None), second)), DEVICE_KEYS[0])
    file(night, "101", counted(1, 6, 9, 4), counted(2, 17, 11))
    assert [row[5:8] for row in rows(night)] == [
        ["", "6", ""], ["", "9", ""], ["", "4", ""], ["17", "17", "0"], ["10", "11", "1"],
    ]  # fmt: skip


def test_a_later_return_takes_the_place_of_the_earlier(night: Night) -> None:
    file(night, "101", counted(1, 6, 9, 4), counted(2, 1, 2))
    file(night, "101", counted(1, 7, 9, 4))
    assert [row[6] for row in rows(night)] == ["7", "9", "4"]


@pytest.mark.parametrize(
    ("unit", "contest"),
    [
        ("999", counted(1, 1, 2, 3)),
        ("A", counted(1, 1, 2, 3)),
        ("101", counted(3, 1, 2, 3)),
        ("101", counted(1, 1, 2)),
        ("101", counted(1, 1, 2, 3, 4)),
        ("101", counted(2, 1, 2, 3)),
    ],
    ids=["no such unit", "no precinct", "no such contest", "one missing", "one too many", "the omitted one"],
)
def test_a_return_is_of_what_is_on_the_ballot(night: Night, unit: str, contest: ReturnContest) -> None:
    assert file(night, unit, contest) == "NO_SUCH_UNIT"
    assert night.fold.returns == {}
    assert file(night, "101", counted(1, 1, 2, 3), counted(2, 1, 2)) == "applied"


def test_a_return_waits_for_the_parts() -> None:
    assert file(small_night(parts_left_out=1)) == "PARTS_INCOMPLETE"
