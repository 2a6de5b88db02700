"""What an audit finds, as data: failures, records that a rule keeps out, and the verdict over all of it.

Responsible for shapes and bounds; the words for people are in ``messages``, the output in ``report``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ledger.errors import TunukError
from ledger.fold import Held
from ledger.primitives import Hash
from ledger.state import Ruled

MAX_LISTED = 1_000
"""Findings that are kept and listed. A publication with more than these has been shown to be wrong often enough."""

Fact = str | int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: a stable code, the log entry's index and the file where there is one.

    ``facts`` fill the places of the code's sentence in ``messages``.
    """

    code: str
    index: int | None = None
    path: str | None = None
    facts: dict[str, Fact] = field(default_factory=dict)


class Findings:
    """A bounded list: the first MAX_LISTED findings, and how many more there were."""

    def __init__(self) -> None:
        self._listed: list[Finding] = []
        self.count = 0

    def add(self, code: str, index: int | None = None, path: str | None = None, **facts: Fact) -> None:
        self.count += 1
        if len(self._listed) < MAX_LISTED:
            self._listed.append(Finding(code, index, path, facts))

    def add_error(self, error: TunukError, index: int | None = None, path: str | None = None) -> None:
        """An error of the project's family: its code, and its sentence as a detail."""
        self.add(error.code, index, path, detail=error.message)

    def extend(self, others: "Findings") -> None:
        """Take over what others has, and its count."""
        for finding in others:
            self.add(finding.code, finding.index, finding.path, **finding.facts)
        self.count += others.left_out

    @property
    def full(self) -> bool:
        return self.count >= MAX_LISTED

    @property
    def left_out(self) -> int:
        return self.count - len(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._listed)


@dataclass(frozen=True, slots=True)
class AnchorCount:
    """Anchors that the publication claims, and how many of them the chain confirmed."""

    claimed: int
    verified: int


@dataclass(frozen=True, slots=True)
class Handover:
    """A successor log's word on the log before, ``predecessor``: the entry that says it, how many entries were taken
    again, and the size of the last head that was signed.
    """

    index: int
    predecessor: str
    tree_size: int
    last_size: int


@dataclass(slots=True)
class Verdict:
    """What an audit can say at its end.

    ``successor`` is a later log of the election that the policy names: what is published there is what counts.
    ``error`` is why no verdict is possible, ``anchors`` None where no chain was asked. ``tree_size`` and ``root_hash``
    are None while no signed checkpoint was read.
    """

    failures: Findings = field(default_factory=Findings)
    inadmissible: list[Held] = field(default_factory=list)
    rulings: list[Ruled] = field(default_factory=list)
    error: Finding | None = None
    origin: str | None = None
    tree_size: int | None = None
    root_hash: Hash | None = None
    entries: int = 0
    snapshots: int = 0
    tallies: int = 0
    repeats: int = 0
    gaps: int = 0
    complete: bool = False
    anchor_claims: int = 0
    anchors: AnchorCount | None = None
    handover: Handover | None = None
    successor: str | None = None

    @property
    def ok(self) -> bool | None:
        """True: everything that was asked for holds. False: something is wrong. None: no verdict."""
        if self.failures.count:
            return False
        return None if self.error is not None else True
