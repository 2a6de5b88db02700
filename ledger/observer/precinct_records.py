"""What the records of a proof bundle say of its precinct, read in the order of the log as the fold reads them.

Who may sign is asked of the entries before; what an act of authority does to keys and names is what ``amendments`` lets
it do. An entry that bears on something else is refused (``FOREIGN_ENTRY``): a file has what it is asked for, and no
more. The election's parts are compared with the root of the parts by whoever calls this.

The election key acts alone only until the polls open, which the fold learns from snapshots. A file shows that with the
two snapshots between which such an act lies: their numbers follow one another, and the first says an earlier time.
"""

from collections.abc import Iterator, Mapping

from ledger.amendments import apply_to_keys, keeps_contest, keeps_unit
from ledger.definition import Definition
from ledger.election import Contest, Election, Part, ReportingDevice, ReportingUnit
from ledger.errors import FormatError, VerificationError
from ledger.key_check import is_sound_key
from ledger.primitives import KeyId
from ledger.record import SignedRecord, Snapshot, VerifiedRecord, verify_record
from ledger.rulings import Authority, Decision, Return, Succession
from ledger.signing import CryptographyVerifier
from ledger.tally import Opening, TallyReport

PARTS: tuple[type[Part], ...] = (Contest, ReportingUnit, ReportingDevice)


