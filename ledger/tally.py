"""What a device says: its urn's counters at zero, ballots cast so far, what its journal tells, and the tallies.

Counts are of ballots and votes. This module has their shapes; whether a record counts is judged by ``fold``. ``seq``
counts a device's records from 1; ``previous`` is the leaf hash of the one before, nil for the first.
"""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.canonical import Canonical, Count, Hash32, Identifier, encode
from ledger.election import MAX_CONTESTS, MAX_SELECTIONS, MAX_VOTE_TYPES
from ledger.primitives import Hash, sha256

UrnSignature = Annotated[bytes, Meta(min_length=1, max_length=256)]
Source = Literal["urn", "typed"]
EventCode = Literal[
    "power_lost",
    "power_restored",
    "paper_jam",
    "cover_opened",
    "cover_closed",
    "clock_set",
    "restarted",
    "box_replaced",
    "scanner_fault",
]

Votes = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""A counter of one urn. The bound keeps the sum over a million units below 2**53."""

SelectionVotes = Annotated[tuple[Votes, ...], Meta(min_length=2, max_length=1 + MAX_VOTE_TYPES)]
"""``(selection id, votes of the first vote type, votes of the second, …)``."""


class ContestTally(Canonical, frozen=True):
    """The counters of one contest: ballots, overvotes, undervotes, and votes by selection and vote type.

    Selections come in ascending order of their ids, every one of the unit's ballot with explicit zeros. In a withheld
    cell all but the ballots is nil: too few of them to keep the vote secret.
    """

    contest: Count
    ballots: Votes
    overvotes: Votes | None
    undervotes: Votes | None
    selections: Annotated[tuple[SelectionVotes, ...], Meta(min_length=1, max_length=MAX_SELECTIONS)] | None

    def __post_init__(self) -> None:
        if len({self.overvotes is None, self.undervotes is None, self.selections is None}) != 1:
            raise ValueError(f"contest {self.contest}: a cell is withheld whole or not at all")

    @property
    def withheld(self) -> bool:
        return self.selections is None


ContestTallies = Annotated[tuple[ContestTally, ...], Meta(min_length=1, max_length=MAX_CONTESTS)]


class Opening(Canonical, frozen=True):
    """Body of ``opening/1``: the zero report. Every counter of these units stood at zero when the urn was opened."""

    election_id: Hash32
    seq: Count
    previous: Hash32 | None
    urn: Identifier
    session: Count
    time: Count
    firmware: Identifier
    report_hash: Hash32
    urn_signature: UrnSignature | None
    units: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=100)]


class Turnout(Canonical, frozen=True):
    """Body of ``turnout/1``: ballots that the urn has taken so far, never by contest."""

    election_id: Hash32
    seq: Count
    previous: Hash32 | None
    urn: Identifier
    session: Count
    time: Count
    ballots: Votes


class UrnEvent(Canonical, frozen=True):
    """Body of ``event/1``: something that the urn's journal tells. None is about a single ballot."""

    election_id: Hash32
    seq: Count
    previous: Hash32 | None
    urn: Identifier
    session: Count
    time: Count
    code: EventCode


class TallyReport(Canonical, frozen=True):
    """Body of ``tally/1``: one urn, one unit, every eligible contest in ascending order of its number.

    ``report_hash`` is the SHA-256 of the report as it came over the line.
    """

    election_id: Hash32
    seq: Count
    previous: Hash32 | None
    urn: Identifier
    unit: Identifier
    session: Count
    time: Count
    source: Source
    report_hash: Hash32
    urn_signature: UrnSignature | None
    contests: ContestTallies

    @property
    def counts(self) -> bytes:
        """The canonical form of the counts alone."""
        return encode(self.contests)

    @property
    def counts_hash(self) -> Hash:
        """SHA-256 of the counts: equal for a repeat in another envelope, different for a conflict."""
        return sha256(self.counts)


DeviceBody = Opening | Turnout | UrnEvent | TallyReport
