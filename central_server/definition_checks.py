"""Whether the things that a definition names fit together: no doubles, no loose ends, every vote on its way to a total.

One rule, one error; each names the place of the fault. What passes here is folded by the same ``Definition`` that every
observer uses, so that nothing reaches the log which the fold would hold. Rules:

    DEFINITION_DUPLICATE       a contest number, unit id, device id, urn or vote type is defined once
    DEFINITION_UNKNOWN         what is referred to is defined: parents, contests on ballots, selections, units of urns
    DEFINITION_BAD_HIERARCHY   one country, and each other unit under a unit of a higher type
    DEFINITION_BAD_BALLOT      precincts, and only they, have a ballot; it leaves at least one selection of a contest
    DEFINITION_NO_URN          each contest of a precinct is counted by a primary or remote urn, not by spares alone
    DEFINITION_TOO_MANY_VOTERS the registered voters of all units are together at most 2**53 - 1, as every count is
    DEFINITION_PART_TOO_LONG   a part fits into one entry of the log
    DEFINITION_REFUSED         the fold's own verdict, should it be stricter than the rules above
"""

from collections.abc import Hashable, Iterable
from typing import NoReturn

from central_server.definition_file import DefinitionFile, UnitField, parse_definition_file
from central_server.roster_plan import plan_election
from ledger.canonical import MAX_ENTRY, MAX_INTEGER, encode
from ledger.definition import Definition
from ledger.election import (
    PART_KINDS,
    ChainPins,
    Contest,
    Part,
)
from ledger.errors import FormatError, TunukError
from ledger.primitives import PublicKey, sha256
from ledger.signing import Ed25519Signer

_RANKS = {"country": 0, "region": 1, "county": 2, "precinct": 3}

ENVELOPE_BYTES = 256
"""Room for what a record has around its body: kind, key id and signature take less than 128 bytes."""


def verify_definition(data: bytes) -> DefinitionFile:
    """Parse the file and hold it to all rules above. Raises FormatError."""
    file = parse_definition_file(data)
    _check_doubles(file)
    _check_hierarchy(file)
    _check_ballots(file)
    _check_urns(file)
    _check_voters(file)
    _check_fold(file)
    return file


def _refuse(code: str, path: str, message: str) -> NoReturn:
    raise FormatError(f"DEFINITION_{code}", f"{path}: {message}")


def _check_doubles(file: DefinitionFile) -> None:
    _once("$.vote_types[{}]", file.vote_types)
    _once("$.contests[{}].number", (contest.number for contest in file.contests))
    _once("$.units[{}].id", (unit.id for unit in file.units))
    _once("$.devices[{}].id", (device.id for device in file.devices))
    urns = [(place, urn.urn) for place, device in enumerate(file.devices) for urn in device.urns]
    seen: set[str] = set()
    for place, urn in urns:
        if urn in seen:
            _refuse("DUPLICATE", f"$.devices[{place}].urns", f"urn {urn} is listed twice; one device speaks for an urn")
        seen.add(urn)


def _once(path: str, values: Iterable[Hashable]) -> None:
    seen: set[Hashable] = set()
    for place, value in enumerate(values):
        if value in seen:
            _refuse("DUPLICATE", path.format(place), f"{value!r} is defined twice; give one of them another name")
        seen.add(value)


def _check_hierarchy(file: DefinitionFile) -> None:
    units = {unit.id: unit for unit in file.units}
    for place, unit in enumerate(file.units):
        path = f"$.units[{place}].parent"
        if unit.parent is None:
            if unit.type != "country":
                _refuse("BAD_HIERARCHY", path, f"the {unit.type} {unit.id} has no parent; only the country has none")
            continue
        above = units.get(unit.parent)
        if above is None:
            _refuse("UNKNOWN", path, f"no unit {unit.parent} is defined")
        # Ranks fall at every step upwards, so that no circle is possible.
        if _RANKS[above.type] >= _RANKS[unit.type]:
            words = f"the {unit.type} {unit.id} cannot lie in the {above.type} {above.id}"
            _refuse("BAD_HIERARCHY", path, f"{words}; the order is country, region, county, precinct")
    countries = [unit.id for unit in file.units if unit.parent is None]
    if len(countries) != 1:
        _refuse("BAD_HIERARCHY", "$.units", f"an election has one unit of type country, not {len(countries)}")