class PrecinctRecords:
    """Of unit ``unit``; ``contest`` is None for its whole ballot. All records are read when this is made.

    ``tallies``, ``decisions``, ``returns``, ``acts`` and ``successions`` are by entry index; ``revoked`` has the
    indices of tallies, openings and rulings that a key signed which had been revoked before. ``definition`` has names
    as they were amended.

    Raises FormatError(``BAD_BUNDLE``), SignatureError, VerificationError(``NOT_THIS_ELECTION``, ``FOREIGN_ENTRY``,
    ``ACT_NOT_IN_FORCE``), and ConflictError for a part that is named twice.
    """

    def __init__(self, election: Election, records: Mapping[int, SignedRecord], unit: str, contest: int | None) -> None:
        self.definition = Definition()
        self.tallies: dict[int, TallyReport] = {}
        self.decisions: dict[int, Decision] = {}
        self.returns: dict[int, Return] = {}
        self.acts: dict[int, Authority] = {}
        self.successions: dict[int, Succession] = {}
        self.revoked: set[int] = set()
        self._election, self._unit, self._contest = election, unit, contest
        self._leaves: dict[bytes, int] = {}
        self._verifier = CryptographyVerifier()
        self._snapshots = [(index, one.body) for index, one in records.items() if isinstance(one.body, Snapshot)]
        for index, record in records.items():
            self._take(index, record)
        self._require_whole()

    @property
    def generation(self) -> int:
        """Of the log, as far as the file shows."""
        return 1 + len(self.successions)

    def rulings_on(self, tally: int) -> tuple[int, ...]:
        """Entries of the decisions that name the tally at this index, or put another in its place."""
        return tuple(index for index, body in self.decisions.items() if tally in self._named(body))

    def _take(self, index: int, record: SignedRecord) -> None:
        if not isinstance(record.body, Election) and record.body.election_id != self._election.election_id:
            raise VerificationError("NOT_THIS_ELECTION", f"entry {index} is of another election")
        verified = verify_record(record, self.definition, self._verifier)
        if any(key in self.definition.keys.revoked for key in verified.signers):
            self.revoked.add(index)
        self._leaves[bytes(verified.leaf_hash)] = index
        match verified.body:
            case Election() as body:
                if index != 0:
                    raise VerificationError("NOT_THIS_ELECTION", f"entry {index} is a second election record")
                self.definition.add_election(body)
            case Contest() | ReportingUnit() | ReportingDevice() as body:
                self.definition.add_part(body)
            case Authority() as body:
                self._require_in_force(index, verified)
                self._act(index, body)
            case Succession() as body:
                self._require_in_force(index, verified)
                self._succeed(index, body)
            case _:
                self._take_of_precinct(index, verified)

    def _take_of_precinct(self, index: int, record: VerifiedRecord) -> None:
        match record.body:
            case TallyReport() as body:
                self._require(index, speaks_of(self.definition, record.signer, body, self._unit))
                self.tallies[index] = body
            case Opening() as body:
                self._require(index, speaks_of(self.definition, record.signer, body, self._unit))
            case Return() as body:
                self._require(index, body.unit == self._unit)
                self.returns[index] = body
            case Decision() as body:
                urn_serves = body.urn is not None and self._unit in self.definition.units_of.get(body.urn, ())
                self._require(index, body.unit == self._unit or urn_serves or bool(self._named(body)))
                self.decisions[index] = body
            case body:
                self._require(index, isinstance(body, Snapshot))

    def _require_in_force(self, index: int, record: VerifiedRecord) -> None:
        """An act before all parts are logged, by a revoked key, or alone once the polls are open, does nothing."""
        if index in self.revoked or index <= self._election.parts:
            raise VerificationError("ACT_NOT_IN_FORCE", f"the act of authority at entry {index} does not count")
        if len(record.signers) > 1:
            return
        before = max(((at, one) for at, one in self._snapshots if at < index), default=None)
        after = min(((at, one) for at, one in self._snapshots if at > index), default=None)
        opened = before is not None and before[1].time >= self._election.polls_open
        number = 0 if before is None else before[1].number
        if opened or after is None or after[1].number != number + 1:
            words = f"entry {index} is signed by the election key alone, and no two snapshots around it show that the "
            raise VerificationError("ACT_NOT_IN_FORCE", words + "polls were not open; a new act has its snapshot soon")

    def _act(self, index: int, body: Authority) -> None:
        definition, applied = self.definition, True
        if body.contest is not None:
            applied = keeps_contest(definition.contests.get(body.contest.number), body.contest)
            definition.contests |= {body.contest.number: body.contest} if applied else {}
        elif body.unit is not None:
            applied = keeps_unit(definition.units.get(body.unit.id), body.unit)
            definition.units |= {body.unit.id: body.unit} if applied else {}
        else:
            applied = apply_to_keys(definition, body).status == "applied"
        self._require(index, applied)
        self.acts[index] = body

    def _succeed(self, index: int, body: Succession) -> None:
        follows = body.generation == self.generation + 1 and body.tree_size == index and is_sound_key(body.log_key)
        if not follows:
            raise VerificationError("ACT_NOT_IN_FORCE", f"the succession at entry {index} does not count")
        self.successions[index] = body
        self.definition.chains = [body.chain]

    def _require_whole(self) -> None:
        definition = self.definition
        unit = definition.units.get(self._unit)
        above = list(ancestors(definition, self._unit))
        if unit is None or (above[-1].parent is not None):
            raise FormatError("BAD_BUNDLE", f"the bundle lacks the record of unit {self._unit}, or of one above it")
        ballot = {line.contest for line in unit.ballot}
        asked = ballot if self._contest is None else {self._contest} & ballot
        if not asked or asked - definition.contests.keys():
            raise FormatError("BAD_BUNDLE", f"the bundle lacks the record of a contest of unit {self._unit}")
        if definition.units.keys() != {one.id for one in above} or definition.contests.keys() != asked:
            raise VerificationError("FOREIGN_ENTRY", "a unit or a contest is none of those that were asked for")
        for device in definition.devices.values():
            if not serves(device, self._unit):
                raise VerificationError("FOREIGN_ENTRY", f"device {device.id} has no urn of precinct {self._unit}")

    def _named(self, body: Decision) -> set[int]:
        named = (*body.targets, *(() if body.supersedes is None else (body.supersedes,)))
        return {self._leaves[one] for one in named if one in self._leaves}

    def _require(self, index: int, holds: bool) -> None:
        if not holds:
            raise VerificationError("FOREIGN_ENTRY", f"entry {index} is not about precinct {self._unit}")


def speaks_of(definition: Definition, signer: KeyId, body: TallyReport | Opening, unit: str) -> bool:
    """Whether a device's record is of this unit, and of an urn that the device speaks for, or did."""
    if isinstance(body, Opening):
        return unit in definition.urn_units(signer, body.urn)
    return body.unit == unit and definition.assignment(signer, body.urn, unit) is not None


def serves(device: ReportingDevice, unit: str) -> bool:
    return any(row.unit == unit for line in device.urns for row in line.units)


def ancestors(definition: Definition, unit: str) -> Iterator[ReportingUnit]:
    """The unit and those above it, as far as they are named."""
    seen: set[str] = set()
    above: str | None = unit
    while above is not None and above in definition.units and above not in seen:
        seen.add(above)
        yield definition.units[above]
        above = definition.units[above].parent
