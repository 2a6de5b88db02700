"""The only place where votes are added: verified records in the order of the log, one at a time, into totals.

A pure function of the entries: no clock, no randomness, no IO. ``Fold.apply`` takes the record at an entry's index and
says what became of it; nothing raises for a record that merely breaks a rule, for it is evidence and stays listed. The
state is updated in place, by its one owner, because a country does not fit in a copy per tally.

Rules, each with the code of the records that it keeps out:
    PARTS_INCOMPLETE          nothing from a device is admitted before all parts of the election are logged
    OTHER_ELECTION            a body starts with this election's id
    NOT_ASSIGNED              a device speaks only for the urns and units that its device record names
    WRONG_CONTESTS            a tally has every contest and selection of its cell's ballot, and no others
    MORE_VOTES_THAN_BALLOTS   no selection has more votes than ballots, no contest more than its voters had
    CONFLICT                  one live tally per urn and unit: a different second one is held, the first stays counted
    SPARE                     a spare stands in for a unit's primary urns: once it or one of them counts, others wait
and those of ``Definition`` for the election's own records. Equal counts in another envelope are a repeat, never added.
"""

from array import array
from dataclasses import dataclass, field
from typing import Literal

from ledger.definition import Ballot, Definition
from ledger.election import Contest, Election, ReportingDevice, ReportingUnit, UnitAssignment
from ledger.errors import TunukError, UnjudgeableError
from ledger.primitives import Hash, KeyId
from ledger.record import Snapshot, VerifiedRecord
from ledger.tally import ContestTally, Opening, TallyReport

