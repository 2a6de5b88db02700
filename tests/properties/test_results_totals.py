"""Totals are what the tallies say, whatever the order in which they came and whatever came besides."""

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ledger.election import (
    BallotContest,
    Contest,
    ContestSelection,
    Part,
    ReportingDevice,
    ReportingUnit,
    UnitAssignment,
    UrnAssignment,
)
from ledger.fold import Fold, Totals
from ledger.primitives import KeyId, sha256
from ledger.record import VerifiedRecord
from ledger.results import PRECINCTS, StateFiles, render_numbered
from ledger.signing import Ed25519Signer
from ledger.tally import ContestTally, TallyReport
from tests.unit.ledger.definition_factory import election_of
from tests.unit.ledger.election_factory import ELECTION_KEY, words

PRECINCT_IDS = [f"p{place}" for place in range(4)]
URNS = [(f"u{place}", unit) for place, unit in enumerate([*PRECINCT_IDS, PRECINCT_IDS[0]])]
REMOTE_URN = "remote"
KEYS = [Ed25519Signer(bytes([100 + place]) * 32).public_key for place in range(len(URNS) + 1)]


def make_parts() -> list[Part]:
    """Two counties of two precincts each; an urn a precinct, two in the first; one remote urn for contest 2 of all."""
    nobody = bytes(32)
    selections = tuple(ContestSelection(place, words(f"S{place}"), "", "candidate") for place in (1, 2, 3))
    contests = [Contest(nobody, number, words(f"C{number}"), "O", str(number), 2, selections) for number in (1, 2)]
    ballots = [(BallotContest(1), BallotContest(2)), (BallotContest(1, (2,)), BallotContest(2))]
    units = [
        ReportingUnit(nobody, "KG", "country", words("Country"), None, None, ()),
        *(ReportingUnit(nobody, name, "county", words(name), "KG", None, ()) for name in ("A", "B")),
        *(
            ReportingUnit(nobody, name, "precinct", words(name), "AB"[place // 2], 100 + place, ballots[place % 2])
            for place, name in enumerate(PRECINCT_IDS)
        ),
    ]
    urns = [UrnAssignment(urn, (UnitAssignment(unit, "primary"),)) for urn, unit in URNS]
    urns.append(UrnAssignment(REMOTE_URN, tuple(UnitAssignment(unit, "remote", (2,)) for unit in PRECINCT_IDS)))
    devices = [ReportingDevice(nobody, line.urn, key, (line,)) for key, line in zip(KEYS, urns, strict=True)]
    return [*contests, *units, *devices]


ELECTION, PARTS = election_of(make_parts())
CELLS = [*((place, urn, unit) for place, (urn, unit) in enumerate(URNS)), *((5, REMOTE_URN, u) for u in PRECINCT_IDS)]


def verified(body: object, signer: KeyId, salt: int) -> VerifiedRecord:
    """As if verified: signatures are another test's business."""
    return VerifiedRecord(body, (signer,), sha256(b"%d" % salt))  # type: ignore[arg-type]  # of the kinds used here


def new_fold() -> Fold:
    fold = Fold()
    for body in (ELECTION, *PARTS):
        fold.apply(fold.size, verified(body, ELECTION_KEY.public_key.key_id, fold.size))
    assert fold.definition.complete
    return fold


@st.composite
def counts(draw: st.DrawFn, place: int, urn: str, unit: str) -> TallyReport:
    """A tally of one urn and unit that breaks no rule."""
    contests = []
    for number in (2,) if urn == REMOTE_URN else (1, 2):
        omitted = number == 1 and PRECINCT_IDS.index(unit) % 2 == 1
        ids = (1, 3) if omitted else (1, 2, 3)
        rows = tuple((row, draw(st.integers(0, 900)), draw(st.integers(0, 900))) for row in ids)
        votes = [sum(row[1:]) for row in rows]
        ballots = max(max(votes), -(-sum(votes) // 2)) + draw(st.integers(0, 50))
        over, under = draw(st.integers(0, 9)), draw(st.integers(0, 9))
        contests.append(ContestTally(number, ballots, over, under, rows))
    return TallyReport(
        ELECTION.election_id, place, None, urn, unit, 1, 1_800_000_000, "urn", bytes(32), None, tuple(contests)
    )


@st.composite
def nights(draw: st.DrawFn) -> list[tuple[int, TallyReport]]:
    """Tallies of some of the cells, each with the place of its device's key."""
    chosen = draw(st.lists(st.sampled_from(CELLS), unique=True, max_size=len(CELLS)))
    return [(place, draw(counts(place, urn, unit))) for place, urn, unit in chosen]


def fold_all(tallies: Sequence[tuple[int, TallyReport]]) -> Fold:
    fold = new_fold()
    for place, body in tallies:
        fold.apply(fold.size, verified(body, KEYS[place].key_id, fold.size))
    return fold


def numbers(totals: Totals) -> tuple[object, ...]:
    return (*totals.votes, totals.registered, totals.cells, totals.ballots, totals.overvotes, totals.undervotes)


def all_numbers(fold: Fold) -> dict[tuple[str, int], tuple[object, ...]]:
    return {cell: numbers(totals) for cell, totals in fold.totals.items()}


@given(nights().flatmap(lambda night: st.tuples(st.just(night), st.permutations(night))))
def test_totals_do_not_depend_on_the_order(
    both: tuple[list[tuple[int, TallyReport]], list[tuple[int, TallyReport]]],
) -> None:
    """However the network interleaves what the devices send, the numbers and the votes by precinct are the same."""
    first, second = map(fold_all, both)
    assert first.held == second.held == []
    assert all_numbers(first) == all_numbers(second)
    assert StateFiles(first).render()[PRECINCTS] == StateFiles(second).render()[PRECINCTS]


@given(nights())
def test_every_level_is_the_sum_of_the_one_below(night: list[tuple[int, TallyReport]]) -> None:
    """Precincts to counties to the country; and the country is the sum of the tallies, added here another way."""
    fold = fold_all(night)
    below = {"A": PRECINCT_IDS[:2], "B": PRECINCT_IDS[2:], "KG": ["A", "B"]}
    for contest in (1, 2):
        for upper, lower in below.items():
            parts = [numbers(fold.totals[unit, contest]) for unit in lower if (unit, contest) in fold.totals]
            summed = tuple(map(sum, zip(*parts, strict=True)))
            assert summed == (numbers(fold.totals[upper, contest]) if parts else ())
        lines = [line for _, body in night for line in body.contests if line.contest == contest]
        if lines:
            country = fold.totals["KG", contest]
            assert sum(country.votes) == sum(sum(row[1:]) for line in lines for row in line.selections or ())
            assert (country.cells, country.ballots) == (len(lines), sum(line.ballots for line in lines))


@given(nights(), st.data())
def test_repeats_and_conflicts_never_change_a_total(night: list[tuple[int, TallyReport]], data: st.DataObject) -> None:
    """Whatever else comes for a cell after its tally: the same counts are a repeat, other counts are held."""
    fold = new_fold()
    for place, body in night:
        fold.apply(fold.size, verified(body, KEYS[place].key_id, fold.size))
        before = all_numbers(fold)
        earlier = night[: night.index((place, body)) + 1]
        again_place, again = data.draw(st.sampled_from(earlier))
        other = data.draw(counts(again_place, again.urn, again.unit))
        for second in (msgspec.structs.replace(again, time=7), other):
            outcome = fold.apply(fold.size, verified(second, KEYS[again_place].key_id, fold.size))
            assert outcome.status == ("repeat" if second.contests == again.contests else "held")
        assert all_numbers(fold) == before


@given(nights(), st.data())
def test_files_rendered_on_the_way_are_those_rendered_afresh(
    night: list[tuple[int, TallyReport]], data: st.DataObject
) -> None:
    """The publisher renders only what changed; an observer renders all of it once. Their bytes are the same."""
    fold = new_fold()
    files = StateFiles(fold)
    for place, body in [*night, *night[:2]]:
        changed = data.draw(counts(place, body.urn, body.unit)) if data.draw(st.booleans()) else body
        fold.apply(fold.size, verified(changed, KEYS[place].key_id, fold.size))
        if data.draw(st.booleans()):
            files.render()
    kept = files.render()
    afresh = StateFiles(fold).render()
    assert kept == afresh
    assert render_numbered(fold, sha256(b"root"), kept) == render_numbered(fold, sha256(b"root"), afresh)