def _check_ballots(file: DefinitionFile) -> None:
    selections = {contest.number: {row.id for row in contest.selections} for contest in file.contests}
    for place, unit in enumerate(file.units):
        if bool(unit.ballot) != (unit.type == "precinct"):
            _refuse("BAD_BALLOT", f"$.units[{place}].ballot", f"{unit.id}: precincts have a ballot, other units none")
        for row, line in enumerate(unit.ballot):
            path = f"$.units[{place}].ballot[{row}]"
            known = selections.get(line.contest)
            if known is None:
                _refuse("UNKNOWN", f"{path}.contest", f"no contest {line.contest} is defined")
            if not known.issuperset(line.omitted):
                omitted = min(set(line.omitted) - known)
                _refuse("UNKNOWN", f"{path}.omitted", f"contest {line.contest} has no selection {omitted}")
            if len(set(line.omitted)) != len(line.omitted) or len(line.omitted) == len(known):
                _refuse("BAD_BALLOT", f"{path}.omitted", "selections are left out once each, and one at least remains")


def _check_urns(file: DefinitionFile) -> None:
    units = {unit.id: unit for unit in file.units}
    counted: set[tuple[str, int]] = set()
    for device_place, device in enumerate(file.devices):
        for urn_place, urn in enumerate(device.urns):
            path = f"$.devices[{device_place}].urns[{urn_place}].units"
            _once(path + "[{}].unit", (row.unit for row in urn.units))
            for row_place, row in enumerate(urn.units):
                contests = _urn_contests(units.get(row.unit), row.unit, row.contests, f"{path}[{row_place}]")
                if row.role != "spare":
                    counted.update((row.unit, contest) for contest in contests)
    for place, unit in enumerate(file.units):
        for line in unit.ballot:
            if (unit.id, line.contest) not in counted:
                words = f"no primary or remote urn counts contest {line.contest} of unit {unit.id}; assign one to it"
                _refuse("NO_URN", f"$.units[{place}]", words)


def _urn_contests(unit: UnitField | None, name: str, contests: tuple[int, ...] | None, path: str) -> set[int]:
    """The contests that an urn counts for a unit."""
    if unit is None:
        _refuse("UNKNOWN", f"{path}.unit", f"no unit {name} is defined")
    if not unit.ballot:
        _refuse("BAD_BALLOT", f"{path}.unit", f"unit {name} is a {unit.type} and has no ballot to count")
    on_ballot = {line.contest for line in unit.ballot}
    if contests is None:
        return on_ballot
    _once(path + ".contests[{}]", contests)
    if missing := set(contests) - on_ballot:
        _refuse("UNKNOWN", f"{path}.contests", f"contest {min(missing)} is not on the ballot of unit {name}")
    return set(contests)


def _check_voters(file: DefinitionFile) -> None:
    together = sum(unit.registered_voters or 0 for unit in file.units)
    if together > MAX_INTEGER:
        words = f"the units have {together} registered voters together; a count is at most {MAX_INTEGER}"
        _refuse("TOO_MANY_VOTERS", "$.units", words)


def _check_fold(file: DefinitionFile) -> None:
    """Define a sham election of these parts, under keys made from the devices' names."""
    sham = _sham_key("")
    keys = {device.id: _sham_key(device.id) for device in file.devices}
    parts = file.parts(bytes(32), keys)
    for part in parts:
        _check_length(part)
    pins = ChainPins(1, bytes(32), bytes(20), bytes(20), ())
    try:
        election = plan_election(file, keys, sham, sham, pins, bytes(16))
    except ValueError as error:
        raise FormatError("DEFINITION_REFUSED", f"the election cannot be as it is defined: {error}") from error
    definition = Definition()
    try:
        definition.add_election(election)
        for part in parts:
            definition.add_part(part)
    except TunukError as error:
        raise FormatError("DEFINITION_REFUSED", f"the parts do not fit one another: {error.message}") from error
    if not definition.complete:
        raise FormatError("DEFINITION_REFUSED", "the parts do not make a complete election")


def _sham_key(name: str) -> PublicKey:
    return Ed25519Signer(sha256(name.encode())).public_key


def _check_length(part: Part) -> None:
    length = len(encode(part)) + ENVELOPE_BYTES
    if length > MAX_ENTRY:
        name = f"contest {part.number}" if isinstance(part, Contest) else f"{PART_KINDS[type(part)][:-2]} {part.id}"
        raise FormatError(
            "DEFINITION_PART_TOO_LONG",
            f"{name}: its record would have {length} bytes, more than the {MAX_ENTRY} of a log entry; split it up",
        )
