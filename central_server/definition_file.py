"""The definition of an election as its authority writes it: one JSON file, read strictly into the election's parts.

Responsible for the shape of the file and for making ``ledger.election`` parts of it once the devices' keys are known.
Whether what it names fits together is for ``definition_checks``. Unknown fields and doubled names are refused, for a
misspelt field would otherwise be an absent one. Every error names the place of the fault, as ``$.units[3].parent``.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, NoReturn

import msgspec
from msgspec import Meta

from central_server.rule_file import RuleField, Strict, WordsField
from ledger.canonical import Count, Identifier, Text
from ledger.election import (
    MAX_CONTESTS,
    MAX_ROLES,
    MAX_SELECTIONS,
    MAX_TURNOUT_TIMES,
    MAX_VOTE_TYPES,
    BallotContest,
    Contest,
    ContestSelection,
    Part,
    ReportingDevice,
    ReportingUnit,
    Role,
    RoleKey,
    SelectionKind,
    UnitAssignment,
    UnitType,
    UrnAssignment,
    UrnRole,
)
from ledger.errors import FormatError
from ledger.key_check import is_sound_key
from ledger.primitives import PublicKey
from ledger.validation import MAX_RULES

FORMAT: Literal["tunuk-definition/1"] = "tunuk-definition/1"
MAX_DEFINITION = 512 * 1024 * 1024
"""Bytes: a million units of 500 bytes each."""

MAX_UNITS = 2_000_000
"""Twice what the system is built for: the units above the precincts are units as well."""


class SelectionField(Strict, frozen=True):
    id: Count
    name: WordsField
    party: Text
    kind: SelectionKind


class ContestField(Strict, frozen=True):
    number: Count
    title: WordsField
    office: Text
    district: Text
    votes_allowed: Annotated[int, Meta(ge=1, le=MAX_SELECTIONS)]
    selections: Annotated[tuple[SelectionField, ...], Meta(min_length=1, max_length=MAX_SELECTIONS)]

    def __post_init__(self) -> None:
        self.part(bytes(32))

    def part(self, election_id: bytes) -> Contest:
        """Raises ValueError for text or selections that a contest cannot have."""
        selections = tuple(ContestSelection(row.id, row.name.part(), row.party, row.kind) for row in self.selections)
        title, votes_allowed = self.title.part(), self.votes_allowed
        return Contest(election_id, self.number, title, self.office, self.district, votes_allowed, selections)


class BallotField(Strict, frozen=True):
    contest: Count
    omitted: Annotated[tuple[Count, ...], Meta(max_length=MAX_SELECTIONS)]


class UnitField(Strict, frozen=True):
    id: Identifier
    type: UnitType
    name: WordsField
    parent: Identifier | None
    registered_voters: Count | None
    ballot: Annotated[tuple[BallotField, ...], Meta(max_length=MAX_CONTESTS)]

    def __post_init__(self) -> None:
        self.part(bytes(32))

    def part(self, election_id: bytes) -> ReportingUnit:
        """Raises ValueError for a ballot that a unit cannot have."""
        ballot = tuple(BallotContest(line.contest, line.omitted) for line in self.ballot)
        registered = self.registered_voters
        return ReportingUnit(election_id, self.id, self.type, self.name.part(), self.parent, registered, ballot)


class AssignmentField(Strict, frozen=True):
    unit: Identifier
    role: UrnRole
    contests: Annotated[tuple[Count, ...], Meta(min_length=1, max_length=MAX_CONTESTS)] | None


class UrnField(Strict, frozen=True):
    urn: Identifier
    units: Annotated[tuple[AssignmentField, ...], Meta(min_length=1, max_length=100)]


class DeviceField(Strict, frozen=True):
    id: Identifier
    urns: Annotated[tuple[UrnField, ...], Meta(min_length=1, max_length=100)]

    def part(self, election_id: bytes, public_key: PublicKey) -> ReportingDevice:
        urns = tuple(
            UrnAssignment(urn.urn, tuple(UnitAssignment(row.unit, row.role, row.contests) for row in urn.units))
            for urn in self.urns
        )
        return ReportingDevice(election_id, self.id, public_key, urns)


class RoleField(Strict, frozen=True):
    """A person's key for a role; the publisher's key is the server's own and stands in no file."""

    role: Role
    holder: Identifier
    public_key: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]

    def __post_init__(self) -> None:
        if self.role == "publisher":
            raise ValueError("the publisher's key is made by init and not listed")
        if not is_sound_key(bytes.fromhex(self.public_key)):
            raise ValueError("this is no Ed25519 public key of the prime-order group")

    def part(self) -> RoleKey:
        return RoleKey(self.role, self.holder, PublicKey.from_hex(self.public_key))


