"""Each standard rule, with a tally or return that just breaks it and one that just does not."""

from pathlib import Path

import msgspec
import pytest

from central_server.roster_plan import standard_rules
from ledger.election import UnitAssignment, UrnAssignment
from ledger.rulings import ReturnContest, ReturnLine, ReturnLineName, ReturnVotes
from ledger.tally import ContestTally, TallyReport
from tests.unit.ledger.definition_factory import night_of
from tests.unit.ledger.election_factory import (
    COMMISSION_KEY,
    DEVICE_KEYS,
    POLLS_CLOSE,
    POLLS_OPEN,
    PUBLISHER_KEY,
    Night,
    small_night,
    small_parts,
    tally,
)
from tests.unit.ledger.ruling_factory import opening, returned, snapshot, turnout


def cell(contest: int, ballots: int = 50, over: int = 0, under: int = 0) -> ContestTally:
    """Arithmetic that holds: each ballot is a vote for the first selection, an overvote or an undervote."""
    ids = (1, 2, 3) if contest == 1 else (1, 2)
    rows = tuple((selection, ballots - over - under if selection == 1 else 0, 0) for selection in ids)
    return ContestTally(contest, ballots, over, under, rows)


def report(night: Night, first: ContestTally) -> TallyReport:
    return tally(night, contests=(first, cell(2)))


def tallied(first: ContestTally, **changes: object) -> list[str]:
    """The codes that a night's only tally earns, up to the snapshot after it."""
    night = small_night(rules=standard_rules())
    night.say(opening(night), DEVICE_KEYS[0])
    told = turnout(night, ballots=9)
    night.say(told, DEVICE_KEYS[0])
    outcome = night.say(msgspec.structs.replace(report(night, first), **changes), DEVICE_KEYS[0])
    night.say(snapshot(night, POLLS_CLOSE + 200), PUBLISHER_KEY)
    assert outcome.status == ("held" if outcome.code else "counted")
    return [flag.code for flag in night.fold.flags] + ([outcome.code] if outcome.code else [])


def with_votes(votes: int) -> ContestTally:
    return msgspec.structs.replace(cell(1), selections=((1, votes, 0), (2, 0, 0), (3, 0, 0)))


@pytest.mark.parametrize(
    ("code", "good", "bad"),
    [
        ("F.201", with_votes(50), with_votes(49)),
        ("W.301", cell(1, 100), cell(1, 101)),
        ("W.302", cell(1, 100, under=2), cell(1, 100, under=3)),
        ("W.302", cell(1, 100, over=1, under=1), cell(1, 100, over=1, under=2)),
        ("W.302", cell(1, 0), cell(1, 67, over=1, under=2)),
        ("W.305", cell(1, 10), cell(1, 9)),
        ("W.305", cell(1, 0), cell(1, 1)),
    ],
)
def test_rules_about_counts(code: str, good: ContestTally, bad: ContestTally) -> None:
    assert (tallied(good), tallied(bad)) == ([], [code])


@pytest.mark.parametrize(
    ("code", "good", "bad"),
    [
        ("W.303", {"time": POLLS_CLOSE}, {"time": POLLS_CLOSE - 1}),
        ("W.304", {"time": POLLS_CLOSE + 800}, {"time": POLLS_CLOSE + 801}),
        ("W.306", {"session": 1}, {"session": 2}),
    ],
)
def test_rules_about_the_envelope(code: str, good: dict[str, object], bad: dict[str, object]) -> None:
    assert (tallied(cell(1), **good), tallied(cell(1), **bad)) == ([], [code])


def after_turnout(ballots: int, *told: tuple[int, int]) -> list[str]:
    night = small_night(rules=standard_rules())
    night.say(opening(night), DEVICE_KEYS[0])
    for time, count in told:
        night.say(turnout(night, count, POLLS_OPEN + time), DEVICE_KEYS[0])
    night.say(report(night, cell(1, ballots)), DEVICE_KEYS[0])
    return [flag.code for flag in night.fold.flags]


