"""What a fold knows after so many entries, as plain data with one owner. The rules that change it are in ``fold``.

Totals are kept by (unit, contest) for precincts and all units above them, so that a snapshot adds nothing up.
"""

from array import array
from dataclasses import dataclass, field
from typing import Literal

from ledger.definition import Definition
from ledger.primitives import Hash, KeyId
from ledger.rulings import Return, Succession

Status = Literal["applied", "counted", "repeat", "held"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a record: took effect, was counted, repeated what is counted, or is held (with a code)."""

    status: Status
    code: str = ""
    message: str = ""


APPLIED, COUNTED, REPEAT = Outcome("applied"), Outcome("counted"), Outcome("repeat")


def held(code: str, message: str) -> Outcome:
    return Outcome("held", code, message)


@dataclass(frozen=True, slots=True)
class Held:
    """A record that a rule keeps out, or flags: its entry index, the rule's code, words for people."""

    index: int
    code: str
    message: str


@dataclass(slots=True)
class Totals:
    """Sums of one contest in one unit. ``votes`` is by selection (the contest's order), then by vote type.

    ``cells`` counts those that are in, withheld ones among them. ``registered`` counts the registered voters of the
    precincts whose every expected cell of the contest is in.
    """

    votes: "array[int]"
    cells: int = 0
    withheld: int = 0
    ballots: int = 0
    overvotes: int = 0
    undervotes: int = 0
    registered: int = 0


@dataclass(slots=True)
class LiveTally:
    """The tally that counts for one urn and unit; ``counts`` is the canonical form of its contests."""

    index: int
    leaf_hash: Hash
    counts: bytes
    role: str
    conflicts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldTally:
    """A tally that a decision may still count. ``flags`` are of the W rules that it breaks, due once it counts."""

    index: int
    urn: str
    unit: str
    counts: bytes
    flags: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Annulment:
    """What one decision took out of the totals of a unit."""

    unit: str
    contests: frozenset[int]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A decision or an act of authority that took effect, as it is published."""

    index: int
    action: str
    subject: str
    reason: str
    document: str


@dataclass(slots=True)
class State:
    """State after ``size`` entries; ``clock`` is the server's time in the last snapshot.

    ``polls_opened`` says whether any snapshot so far was taken at or after the time when polls open.
    """

    definition: Definition = field(default_factory=Definition)
    size: int = 0
    snapshots: int = 0
    clock: int | None = None
    polls_opened: bool = False
    totals: dict[tuple[str, int], Totals] = field(default_factory=dict)
    live: dict[tuple[str, str], LiveTally] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    flags: list[Held] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    repeats: int = 0
    openings: dict[tuple[str, int], int] = field(default_factory=dict)
    turnout: dict[tuple[str, int], int] = field(default_factory=dict)
    events: list[tuple[int, str, int, str]] = field(default_factory=list)
    returns: dict[str, Return] = field(default_factory=dict)
    rulings: list[Ruled] = field(default_factory=list)
    successions: list[tuple[int, Succession]] = field(default_factory=list)
    held_tallies: dict[Hash, HeldTally] = field(default_factory=dict)
    annulments: dict[Hash, Annulment] = field(default_factory=dict)
    out_of_use: set[str] = field(default_factory=set)
    chains: dict[KeyId, tuple[int, Hash]] = field(default_factory=dict)
    awaiting_clock: list[tuple[int, int, int | None]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)

    @property
    def generation(self) -> int:
        """Of the log whose own the next entry is: 1 for an election's first."""
        return 1 + len(self.successions)

    def annulled(self, unit: str) -> frozenset[int]:
        """The contests of the unit whose cells are annulled."""
        annulled: frozenset[int] = frozenset()
        for annulment in self.annulments.values():
            if annulment.unit == unit:
                annulled |= annulment.contests
        return annulled
