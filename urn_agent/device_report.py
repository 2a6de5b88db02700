"""What an urn says in a report: its counters at zero and at the end, its turnout, and what its journal tells.

A report is canonical MessagePack of one of the structs here: one urn, one session. All begin with the same four fields,
the first of which says which struct it is. Responsible for shapes and their inner order. Which records follow from a
report is for ``report_records``; whether its counts are plausible is judged from the log by the fold.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, structs

from ledger import canonical
from ledger.canonical import Bytes16, Canonical, Count, Identifier
from ledger.errors import FormatError
from ledger.tally import ContestTallies, ContestTally, EventCode, UrnSignature, Votes

MAX_UNITS = 100
"""Units in one report: an urn abroad or for remote votes may hold the ballots of 30, neighbours' urns of a handful."""

MAX_ENTRIES = 64
"""Entries of the journal in one report: what gathers during an outage; what is more goes into the next report."""

_Key = TypeVar("_Key", str, int)

URN_NAMESPACE = b"tunuk/urn-report/v1\n"
"""Stands before the bytes that an urn signs, so that its signature can pass for nothing else."""


class UnitCounts(Canonical, frozen=True):
    """The counters of one reporting unit; contests in ascending order of their numbers."""

    unit: Identifier
    contests: ContestTallies


class DeviceReport(Canonical, frozen=True):
    """A zero or final report as it comes over the line. ``time`` is the urn's clock in Unix seconds.

    ``nonce`` is random and made with the report: the hash of the report is public, and must not let anyone find out by
    trial what the report says. ``urn_signature`` is by the urn's own key, where it has one, over ``signed_bytes``; it
    is passed on, not judged.
    """

    kind: Literal["zero", "final"]
    urn: Identifier
    firmware: Identifier
    session: Count
    time: Count
    nonce: Bytes16
    units: Annotated[tuple[UnitCounts, ...], Meta(min_length=1, max_length=MAX_UNITS)]
    urn_signature: UrnSignature | None

    @property
    def signed_bytes(self) -> bytes:
        """What an urn that can sign puts its signature to: the report without it."""
        return URN_NAMESPACE + canonical.encode(structs.replace(self, urn_signature=None))


class TurnoutReport(Canonical, frozen=True):
    """Ballots that the urn had taken at ``time``, one of the election's turnout times, over all units and contests."""

    kind: Literal["turnout"]
    urn: Identifier
    firmware: Identifier
    session: Count
    time: Count
    ballots: Votes


class JournalEntry(Canonical, frozen=True):
    """Something that happened to the urn; ``time`` is the urn's clock in Unix seconds. None is about one ballot."""

    time: Count
    code: EventCode


class JournalReport(Canonical, frozen=True):
    """Entries in the order of the journal, each in one report only. Where a clock was set their times may go back."""

    kind: Literal["journal"]
    urn: Identifier
    firmware: Identifier
    session: Count
    entries: Annotated[tuple[JournalEntry, ...], Meta(min_length=1, max_length=MAX_ENTRIES)]


UrnReport = DeviceReport | TurnoutReport | JournalReport

_SHAPES: Mapping[str, type[UrnReport]] = {
    "zero": DeviceReport,
    "final": DeviceReport,
    "turnout": TurnoutReport,
    "journal": JournalReport,
}


def encode_report(report: UrnReport) -> bytes:
    return canonical.encode(report)


def parse_report(data: bytes) -> UrnReport:
    """Parse a report strictly.

    Raises FormatError: ``REPORT_UNREADABLE`` for bytes that are no report, ``REPORT_UNORDERED`` for units, contests or
    selections that are not distinct and ascending, ``REPORT_UNEVEN`` for selections with different numbers of vote
    types, ``REPORT_WITHHELD`` for a cell without votes, ``REPORT_NOT_ZERO`` for a zero report that is not of zeros.
    """
    shape = _SHAPES.get(_read_kind(data))
    if shape is None:
        raise FormatError("REPORT_UNREADABLE", "not a report, or of a kind that is not known here")
    try:
        report = canonical.decode(shape, data)
    except FormatError as error:
        raise FormatError("REPORT_UNREADABLE", f"not a device report: {error.message}") from error
    if isinstance(report, DeviceReport):
        _require_counters(report)
    return report


def _read_kind(data: bytes) -> str:
    """The first field: a string shorter than 32 bytes, behind the one byte of an array shorter than 16."""
    return data[2 : 2 + (data[1] & 0x1F)].decode("ascii", "replace") if len(data) > 2 else ""


def _require_counters(report: DeviceReport) -> None:
    _require_ascending("units", [unit.unit for unit in report.units])
    for unit in report.units:
        _require_ascending(f"contests of unit {unit.unit}", [contest.contest for contest in unit.contests])
        for contest in unit.contests:
            place = f"unit {unit.unit}, contest {contest.contest}"
            if contest.selections is None:
                raise FormatError("REPORT_WITHHELD", f"{place}: an urn reports all its counters; the agent withholds")
            _require_ascending(f"selections of {place}", [selection[0] for selection in contest.selections])
            if len({len(selection) for selection in contest.selections}) != 1:
                raise FormatError("REPORT_UNEVEN", f"{place}: selections have different numbers of vote types")
            if report.kind == "zero" and not _is_zero(contest):
                raise FormatError("REPORT_NOT_ZERO", f"{place}: a counter of the zero report is not zero")


def _is_zero(contest: ContestTally) -> bool:
    counters = [contest.ballots, contest.overvotes, contest.undervotes]
    return not any(counters) and not any(votes for selection in contest.selections or () for votes in selection[1:])


def _require_ascending(what: str, keys: Sequence[_Key]) -> None:
    if any(key >= following for key, following in itertools.pairwise(keys)):
        raise FormatError("REPORT_UNORDERED", f"{what} are not distinct and ascending")
