"""The election as the log defines it: one election record, and its parts as a record each.

The bodies here are signed by the election key, which stays offline. Times are Unix seconds. Every text that people see
is in Kyrgyz, Russian and English; proper names may be the same in all three.
"""

from typing import Annotated, Literal

from msgspec import Meta, structs

from ledger.canonical import Bytes16, Bytes20, Canonical, Count, Hash32, Identifier, Text, Time, encode, require_text
from ledger.merkle import hash_leaf, merkle_root
from ledger.primitives import Hash, sha256
from ledger.validation import MAX_RULES, Rule
from ledger.words import Words

FOLD_VERSION = 1
"""The rules of addition that this program knows. An election that names another cannot be judged by it."""

MAX_SELECTIONS = 500
MAX_CONTESTS = 500
MAX_VOTE_TYPES = 8
MAX_ROLES = 100
MAX_TURNOUT_TIMES = 24

UnitType = Literal["country", "region", "county", "precinct"]
UrnRole = Literal["primary", "spare", "remote"]
SelectionKind = Literal["candidate", "party", "option", "write_in", "against_all", "withdrawn"]
Role = Literal["publisher", "official", "commission"]


class RoleKey(Canonical, frozen=True):
    """An Ed25519 public key that may sign the records of a role.

    ``holder`` tells persons apart without naming them: two officials are two holders.
    """

    role: Role
    holder: Identifier
    public_key: Hash32


class ValidatorSet(Canonical, frozen=True):
    """The validators that seal blocks from ``first_block`` on (addresses of 20 bytes)."""

    first_block: Count
    addresses: Annotated[tuple[Bytes20, ...], Meta(max_length=100)]


class ChainPins(Canonical, frozen=True):
    """What an observer asks of the chain that anchors this election's log."""

    chain_id: Count
    genesis_hash: Hash32
    contract: Bytes20
    anchor_address: Bytes20
    validator_sets: Annotated[tuple[ValidatorSet, ...], Meta(max_length=100)]


class Election(Canonical, frozen=True):
    """Body of ``election/1``. Its SHA-256 is the election id; ``salt`` keeps a rehearsal from sharing it.

    Below ``secrecy_threshold`` ballots a cell's votes are withheld by the agent. At ``turnout_times`` urns tell how
    many ballots were cast so far. ``validation`` says what ``rules`` mean.
    """

    election_key: Hash32
    authority: Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9.-]{0,62}\Z")]
    title: Words
    date: Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
    utc_offset: Annotated[str, Meta(pattern=r"\A[+-][0-9]{2}:[0-9]{2}\Z")]
    polls_open: Time
    polls_close: Time
    turnout_times: Annotated[tuple[Time, ...], Meta(max_length=MAX_TURNOUT_TIMES)]
    secrecy_threshold: Count
    vote_types: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=MAX_VOTE_TYPES)]
    fold_version: Count
    rules: Annotated[tuple[Rule, ...], Meta(max_length=MAX_RULES)]
    roles: Annotated[tuple[RoleKey, ...], Meta(min_length=1, max_length=MAX_ROLES)]
    chain: ChainPins
    parts: Count
    parts_root: Hash32
    salt: Bytes16

    def __post_init__(self) -> None:
        codes = [rule.code for rule in self.rules]
        if codes != sorted(set(codes)):
            raise ValueError("rules are not in ascending order of distinct codes")
        if list(self.turnout_times) != sorted(set(self.turnout_times)):
            raise ValueError("turnout times are not distinct and ascending")
        if len(set(self.vote_types)) != len(self.vote_types):
            raise ValueError("a vote type is named twice")
        if len({role.public_key for role in self.roles}) != len(self.roles):
            raise ValueError("a key has two roles")

    @property
    def election_id(self) -> Hash:
        return sha256(encode(self))

    def origin(self, generation: int = 1) -> str:
        """The name of this election's log: ``<authority>/<election id in hex>/<generation>``."""
        return f"{self.authority}/{self.election_id.hex()}/{generation}"


class ContestSelection(Canonical, frozen=True):
    """One line of a contest's ballot. Ids are never used again within the contest; a tally has them beside votes."""

    id: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    name: Words
    party: Text
    kind: SelectionKind

    def __post_init__(self) -> None:
        require_text(self.party)


class Contest(Canonical, frozen=True):
    """Body of ``contest/1``: what is decided, and between whom."""

    election_id: Hash32
    number: Count
    title: Words
    office: Text
    district: Text
    votes_allowed: Annotated[int, Meta(ge=1, le=MAX_SELECTIONS)]
    selections: Annotated[tuple[ContestSelection, ...], Meta(min_length=1, max_length=MAX_SELECTIONS)]

    def __post_init__(self) -> None:
        require_text(self.office, self.district)
        ids = [selection.id for selection in self.selections]
        if ids != sorted(set(ids)):
            raise ValueError(f"contest {self.number}: selection ids are not distinct and ascending")


class BallotContest(Canonical, frozen=True):
    """A contest on a unit's ballot, and the selections that this unit's ballot leaves out."""

    contest: Count
    omitted: Annotated[tuple[Count, ...], Meta(max_length=MAX_SELECTIONS)] = ()


class ReportingUnit(Canonical, frozen=True):
    """Body of ``unit/1``. ``registered_voters`` is nil where the roll is not known; only precincts have a ballot."""

    election_id: Hash32
    id: Identifier
    type: UnitType
    name: Words
    parent: Identifier | None
    registered_voters: Count | None
    ballot: Annotated[tuple[BallotContest, ...], Meta(max_length=MAX_CONTESTS)]

    def __post_init__(self) -> None:
        numbers = [line.contest for line in self.ballot]
        if numbers != sorted(set(numbers)):
            raise ValueError(f"unit {self.id}: contests on the ballot are not distinct and ascending")


class UnitAssignment(Canonical, frozen=True):
    """A reporting unit whose votes lie in an urn; ``contests`` is nil for all that the unit's ballot has."""

    unit: Identifier
    role: UrnRole
    contests: Annotated[tuple[Count, ...], Meta(min_length=1, max_length=MAX_CONTESTS)] | None = None


class UrnAssignment(Canonical, frozen=True):
    """One urn that a device reads, and the units that it serves."""

    urn: Identifier
    units: Annotated[tuple[UnitAssignment, ...], Meta(min_length=1, max_length=100)]


class ReportingDevice(Canonical, frozen=True):
    """Body of ``device/1``: an agent's public key and the urns that it speaks for."""

    election_id: Hash32
    id: Identifier
    public_key: Hash32
    urns: Annotated[tuple[UrnAssignment, ...], Meta(min_length=1, max_length=100)]


Part = Contest | ReportingUnit | ReportingDevice

PART_KINDS: dict[type[Part], str] = {Contest: "contest/1", ReportingUnit: "unit/1", ReportingDevice: "device/1"}


def part_hash(part: Part) -> Hash:
    """Leaf hash of a part without its election id, which cannot be known before the root of the parts is."""
    return hash_leaf(encode([PART_KINDS[type(part)], structs.astuple(part)[1:]]))


def parts_root(hashes: list[Hash]) -> Hash:
    """RFC 6962 root over the part hashes in ascending order."""
    return merkle_root(sorted(hashes))