class DefinitionFile(Strict, frozen=True):
    """What the file says, well-formed. Times are in Unix seconds.

    Where it is silent: polls open twelve hours before they close, no turnout is told, no cell is withheld, the standard
    rules hold, and no official has a key.
    """

    format: Literal["tunuk-definition/1"]
    authority: Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9.-]{0,62}\Z")]
    title: WordsField
    date: Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
    utc_offset: Annotated[str, Meta(pattern=r"\A[+-](0[0-9]|1[0-4]):[0-5][0-9]\Z")]
    polls_close: Count
    vote_types: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=MAX_VOTE_TYPES)]
    contests: Annotated[tuple[ContestField, ...], Meta(min_length=1, max_length=MAX_CONTESTS)]
    units: Annotated[tuple[UnitField, ...], Meta(min_length=1, max_length=MAX_UNITS)]
    devices: Annotated[tuple[DeviceField, ...], Meta(min_length=1, max_length=MAX_UNITS)]
    polls_open: Count | None = None
    turnout_times: Annotated[tuple[Count, ...], Meta(max_length=MAX_TURNOUT_TIMES)] = ()
    secrecy_threshold: Count = 0
    rules: Annotated[tuple[RuleField, ...], Meta(max_length=MAX_RULES)] | None = None
    roles: Annotated[tuple[RoleField, ...], Meta(max_length=MAX_ROLES - 1)] = ()

    def __post_init__(self) -> None:
        date.fromisoformat(self.date)

    def parts(self, election_id: bytes, keys: Mapping[str, PublicKey]) -> list[Part]:
        """Contests, units and devices, in the file's order; ``keys`` has the key of every device by its id."""
        return [
            *(contest.part(election_id) for contest in self.contests),
            *(unit.part(election_id) for unit in self.units),
            *(device.part(election_id, keys[device.id]) for device in self.devices),
        ]


def parse_definition_file(data: bytes) -> DefinitionFile:
    """Read the file's shape.

    Raises FormatError(``DEFINITION_TOO_LONG``, ``DEFINITION_NOT_JSON``, ``DEFINITION_NAME_TWICE``,
    ``DEFINITION_BAD_FIELD``).
    """
    document = parse_json(data)
    try:
        return msgspec.convert(document, DefinitionFile)
    except msgspec.ValidationError as error:
        raise FormatError("DEFINITION_BAD_FIELD", f"the definition has a wrong field: {error}") from error


def parse_json(data: bytes) -> Any:
    """Any JSON value. Raises FormatError as ``parse_definition_file`` does, but for ``DEFINITION_BAD_FIELD``."""
    if len(data) > MAX_DEFINITION:
        raise FormatError("DEFINITION_TOO_LONG", f"a definition has at most {MAX_DEFINITION} bytes, not {len(data)}")
    try:
        return json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise FormatError("DEFINITION_NOT_JSON", f"the definition is not UTF-8 text: {error}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError("DEFINITION_NOT_JSON", f"the definition is not well-formed JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FormatError("DEFINITION_NAME_TWICE", f"an object has the field {twice[:80]!r} twice: say it once")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")
