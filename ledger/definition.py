"""The election as the log has named it so far: the election record, its parts, the keys, and the cells to expect.

A *cell* is one urn, one reporting unit and one contest. The definition is complete when as many parts as the election
record says are logged and their root is the one that it names; until then nothing from a device is admitted. What is
changed after that is changed by ``amendments``.
"""

from collections.abc import Collection
from dataclasses import dataclass

from ledger.definition_check import check_parts
from ledger.election import (
    FOLD_VERSION,
    ChainPins,
    Contest,
    Election,
    Part,
    ReportingDevice,
    ReportingUnit,
    UnitAssignment,
    part_hash,
    parts_root,
)
from ledger.errors import ConflictError, UnjudgeableError
from ledger.key_book import NamedKeys
from ledger.key_check import require_sound_key
from ledger.primitives import Hash, KeyId, PublicKey
from ledger.record import SignedRecord

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
        self.keys = NamedKeys()
        self.contests: dict[int, Contest] = {}
        self.units: dict[str, ReportingUnit] = {}
        self.chains: list[ChainPins] = []
        self.complete = False
        self.expected: dict[tuple[str, int], Expected] = {}
        self.urns_of: dict[str, list[str]] = {}
        self.units_of: dict[str, tuple[str, ...]] = {}
        self.speaker_of: dict[str, KeyId] = {}
        self.device_ids: set[str] = set()
        self._assignments: dict[tuple[str, str], UnitAssignment] = {}
        self._offsets: dict[int, dict[int, int]] = {}
        # Neither changes once the parts are complete: amendments keep parents, ballots and selection ids.
        self._ancestries: dict[str, tuple[str, ...]] = {}
        self._ballots: dict[UnitAssignment, Ballot] = {}
        self._hashes: list[Hash] = []

    def signing_keys(self, record: SignedRecord) -> tuple[PublicKey, ...]:
        """As ``record.KeyBook``, from what is defined so far."""
        return self.keys.signing_keys(record)

    @property
    def part_hashes(self) -> list[Hash]:
        """Of the parts that the log has named so far, in ascending order: the leaves under the root of the parts."""
        return sorted(self._hashes)

    @property
    def devices(self) -> dict[KeyId, ReportingDevice]:
        """Every device that was ever named, by its key."""
        return self.keys.devices

    def add_election(self, election: Election) -> None:
        """Raises ConflictError(``SECOND_ELECTION``), FormatError(``UNSOUND_KEY``) and
        UnjudgeableError(``UNKNOWN_FOLD_VERSION``).
        """
        if self.election is not None:
            raise ConflictError("SECOND_ELECTION", "a log has one election record, its first entry")
        if election.fold_version != FOLD_VERSION:
            raise UnjudgeableError("UNKNOWN_FOLD_VERSION", f"fold version {election.fold_version} is not known here")
        for key in (election.election_key, *(role.public_key for role in election.roles)):
            require_sound_key(key)
        self.election, self.election_id = election, election.election_id
        self.keys.election_key = PublicKey(election.election_key)
        for role in election.roles:
            self.keys.name_role(role)
        self.chains.append(election.chain)
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
        """What the urn does for the unit, if this device speaks for it, or did before it was replaced."""
        return self._assignments.get((urn, unit)) if self._names(device, urn) else None

    def assignments_of(self, urn: str) -> list[UnitAssignment]:
        return [self._assignments[urn, unit] for unit in self.units_of.get(urn, ())]

    def urn_units(self, device: KeyId, urn: str) -> tuple[str, ...]:
        """The units that ``urn`` serves, if this device speaks for it, or did before it was replaced."""
        return self.units_of.get(urn, ()) if self._names(device, urn) else ()

    def assignments_to(self, unit: str) -> dict[str, UnitAssignment]:
        """What each urn of the unit does for it, urns ascending."""
        return {urn: self._assignments[urn, unit] for urn in self.urns_of.get(unit, ())}

    def ballot(self, assignment: UnitAssignment) -> Ballot:
        """The contests and selections that a tally under ``assignment`` has to report. The parts are complete."""
        known = self._ballots.get(assignment)
        return known if known is not None else self._ballots.setdefault(assignment, self._make_ballot(assignment))

    def _make_ballot(self, assignment: UnitAssignment) -> Ballot:
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
        """``unit`` itself and the units above it, up to the country. The parts are complete."""
        known = self._ancestries.get(unit)
        if known is None:
            parent = self.units[unit].parent
            known = self._ancestries[unit] = (unit, *(self.ancestry(parent) if parent is not None else ()))
        return known

    def awaited(self, unit: str, out_of_use: Collection[str]) -> dict[int, int]:
        """Contest -> cells to wait for in a precinct: of its remote and primary urns that are in use, and of as many
        primary urns out of use as it has spares in use that can stand in for them.
        """
        cells: dict[int, int] = {}
        for line in self.units[unit].ballot:
            served = {urn: row for urn, row in self.assignments_to(unit).items() if line.contest in self.ballot(row)}
            spares = sum(row.role == "spare" and urn not in out_of_use for urn, row in served.items())
            out = sum(row.role == "primary" and urn in out_of_use for urn, row in served.items())
            own = sum(row.role != "spare" and urn not in out_of_use for urn, row in served.items())
            cells[line.contest] = own + min(spares, out)
        return cells

    def expect(self, unit: str, contest: int, cells: int) -> None:
        """Wait for so many cells in a precinct, and for its registered voters while there is one."""
        own = self.expected.setdefault((unit, contest), Expected())
        more, before = cells - own.cells, own.cells > 0
        voters = (self.units[unit].registered_voters or 0) * ((cells > 0) - before)
        for above in self.ancestry(unit):
            expected = self.expected.setdefault((above, contest), Expected())
            expected.cells += more
            expected.registered += voters

    def _names(self, device: KeyId, urn: str) -> bool:
        return self.speaker_of.get(urn) == device or any(line.urn == urn for line in self.devices[device].urns)

    def _add_device(self, device: ReportingDevice) -> None:
        require_sound_key(device.public_key)
        key_id = PublicKey(device.public_key).key_id
        _refuse_duplicate(self.keys.knows(key_id), f"key {key_id.hex()}")
        _refuse_duplicate(device.id in self.device_ids, f"device {device.id}")
        urns = [line.urn for line in device.urns]
        for line in device.urns:
            _refuse_duplicate(line.urn in self.speaker_of or urns.count(line.urn) > 1, f"urn {line.urn}")
            units = [assignment.unit for assignment in line.units]
            _refuse_duplicate(len(set(units)) != len(units), f"a unit in urn {line.urn}")
        self.keys.devices[key_id] = device
        self.device_ids.add(device.id)
        for line in device.urns:
            self.speaker_of[line.urn] = key_id
            self.units_of[line.urn] = tuple(assignment.unit for assignment in line.units)
            self._assignments.update({(line.urn, assignment.unit): assignment for assignment in line.units})

    def _complete_if_all_are_logged(self) -> None:
        election = self.election
        if election is None or len(self._hashes) != election.parts or parts_root(self._hashes) != election.parts_root:
            return
        check_parts(self.contests, self.units, list(self._assignments.values()))
        for urn, unit in sorted(self._assignments):
            self.urns_of.setdefault(unit, []).append(urn)
        for unit in self.urns_of:
            for contest, cells in self.awaited(unit, ()).items():
                self.expect(unit, contest, cells)
        self.complete = True


def _refuse_duplicate(duplicate: bool, what: str) -> None:
    if duplicate:
        raise ConflictError("DUPLICATE_PART", f"{what} is defined twice")
