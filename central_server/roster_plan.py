"""The election's records, as a function of the definition, the devices' keys and the pins: no clock and no randomness.

The same input gives the same bytes, so that an interrupted roster goes on to the same election. The order of making
them follows from docs/decisions/0002: parts without the id, their root, the election, its id, the parts with the id.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from central_server.definition_file import DefinitionFile
from central_server.rule_file import parse_rules
from ledger.election import (
    FOLD_VERSION,
    ChainPins,
    Contest,
    Election,
    ReportingDevice,
    ReportingUnit,
    RoleKey,
    part_hash,
    parts_root,
)
from ledger.primitives import PublicKey
from ledger.record import sign_record
from ledger.signing import Signer
from ledger.validation import Rule

POLLS_SECONDS = 12 * 3600
"""How long polls are open where the definition does not say."""


@functools.cache
def standard_rules() -> tuple[Rule, ...]:
    """The rules of an election whose definition lists none."""
    return parse_rules(resources.files("central_server").joinpath("standard_rules.json").read_bytes())


@dataclass(frozen=True, slots=True)
class ElectionEntries:
    """The signed records by what they define; ``all`` is the order in which they are logged."""

    election: bytes
    contests: dict[int, bytes]
    units: dict[str, bytes]
    devices: dict[str, bytes]

    def all(self) -> list[bytes]:
        return [self.election, *self.contests.values(), *self.units.values(), *self.devices.values()]


def plan_election(
    file: DefinitionFile,
    keys: Mapping[str, PublicKey],
    election_key: PublicKey,
    publisher_key: PublicKey,
    pins: ChainPins,
    salt: bytes,
) -> Election:
    """``keys``: of every device by its id. ``salt``: 16 bytes that are this deployment's own."""
    hashes = [part_hash(part) for part in file.parts(bytes(32), keys)]
    return Election(
        election_key,
        file.authority,
        file.title.part(),
        file.date,
        file.utc_offset,
        file.polls_close - POLLS_SECONDS if file.polls_open is None else file.polls_open,
        file.polls_close,
        file.turnout_times,
        file.secrecy_threshold,
        file.vote_types,
        FOLD_VERSION,
        standard_rules() if file.rules is None else tuple(rule.part() for rule in file.rules),
        (RoleKey("publisher", "server", publisher_key), *(role.part() for role in file.roles)),
        pins,
        len(hashes),
        parts_root(hashes),
        salt,
    )


def sign_election(
    election: Election, file: DefinitionFile, keys: Mapping[str, PublicKey], signer: Signer
) -> ElectionEntries:
    """Sign the election and its parts with the election key. Raises FormatError for a part that is too long."""
    contests: dict[int, bytes] = {}
    units: dict[str, bytes] = {}
    devices: dict[str, bytes] = {}
    for part in file.parts(election.election_id, keys):
        entry = sign_record(part, [signer])
        match part:
            case Contest():
                contests[part.number] = entry
            case ReportingUnit():
                units[part.id] = entry
            case ReportingDevice():
                devices[part.id] = entry
    return ElectionEntries(sign_record(election, [signer]), contests, units, devices)


class DeviceEntries:
    """Which records concern a device: the election, its units and those above them, their contests, and its own."""

    def __init__(self, file: DefinitionFile, entries: ElectionEntries) -> None:
        self._entries = entries
        self._units = {unit.id: unit for unit in file.units}
        self._devices = {device.id: device for device in file.devices}

    def of(self, device: str) -> list[bytes]:
        contests: set[int] = set()
        units: dict[str, None] = {}
        for urn in self._devices[device].urns:
            for row in urn.units:
                units.update(dict.fromkeys(self._ancestry(row.unit)))
                ballot = (line.contest for line in self._units[row.unit].ballot)
                contests.update(ballot if row.contests is None else row.contests)
        return [
            self._entries.election,
            *(self._entries.contests[number] for number in sorted(contests)),
            *(self._entries.units[unit] for unit in sorted(units)),
            self._entries.devices[device],
        ]

    def _ancestry(self, unit: str) -> Iterator[str]:
        current: str | None = unit
        while current is not None:
            yield current
            current = self._units[current].parent
