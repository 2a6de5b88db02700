"""Whatever is told and decided: every total at every level is what the live tallies say, less what is annulled."""

import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.primitives import Hash, sha256
from ledger.results import COVERAGE, PRECINCTS, StateFiles, render_numbered
from ledger.rulings import Decision, DecisionAction
from ledger.tally import ContestTally, TallyReport
from tests.properties.decided_night import CELLS, ELECTION, SELECTIONS, SERVED, DecidedNight, Sums

LEVELS = ["p0", "p1", "p2", "A", "B", "KG"]
NO_TARGET = Hash(bytes(32))


@st.composite
def cells(draw: st.DrawFn, unit: str, contest: int) -> ContestTally:
    if draw(st.integers(0, 5)) == 0:
        return ContestTally(contest, draw(st.integers(0, 9)), None, None, None)
    few = st.integers(0, 3)
    rows = tuple((row, draw(few), draw(few)) for row in SELECTIONS[unit, contest])
    ballots = sum(sum(row[1:]) for row in rows) + draw(few)
    return ContestTally(contest, ballots, draw(few), draw(few), rows)


@st.composite
def tallies(draw: st.DrawFn) -> TallyReport:
    urn, unit = draw(st.sampled_from(CELLS))
    contests = tuple(draw(cells(unit, contest)) for contest in SERVED[urn][unit][1])
    return TallyReport(ELECTION.election_id, 1, None, urn, unit, 1, 1, "urn", bytes(32), None, contests)


def decide(action: DecisionAction, *targets: Hash, **subjects: Any) -> Decision:
    return Decision(ELECTION.election_id, action, "r", "1", tuple(sorted(targets)), **subjects)


@st.composite
def decisions(draw: st.DrawFn, night: DecidedNight) -> Decision:
    """Mostly about something that is there; what the fold makes of it is for the fold to say."""
    action: DecisionAction = draw(st.sampled_from(["release", "correct", "annul", "reinstate", "out_of_use"]))
    unit = draw(st.sampled_from(["p0", "p1", "p2"]))
    match action:
        case "release" | "correct":
            target = draw(st.sampled_from(sorted(night.bodies) or [NO_TARGET]))
            of = night.bodies[target].unit if target in night.bodies else unit
            live = draw(st.sampled_from(sorted(night.live_in(of)) or [NO_TARGET])) if action == "correct" else None
            return decide(action, target, supersedes=live)
        case "annul":
            contests = draw(st.sampled_from([None, (1,), (2,)]))
            return decide("annul", *night.live_in(unit), unit=unit, contests=contests)
        case "reinstate":
            return decide("reinstate", draw(st.sampled_from(sorted(night.annulled) or [NO_TARGET])))
        case _:
            return decide("out_of_use", urn=draw(st.sampled_from(sorted(SERVED))))


def step(data: st.DataObject, night: DecidedNight) -> None:
    choice = data.draw(st.integers(0, 9))
    if choice < 6:
        night.report(data.draw(tallies()))
    elif choice < 9:
        night.decide(data.draw(decisions(night)))
    else:
        night.amend(data.draw(st.sampled_from(["p0", "p1", "p2"])), data.draw(st.sampled_from([None, 0, 10, 500])))


def all_sums(night: DecidedNight) -> dict[str, Sums]:
    return {f"{level}/{contest}": night.sums(level, contest) for level in LEVELS for contest in (1, 2)}


def all_folded(night: DecidedNight) -> dict[str, Sums]:
    return {f"{level}/{contest}": night.folded(level, contest) for level in LEVELS for contest in (1, 2)}


@given(st.data())
def test_totals_are_what_the_live_tallies_say(data: st.DataObject) -> None:
    """After every record; with as many cells in at most as are waited for, and the published files the same."""
    night = DecidedNight()
    files = StateFiles(night.fold)
    for _ in range(data.draw(st.integers(1, 25))):
        step(data, night)
        assert all_folded(night) == all_sums(night)
        for (unit, contest), totals in night.fold.totals.items():
            assert 0 <= totals.withheld <= totals.cells <= night.fold.definition.expected[unit, contest].cells
            assert min(totals.votes) >= 0 <= min(totals.ballots, totals.overvotes, totals.undervotes)
        if data.draw(st.booleans()):
            files.render()
    assert files.render() == StateFiles(night.fold).render()
    check_numbered(night)


def check_numbered(night: DecidedNight) -> None:
    """The numbered file has the same numbers."""
    document = json.loads(render_numbered(night.fold, sha256(b"root"), {}))
    for contest in document["contests"]:
        for row in [{**contest, "unit": "KG"}, *contest["units"]]:
            sums = night.sums(row["unit"], contest["number"])
            votes = [count for selection in row["selections"] for count in selection["by_type"]]
            names = ("cells_reported", "cells_withheld", "ballots", "overvotes", "undervotes")
            assert (votes, [row[name] for name in names]) == (sums.votes, sums.numbers)
            assert row["cells_expected"] == sums.expected
            assert [row["registered_expected"], row["registered_reported"]] == sums.registered


@given(st.data())
def test_an_annulment_that_is_ended_leaves_nothing_behind(data: st.DataObject) -> None:
    night = DecidedNight()
    for _ in range(data.draw(st.integers(1, 15))):
        step(data, night)
    before, files = all_folded(night), StateFiles(night.fold).render()
    unit = data.draw(st.sampled_from(["p0", "p1", "p2"]))
    contests = data.draw(st.sampled_from([None, (1,), (2,), (1, 2)]))
    outcome = night.decide(decide("annul", *night.live_in(unit), unit=unit, contests=contests))
    assume(outcome.status == "applied")
    annulment = list(night.annulled)[-1]
    held = night.report(data.draw(tallies().filter(lambda body: body.unit == unit)))
    assert held.status in ("held", "repeat")
    for contest in contests or (1, 2):
        assert not any(night.sums(unit, contest).numbers) and all_folded(night) == all_sums(night)
    assert night.decide(decide("reinstate", annulment)).status == "applied"
    assert all_folded(night) == before
    after = StateFiles(night.fold).render()
    assert after[PRECINCTS] == files[PRECINCTS]
    assert [row.split(",")[:11] for row in after[COVERAGE].decode().splitlines()] == [
        row.split(",")[:11] for row in files[COVERAGE].decode().splitlines()
    ]