def test_turnout_is_at_most_what_is_counted_later() -> None:
    """The last time's number, whichever was told last; the other contest has 50 ballots."""
    assert (after_turnout(60, (3_600, 60)), after_turnout(60, (3_600, 61))) == ([], ["W.307"])
    assert (after_turnout(60, (7_200, 60), (3_600, 61)), after_turnout(60, (7_200, 61), (3_600, 60))) == ([], ["W.307"])


def test_the_turnout_of_an_urn_with_several_units_is_not_compared() -> None:
    """It is told for all of them together."""
    parts = small_parts()
    lines = (UnitAssignment("101", "primary"), UnitAssignment("201", "remote"))
    parts[7] = msgspec.structs.replace(parts[7], urns=(UrnAssignment("u0", lines),))
    night = night_of(parts, rules=standard_rules())
    night.say(opening(night, units=("101", "201")), DEVICE_KEYS[0])
    night.say(turnout(night, 90), DEVICE_KEYS[0])
    night.say(report(night, cell(1)), DEVICE_KEYS[0])
    assert night.fold.flags == []


def filed(lines: dict[ReturnLineName, int], votes: int = 90) -> list[str]:
    night = small_night(rules=standard_rules())
    rows = tuple(ReturnVotes(selection, votes // 3) for selection in (1, 2, 3))
    contest = ReturnContest(1, tuple(ReturnLine(name, count) for name, count in lines.items()), rows)
    assert night.say(returned(night, "101", contest), COMMISSION_KEY).status == "applied"
    return [flag.code for flag in night.fold.flags]


LINES: dict[ReturnLineName, int] = {
    "received": 120, "issued_early": 10, "issued_inside": 80, "issued_outside": 5, "cancelled": 26, "lost": 1,
    "unaccounted": 2, "found_mobile": 5, "found_stationary": 90, "valid": 90, "invalid": 5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        *((name, ["W.401"]) for name in list(LINES)[:7]),
        ("found_mobile", ["W.402"]), ("found_stationary", ["W.402"]), ("invalid", ["W.402"]),
        ("valid", ["W.402", "W.403"]),
    ],
)  # fmt: skip
def test_the_control_equations_of_a_return(line: ReturnLineName, codes: list[str]) -> None:
    assert filed(LINES) == []
    assert filed({**LINES, line: LINES[line] + 1}) == codes
    # A line that the protocol lacks leaves nothing to compare.
    assert filed({name: count for name, count in LINES.items() if name != line}) == []


def test_every_standard_rule_is_tried_here() -> None:
    text = Path(__file__).read_text()
    assert [rule.code for rule in standard_rules() if f'"{rule.code}"' not in text] == []


def test_votes_are_the_valid_ballots() -> None:
    assert (filed(LINES, votes=90), filed(LINES, votes=93)) == ([], ["W.403"])


def test_a_flag_names_its_entry_and_what_is_wrong() -> None:
    night = small_night(rules=standard_rules())
    night.say(report(night, cell(1, 101)), DEVICE_KEYS[0])
    by_code = {flag.code: flag for flag in night.fold.flags}
    assert (by_code["W.301"].index, by_code["W.301"].message) == (11, "unit 101: more ballots than registered voters")
    outcome = night.say(report(night, with_votes(49)), DEVICE_KEYS[0])
    assert outcome.code == "CONFLICT"


def test_a_tally_that_breaks_arithmetic_counts_nowhere() -> None:
    night = small_night(rules=standard_rules())
    outcome = night.say(report(night, with_votes(49)), DEVICE_KEYS[0])
    assert (outcome.status, outcome.code) == ("held", "F.201")
    assert outcome.message.startswith("contest 1: votes, undervotes and overvotes")
    assert (night.fold.totals, night.fold.live, night.fold.flags) == ({}, {}, [])


def test_a_withheld_cell_is_not_asked() -> None:
    night = night_of(small_parts(), rules=standard_rules(), secrecy_threshold=60)
    night.say(opening(night), DEVICE_KEYS[0])
    assert night.say(report(night, ContestTally(1, 9, None, None, None)), DEVICE_KEYS[0]).status == "counted"
    assert night.fold.flags == []