Status = Literal["applied", "counted", "repeat", "held"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a record: defined something, was counted, repeated what is counted, or is held (with a code)."""

    status: Status
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A record that a rule keeps out of the totals: its entry index, the rule's code, words for people."""

    index: int
    code: str
    message: str


@dataclass(slots=True)
class Totals:
    """Sums of one contest in one unit. ``votes`` is by selection (the contest's order), then by vote type.

    ``registered`` counts the registered voters of the precincts whose every expected cell of the contest is in.
    """

    votes: "array[int]"
    registered: int = 0
    cells: int = 0
    ballots: int = 0
    overvotes: int = 0
    undervotes: int = 0


@dataclass(slots=True)
class LiveTally:
    """The tally that counts for one urn and unit: its entry index, its counts' hash, the entries that contradict it."""

    index: int
    counts_hash: Hash
    role: str
    conflicts: tuple[int, ...] = ()


@dataclass(slots=True)
class Fold:
    """State after ``size`` entries. ``totals`` is by (unit, contest) for precincts and all units above them."""

    definition: Definition = field(default_factory=Definition)
    size: int = 0
    snapshots: int = 0
    totals: dict[tuple[str, int], Totals] = field(default_factory=dict)
    live: dict[tuple[str, str], LiveTally] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    repeats: int = 0
    openings: int = 0
    gaps: list[int] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    _chains: dict[KeyId, tuple[int, Hash]] = field(default_factory=dict)
    _counted_by: dict[str, tuple[str, str]] = field(default_factory=dict)

    def apply(self, index: int, record: VerifiedRecord) -> Outcome:
        """Fold the record at entry ``index``, which must be the next. Raises ValueError for any other index.

        Raises UnjudgeableError for an election whose fold version is not ``FOLD_VERSION``.
        """
        if index != self.size:
            raise ValueError(f"entry {index} cannot follow {self.size} folded entries")
        outcome = self._judge(index, record)
        self.size += 1
        if outcome.status == "held":
            self.held.append(Held(index, outcome.code, outcome.message))
        elif outcome.status == "repeat":
            self.repeats += 1
        return outcome

    def _judge(self, index: int, record: VerifiedRecord) -> Outcome:
        body = record.body
        if isinstance(body, Election):
            return self._define(body)
        if body.election_id != self.definition.election_id:
            return Outcome("held", "OTHER_ELECTION", f"this record belongs to election {body.election_id.hex()}")
        if isinstance(body, Contest | ReportingUnit | ReportingDevice):
            return self._define(body)
        if isinstance(body, Snapshot):
            self.snapshots += 1
            return Outcome("applied")
        self._follow_chain(index, body, record)
        if not self.definition.complete:
            return Outcome("held", "PARTS_INCOMPLETE", "a device's record came before the election was complete")
        return self._open(body, record) if isinstance(body, Opening) else self._tally(index, body, record)

    def _define(self, body: Election | Contest | ReportingUnit | ReportingDevice) -> Outcome:
        try:
            if isinstance(body, Election):
                self.definition.add_election(body)
            else:
                self.definition.add_part(body)
        except UnjudgeableError:
            raise
        except TunukError as error:
            return Outcome("held", error.code, error.message)
        return Outcome("applied")

    def _follow_chain(self, index: int, body: Opening | TallyReport, record: VerifiedRecord) -> None:
        """Note a gap where the record does not name the device's previous one in the log."""
        seq, previous = self._chains.get(record.signer, (0, None))
        if body.seq != seq + 1 or body.previous != previous:
            self.gaps.append(index)
        self._chains[record.signer] = body.seq, record.leaf_hash

    def _open(self, body: Opening, record: VerifiedRecord) -> Outcome:
        if set(body.units) != set(self.definition.urn_units(record.signer, body.urn)):
            return Outcome("held", "NOT_ASSIGNED", f"the device does not open urn {body.urn} for these units")
        self.openings += 1
        return Outcome("applied")

    def _tally(self, index: int, body: TallyReport, record: VerifiedRecord) -> Outcome:
        assignment = self.definition.assignment(record.signer, body.urn, body.unit)
        if assignment is None:
            return Outcome("held", "NOT_ASSIGNED", f"the device does not speak for urn {body.urn} in unit {body.unit}")
        fault = self._fault(body, self.definition.ballot(assignment))
        if fault is not None:
            return fault
        live = self.live.get((body.urn, body.unit))
        counts_hash = body.counts_hash
        if live is not None and live.counts_hash == counts_hash:
            return Outcome("repeat")
        if live is not None:
            live.conflicts += (index,)
            self.changed.add(body.unit)
            return Outcome(
                "held", "CONFLICT", f"urn {body.urn} already has another tally of unit {body.unit}, entry {live.index}"
            )
        return self._count(index, body, assignment, counts_hash)

    def _fault(self, body: TallyReport, ballot: Ballot) -> Outcome | None:
        if tuple(line.contest for line in body.contests) != tuple(ballot):
            return Outcome("held", "WRONG_CONTESTS", f"unit {body.unit} reports the contests {list(ballot)}")
        vote_types = len(self.definition.election.vote_types) if self.definition.election else 0
        for line in body.contests:
            if tuple(row[0] for row in line.selections) != ballot[line.contest]:
                return Outcome("held", "WRONG_CONTESTS", f"contest {line.contest}: not the selections on the ballot")
            if any(len(row) != 1 + vote_types for row in line.selections):
                return Outcome("held", "WRONG_CONTESTS", f"contest {line.contest}: not {vote_types} vote types")
            votes = [sum(row[1:]) for row in line.selections]
            allowed = self.definition.contests[line.contest].votes_allowed
            if max(votes) > line.ballots or sum(votes) > allowed * line.ballots:
                words = f"contest {line.contest}: {sum(votes)} votes on {line.ballots} ballots"
                return Outcome("held", "MORE_VOTES_THAN_BALLOTS", words)
        return None

    def _count(self, index: int, body: TallyReport, assignment: UnitAssignment, counts_hash: Hash) -> Outcome:
        if assignment.role != "remote":
            role, urn = self._counted_by.setdefault(body.unit, (assignment.role, body.urn))
            if "spare" in (role, assignment.role) and (role, urn) != (assignment.role, body.urn):
                return Outcome("held", "SPARE", f"unit {body.unit} is already counted from its {role} urn {urn}")
        self.live[body.urn, body.unit] = LiveTally(index, counts_hash, assignment.role)
        for line in body.contests:
            for unit in self.definition.ancestry(body.unit):
                self._add(unit, line)
            self._cover(body.unit, line.contest)
        self.changed.add(body.unit)
        return Outcome("counted")

    def _add(self, unit: str, line: ContestTally) -> None:
        offsets = self.definition.offsets(line.contest)
        totals = self.totals.get((unit, line.contest))
        if totals is None:
            width = len(line.selections[0]) - 1
            totals = self.totals[unit, line.contest] = Totals(array("Q", bytes(8 * width * len(offsets))))
        totals.cells += 1
        totals.ballots += line.ballots
        totals.overvotes += line.overvotes
        totals.undervotes += line.undervotes
        for row in line.selections:
            offset = offsets[row[0]] - 1
            for position in range(1, len(row)):
                totals.votes[offset + position] += row[position]

    def _cover(self, precinct: str, contest: int) -> None:
        """Once a precinct's cells of a contest are all in, its registered voters count as covered, upwards too."""
        expected = self.definition.expected.get((precinct, contest))
        if expected is not None and self.totals[precinct, contest].cells == expected.cells:
            for unit in self.definition.ancestry(precinct):
                self.totals[unit, contest].registered += expected.registered
