"""What people decide and sign: authority over keys and parts, decisions on tallies, and the commission's own count.

Shapes only; what each of them does is in ``amendments`` and ``decisions``. No names of persons, no free text: codes and
the numbers of documents, which lie elsewhere.
"""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.canonical import MAX_INTEGER, Canonical, Count, Hash32, Identifier
from ledger.election import (
    MAX_CONTESTS,
    MAX_SELECTIONS,
    ChainPins,
    Contest,
    ReportingDevice,
    ReportingUnit,
    RoleKey,
)

MAX_TARGETS = 200
MAX_GENERATION = 999_999_999

DocumentNumber = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z][0-9A-Za-z./-]{0,63}\Z")]
Contests = Annotated[tuple[Count, ...], Meta(min_length=1, max_length=MAX_CONTESTS)]

AuthorityAction = Literal["grant_role", "revoke_key", "replace_device", "amend_contest", "amend_unit", "succeed_chain"]
DecisionAction = Literal["release", "correct", "annul", "reinstate", "out_of_use"]
ReturnLineName = Literal[
    "registered",
    "received",
    "issued_early",
    "issued_inside",
    "issued_outside",
    "cancelled",
    "lost",
    "unaccounted",
    "found_mobile",
    "found_stationary",
    "valid",
    "invalid",
]


class Authority(Canonical, frozen=True):
    """Body of ``authority/1``. Signed by the election key before the polls open, by two officials at any time.

    grant_role       ``role``: another key for a role
    revoke_key       ``key_id``: nothing that this key signs from here on counts
    replace_device   ``key_id``, ``device``: another key speaks for the same urns and units
    amend_contest    ``contest``: its texts, and the names, parties and kinds of its selections; their ids stay
    amend_unit       ``unit``: its names and registered voters; parent, type and ballot stay
    succeed_chain    ``chain``: another anchor contract or validator set from here on
    """

    election_id: Hash32
    action: AuthorityAction
    reason: Identifier
    document: DocumentNumber
    key_id: Hash32 | None = None
    role: RoleKey | None = None
    device: ReportingDevice | None = None
    contest: Contest | None = None
    unit: ReportingUnit | None = None
    chain: ChainPins | None = None

    def __post_init__(self) -> None:
        given = {name for name in _SUBJECTS if getattr(self, name) is not None}
        if given != _GIVEN[self.action]:
            raise ValueError(f"{self.action} needs {sorted(_GIVEN[self.action])}, and here is {sorted(given)}")


_SUBJECTS = ("key_id", "role", "device", "contest", "unit", "chain")
_GIVEN: dict[str, set[str]] = {
    "grant_role": {"role"},
    "revoke_key": {"key_id"},
    "replace_device": {"key_id", "device"},
    "amend_contest": {"contest"},
    "amend_unit": {"unit"},
    "succeed_chain": {"chain"},
}


class Decision(Canonical, frozen=True):
    """Body of ``decision/1``, signed by two officials. ``targets`` are leaf hashes of entries at lower indices.

    release      one held tally is counted
    correct      one held tally is counted in place of the live one, which ``supersedes`` names
    annul        the live tallies of ``unit``, each named as a target, do not count (in ``contests``, or in all)
    reinstate    the annulment that is the target ends
    out_of_use   ``urn``, which has reported nothing, is expected no more
    """

    election_id: Hash32
    action: DecisionAction
    reason: Identifier
    document: DocumentNumber
    targets: Annotated[tuple[Hash32, ...], Meta(max_length=MAX_TARGETS)]
    supersedes: Hash32 | None = None
    unit: Identifier | None = None
    urn: Identifier | None = None
    contests: Contests | None = None

    def __post_init__(self) -> None:
        if list(self.targets) != sorted(set(self.targets)):
            raise ValueError("targets are not distinct and ascending")
        has_one_target = self.action in ("release", "correct", "reinstate")
        if has_one_target and len(self.targets) != 1:
            raise ValueError(f"{self.action} has one target")
        if self.action == "out_of_use" and self.targets:
            raise ValueError("out_of_use has no targets")
        if (self.supersedes is not None) != (self.action == "correct"):
            raise ValueError("correct names what it supersedes, and nothing else does")
        if (self.unit is not None) != (self.action == "annul") or (self.urn is not None) != (
            self.action == "out_of_use"
        ):
            raise ValueError("annul names a unit and out_of_use an urn, and no other action does")
        if self.contests is not None and (self.action != "annul" or list(self.contests) != sorted(set(self.contests))):
            raise ValueError("only annul names contests, distinct and ascending")


class ReturnLine(Canonical, frozen=True):
    """One numbered line of the protocol, by its standard name."""

    line: ReturnLineName
    count: Count


class ReturnVotes(Canonical, frozen=True):
    """Votes of one selection as counted by hand."""

    selection: Count
    votes: Count


class ReturnContest(Canonical, frozen=True):
    """The protocol of one contest: its lines and its votes, selections ascending."""

    contest: Count
    lines: Annotated[tuple[ReturnLine, ...], Meta(max_length=20)]
    votes: Annotated[tuple[ReturnVotes, ...], Meta(min_length=1, max_length=MAX_SELECTIONS)]

    def __post_init__(self) -> None:
        names = [line.line for line in self.lines]
        selections = [row.selection for row in self.votes]
        if len(set(names)) != len(names) or selections != sorted(set(selections)):
            raise ValueError(f"contest {self.contest}: a line is given twice, or selections are not ascending")


class Return(Canonical, frozen=True):
    """Body of ``return/1``: the hand-counted protocol of a unit. It never changes preliminary totals.

    ``tallies`` are the leaf hashes of the tallies that it stands beside. A later return of the unit takes its place.
    """

    election_id: Hash32
    unit: Identifier
    document: DocumentNumber
    tallies: Annotated[tuple[Hash32, ...], Meta(max_length=MAX_TARGETS)]
    contests: Annotated[tuple[ReturnContest, ...], Meta(min_length=1, max_length=MAX_CONTESTS)]

    def __post_init__(self) -> None:
        numbers = [line.contest for line in self.contests]
        if numbers != sorted(set(numbers)) or list(self.tallies) != sorted(set(self.tallies)):
            raise ValueError("contests or tallies are not distinct and ascending")


class Succession(Canonical, frozen=True):
    """Body of ``succession/1``, signed as an act of authority: the entries from here on are a successor log's own.

    Its entries up to here are those of the log of the generation before, taken again: ``tree_size`` of them, with root
    ``root_hash``. ``last_size`` and ``last_root`` are the last head that the log before is known to have signed; what
    it had beyond ``tree_size`` is lost, unless devices send it again. ``log_key`` is the successor's Ed25519 public
    key, and ``chain`` has the contract that anchors it.
    """

    election_id: Hash32
    generation: Annotated[int, Meta(ge=2, le=MAX_GENERATION)]
    log_key: Hash32
    tree_size: Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
    root_hash: Hash32
    last_size: Count
    last_root: Hash32
    chain: ChainPins
    reason: Identifier
    document: DocumentNumber

    def __post_init__(self) -> None:
        if self.last_size < self.tree_size:
            raise ValueError("the last head that was signed is smaller than what was taken again")
        if self.last_size == self.tree_size and self.last_root != self.root_hash:
            raise ValueError("of one size there are two roots")


Ruling = Authority | Decision | Return | Succession
