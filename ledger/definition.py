"""The election as the log has named it so far: the election record, its parts, the keys, and the cells to expect.

A *cell* is one urn, one reporting unit and one contest. The definition is complete when as many parts as the
election record says are logged and their root is the one that it names; until then nothing from a device is admitted.
"""

from dataclasses import dataclass

from ledger.definition_check import check_parts
from ledger.election import (
    FOLD_VERSION,
    Contest,
    Election,
    Part,
    ReportingDevice,
    ReportingUnit,
    UnitAssignment,
    part_hash,
    parts_root,
)
from ledger.errors import ConflictError, SignatureError, UnjudgeableError
from ledger.primitives import Hash, KeyId, PublicKey
from ledger.record import SignedRecord, Snapshot
from ledger.tally import Opening, TallyReport

Ballot = dict[int, tuple[int, ...]]
"""Contest number -> the ids of the selections on it, ascending."""


@dataclass(slots=True)
class Expected:
    """What a contest waits for in a unit: cells, and registered voters of the precincts that have them."""

    cells: int = 0
    registered: int = 0


class Definition:
    """Grows record by record. A record that is refused with a coded TunukError leaves the definition as it was.

    One exception: parts that are all there and do not fit one another (``BROKEN_PARTS``) never become complete.
    """

    def __init__(self) -> None:
        self.election: Election | None = None
        self.election_id: Hash | None = None
        self.contests: dict[int, Contest] = {}
        self.units: dict[str, ReportingUnit] = {}
        self.devices: dict[KeyId, ReportingDevice] = {}
        self.complete = False
        self.expected: dict[tuple[str, int], Expected] = {}
        self.urns_of: dict[str, list[str]] = {}
        self._offsets: dict[int, dict[int, int]] = {}
        self._hashes: list[Hash] = []
        self._device_ids: set[str] = set()
        self._roles: dict[KeyId, PublicKey] = {}
        self._assignments: dict[tuple[KeyId, str, str], UnitAssignment] = {}
        self._urns: dict[str, KeyId] = {}

    def signing_key(self, record: SignedRecord) -> PublicKey:
        """The key that may sign ``record``, from what is defined so far (``record.Authority``)."""
        key_id = KeyId(record.signatures[0].key_id)
        body = record.body
        if isinstance(body, Opening | TallyReport):
            device = self.devices.get(key_id)
            if device is not None:
                return PublicKey(device.public_key)
            raise SignatureError("UNKNOWN_KEY", f"no device of this election has the key {key_id.hex()}")
        if isinstance(body, Snapshot):
            if key_id in self._roles:
                return self._roles[key_id]
            raise SignatureError("UNKNOWN_KEY", f"no publisher of this election has the key {key_id.hex()}")
        # The first election record names the key for itself and for all that follow; its id is what an observer pins.
        election = body if self.election is None and isinstance(body, Election) else self.election
        if election is not None and PublicKey(election.election_key).key_id == key_id:
            return PublicKey(election.election_key)
        raise SignatureError("UNKNOWN_KEY", f"{key_id.hex()} is not the election key")

    def add_election(self, election: Election) -> None:
        """Raises ConflictError(``SECOND_ELECTION``) and UnjudgeableError(``UNKNOWN_FOLD_VERSION``)."""
        if self.election is not None:
            raise ConflictError("SECOND_ELECTION", "a log has one election record, its first entry")
        if election.fold_version != FOLD_VERSION:
            raise UnjudgeableError("UNKNOWN_FOLD_VERSION", f"fold version {election.fold_version} is not known here")
        self.election, self.election_id = election, election.election_id
        self._roles = {PublicKey(role.public_key).key_id: PublicKey(role.public_key) for role in election.roles}
        self._complete_if_all_are_logged()

    def add_part(self, part: Part) -> None:
        """Raises ConflictError(``DUPLICATE_PART``, ``PARTS_COMPLETE``) and FormatError for a part that cannot be."""
        if self.complete:
            raise ConflictError("PARTS_COMPLETE", "all parts of the election are logged; another one cannot join them")
        match part:
            case Contest():
                _refuse_duplicate(part.number in self.contests, f"contest {part.number}")
                self.contests[part.number] = part
                width = len(self.election.vote_types) if self.election else 0
                self._offsets[part.number] = {row.id: place * width for place, row in enumerate(part.selections)}
            case ReportingUnit():
                _refuse_duplicate(part.id in self.units, f"unit {part.id}")
                self.units[part.id] = part
            case ReportingDevice():
                self._add_device(part)
        self._hashes.append(part_hash(part))
        self._complete_if_all_are_logged()

    def assignment(self, device: KeyId, urn: str, unit: str) -> UnitAssignment | None:
        return self._assignments.get((device, urn, unit))

    def urn_units(self, device: KeyId, urn: str) -> tuple[str, ...]:
        """The units that ``urn`` serves, when this device speaks for it."""
        named = self.devices.get(device)
        lines = named.urns if named is not None else ()
        return tuple(assignment.unit for line in lines if line.urn == urn for assignment in line.units)

    def ballot(self, assignment: UnitAssignment) -> Ballot:
        """The contests and selections that a tally under ``assignment`` has to report."""
        ballot: Ballot = {}
        for line in self.units[assignment.unit].ballot:
            if assignment.contests is None or line.contest in assignment.contests:
                omitted = set(line.omitted)
                selections = self.contests[line.contest].selections
                ballot[line.contest] = tuple(selection.id for selection in selections if selection.id not in omitted)
        return ballot

    def offsets(self, contest: int) -> dict[int, int]:
        """Selection id -> place of its first vote type in an array of the contest's votes."""
        return self._offsets[contest]

    def ancestry(self, unit: str) -> tuple[str, ...]:
        """``unit`` itself and the units above it, up to the country."""
        path: list[str] = []
        current: str | None = unit
        while current is not None:
            path.append(current)
            current = self.units[current].parent
        return tuple(path)

    def _add_device(self, device: ReportingDevice) -> None:
        key_id = PublicKey(device.public_key).key_id
        _refuse_duplicate(key_id in self.devices, f"device key {key_id.hex()}")
        _refuse_duplicate(device.id in self._device_ids, f"device {device.id}")
        urns = [line.urn for line in device.urns]
        for urn in urns:
            _refuse_duplicate(urn in self._urns or urns.count(urn) > 1, f"urn {urn}")
        pairs = [(key_id, line.urn, assignment.unit) for line in device.urns for assignment in line.units]
        _refuse_duplicate(len(set(pairs)) != len(pairs), f"a unit in an urn of device {device.id}")
        self.devices[key_id] = device
        self._device_ids.add(device.id)
        self._urns.update((urn, key_id) for urn in urns)
        for line in device.urns:
            self._assignments.update({(key_id, line.urn, assignment.unit): assignment for assignment in line.units})

    def _complete_if_all_are_logged(self) -> None:
        election = self.election
        if election is None or len(self._hashes) != election.parts or parts_root(self._hashes) != election.parts_root:
            return
        check_parts(self.contests, self.units, list(self._assignments.values()))
        for (_, urn, unit), assignment in sorted(self._assignments.items()):
            self.urns_of.setdefault(unit, []).append(urn)
            if assignment.role != "spare":
                self._expect(assignment)
        self.complete = True

    def _expect(self, assignment: UnitAssignment) -> None:
        registered = self.units[assignment.unit].registered_voters or 0
        for contest in self.ballot(assignment):
            first = (assignment.unit, contest) not in self.expected
            for unit in self.ancestry(assignment.unit):
                expected = self.expected.setdefault((unit, contest), Expected())
                expected.cells += 1
                expected.registered += registered if first else 0


def _refuse_duplicate(duplicate: bool, what: str) -> None:
    if duplicate:
        raise ConflictError("DUPLICATE_PART", f"{what} is defined twice")
