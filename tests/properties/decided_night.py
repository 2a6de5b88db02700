"""A night of tallies and decisions beside a model of it, which adds everything up anew in the plainest way.

The model takes from the fold only what became of each record; what follows from that it works out for itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import structs

from ledger.election import (
    BallotContest,
    Contest,
    ContestSelection,
    Part,
    ReportingDevice,
    ReportingUnit,
    UnitAssignment,
    UrnAssignment,
    UrnRole,
)
from ledger.fold import Fold, Outcome
from ledger.primitives import Hash, KeyId, PublicKey, sha256
from ledger.record import Body, VerifiedRecord
from ledger.rulings import Authority, Decision
from ledger.signing import Ed25519Signer
from ledger.tally import ContestTally, TallyReport
from tests.unit.ledger.definition_factory import election_of
from tests.unit.ledger.election_factory import ELECTION_KEY, OFFICIAL_KEYS, words

NOBODY = bytes(32)
COUNTY_OF = {"p0": "A", "p1": "A", "p2": "B"}
REGISTERED = {"p0": 100, "p1": None, "p2": 300}
SELECTIONS = {(unit, contest): (1, 2, 3) for unit in COUNTY_OF for contest in (1, 2)} | {("p1", 1): (1, 2)}
SERVED: dict[str, dict[str, tuple[UrnRole, tuple[int, ...]]]] = {
    "a1": {"p0": ("primary", (1, 2))},
    "a2": {"p0": ("primary", (1,))},
    "s1": {"p0": ("spare", (1, 2))},
    "s2": {"p0": ("spare", (1,))},
    "b1": {"p1": ("primary", (1, 2)), "p2": ("spare", (1, 2))},
    "c1": {"p2": ("primary", (1, 2))},
    "r1": {"p0": ("remote", (2,)), "p1": ("remote", (2,)), "p2": ("remote", (1, 2))},
}
"""Urn -> unit -> role and contests."""

CELLS = [(urn, unit) for urn, units in SERVED.items() for unit in units]
KEYS = {urn: Ed25519Signer(bytes([100 + place]) * 32).public_key for place, urn in enumerate(SERVED)}


def make_parts() -> list[Part]:
    selections = tuple(ContestSelection(place, words(f"S{place}"), "", "candidate") for place in (1, 2, 3))
    contests: list[Part] = [Contest(NOBODY, number, words(f"C{number}"), "O", "", 2, selections) for number in (1, 2)]
    units: list[Part] = [ReportingUnit(NOBODY, "KG", "country", words("KG"), None, None, ())]
    units += [ReportingUnit(NOBODY, name, "county", words(name), "KG", 7, ()) for name in ("A", "B")]
    for name, county in COUNTY_OF.items():
        omitted = {number: tuple({1, 2, 3} - set(SELECTIONS[name, number])) for number in (1, 2)}
        ballot = tuple(BallotContest(number, omitted[number]) for number in (1, 2))
        units.append(ReportingUnit(NOBODY, name, "precinct", words(name), county, REGISTERED[name], ballot))
    devices: list[Part] = []
    for urn, units_of in SERVED.items():
        lines = tuple(UnitAssignment(unit, role, contests) for unit, (role, contests) in units_of.items())
        devices.append(ReportingDevice(NOBODY, urn, KEYS[urn], (UrnAssignment(urn, lines),)))
    return [*contests, *units, *devices]


ELECTION, PARTS = election_of(make_parts(), secrecy_threshold=10)
OFFICIAL_IDS = tuple(PublicKey(key.public_key).key_id for key in OFFICIAL_KEYS[:2])


class Sums(NamedTuple):
    """Of one contest in one unit. ``numbers``: cells, withheld cells, ballots, overvotes, undervotes.

    ``registered``: voters to wait for, voters of precincts that are all in.
    """

    votes: list[int]
    numbers: list[int]
    expected: int
    registered: list[int]


@dataclass
class DecidedNight:
    """``live`` and the rest are the model's; ``fold`` is what is tried."""

    fold: Fold = field(default_factory=Fold)
    live: dict[tuple[str, str], Hash] = field(default_factory=dict)
    bodies: dict[Hash, TallyReport] = field(default_factory=dict)
    annulled: dict[Hash, tuple[str, frozenset[int]]] = field(default_factory=dict)
    out_of_use: set[str] = field(default_factory=set)
    registered: dict[str, int | None] = field(default_factory=REGISTERED.copy)

    def __post_init__(self) -> None:
        for body in (ELECTION, *PARTS):
            self.apply(body, ELECTION_KEY.public_key.key_id)
        assert self.fold.definition.complete

    def apply(self, body: Body, *signers: KeyId) -> tuple[Hash, Outcome]:
        """As if verified: signatures are another test's business."""
        leaf = sha256(b"%d" % self.fold.size)
        return leaf, self.fold.apply(self.fold.size, VerifiedRecord(body, signers, leaf))

    def report(self, body: TallyReport) -> Outcome:
        leaf, outcome = self.apply(body, KEYS[body.urn].key_id)
        self.bodies[leaf] = body
        if outcome.status == "counted":
            assert (body.urn, body.unit) not in self.live
            self.live[body.urn, body.unit] = leaf
        return outcome

    def decide(self, body: Decision) -> Outcome:
        leaf, outcome = self.apply(body, *OFFICIAL_IDS)
        if outcome.status != "applied":
            return outcome
        match body.action:
            case "release" | "correct":
                counted = self.bodies[Hash(body.targets[0])]
                self.live = {cell: one for cell, one in self.live.items() if one != body.supersedes}
                assert (counted.urn, counted.unit) not in self.live
                self.live[counted.urn, counted.unit] = Hash(body.targets[0])
                self.out_of_use.discard(counted.urn)
            case "annul":
                unit = body.unit or ""
                self.annulled[leaf] = unit, frozenset(body.contests or (1, 2)) - self.annulled_in(unit)
            case "reinstate":
                del self.annulled[Hash(body.targets[0])]
            case "out_of_use":
                self.out_of_use.add(body.urn or "")
        return outcome

    def amend(self, unit: str, registered: int | None) -> None:
        part = structs.replace(self.fold.definition.units[unit], registered_voters=registered)
        act = Authority(ELECTION.election_id, "amend_unit", "r", "1", unit=part)
        assert self.apply(act, *OFFICIAL_IDS)[1].status == "applied"
        self.registered[unit] = registered

    def annulled_in(self, unit: str) -> frozenset[int]:
        return frozenset(contest for of, contests in self.annulled.values() if of == unit for contest in contests)

    def live_in(self, unit: str) -> list[Hash]:
        return [leaf for (_, of), leaf in self.live.items() if of == unit]

    def expected(self, precinct: str, contest: int) -> int:
        """Cells to wait for, counted urn by urn."""
        cells, spares, missing = 0, 0, 0
        for urn, units in SERVED.items():
            role, contests = units.get(precinct, ("spare", ()))
            if contest not in contests:
                continue
            in_use = urn not in self.out_of_use
            cells += role in ("primary", "remote") and in_use
            spares += role == "spare" and in_use
            missing += role == "primary" and not in_use
        return cells + min(spares, missing)

    def sums(self, level: str, contest: int) -> Sums:
        """Everything that is published of a contest in a unit, added up from the live tallies."""
        precincts = [unit for unit, county in COUNTY_OF.items() if level in (unit, county, "KG")]
        votes, numbers = [0] * 6, [0] * 5
        registered = covered = expected = 0
        for unit in precincts:
            cells = [line for line in self._cells(unit) if line.contest == contest]
            due = self.expected(unit, contest)
            expected += due
            registered += (self.registered[unit] or 0) if due else 0
            covered += (self.registered[unit] or 0) if due and len(cells) == due else 0
            for line in cells:
                shown = [1, line.withheld, line.ballots, line.overvotes or 0, line.undervotes or 0]
                numbers = [one + more for one, more in zip(numbers, shown, strict=True)]
                for selection, early, polls in line.selections or ():
                    votes[2 * selection - 2] += early
                    votes[2 * selection - 1] += polls
        return Sums(votes, numbers, expected, [registered, covered])

    def _cells(self, unit: str) -> Iterator[ContestTally]:
        for leaf in self.live_in(unit):
            yield from (line for line in self.bodies[leaf].contests if line.contest not in self.annulled_in(unit))

    def folded(self, level: str, contest: int) -> Sums:
        """The same from the fold."""
        expected = self.fold.definition.expected[level, contest]
        totals = self.fold.totals.get((level, contest))
        votes, numbers, covered = [0] * 6, [0] * 5, 0
        if totals is not None:
            votes, covered = list(totals.votes), totals.registered
            numbers = [totals.cells, totals.withheld, totals.ballots, totals.overvotes, totals.undervotes]
        registered = [expected.registered, covered]
        return Sums(votes, numbers, expected.cells, registered)
