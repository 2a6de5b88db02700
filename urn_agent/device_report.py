"""What an urn says in a zero or final report, and the records of the log that follow from it.

A report is canonical MessagePack of ``DeviceReport``: one urn, one session, one or more reporting units. Responsible
for its shape and its translation: one ``opening/1`` for a zero report, one ``tally/1`` for each unit of a final one.
Whether the counts are plausible, or the units this urn's, is judged from the log by the fold, not here.
"""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, structs

from ledger import canonical
from ledger.canonical import Canonical, Count, Identifier
from ledger.errors import FormatError
from ledger.primitives import Hash
from ledger.record import parse_record, sign_record
from ledger.signing import Signer
from ledger.tally import ContestTallies, ContestTally, Opening, TallyReport, UrnSignature

MAX_UNITS = 100
"""Units in one report: an urn abroad or for remote votes may hold the ballots of 30, neighbours' urns of a handful."""

_Key = TypeVar("_Key", str, int)

URN_NAMESPACE = b"tunuk/urn-report/v1\n"
"""Stands before the bytes that an urn signs, so that its signature can pass for nothing else."""


class UnitCounts(Canonical, frozen=True):
    """The counters of one reporting unit; contests in ascending order of their numbers."""

    unit: Identifier
    contests: ContestTallies


class DeviceReport(Canonical, frozen=True):
    """A report as it comes over the line. ``time`` is the urn's clock in Unix seconds.

    ``urn_signature`` is by the urn's own key, where it has one, over ``signed_bytes``; it is passed on, not judged.
    """

    kind: Literal["zero", "final"]
    urn: Identifier
    firmware: Identifier
    session: Count
    time: Count
    units: Annotated[tuple[UnitCounts, ...], Meta(min_length=1, max_length=MAX_UNITS)]
    urn_signature: UrnSignature | None

    @property
    def signed_bytes(self) -> bytes:
        """What an urn that can sign puts its signature to: the report without it."""
        return URN_NAMESPACE + canonical.encode(structs.replace(self, urn_signature=None))


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Where a device's chain of records ends: the last ``seq``, and that record's leaf hash (None before the first)."""

    seq: int
    leaf_hash: Hash | None


@dataclass(frozen=True, slots=True)
class ChainedRecord:
    """A signed record and its place in the device's chain."""

    seq: int
    leaf_hash: Hash
    data: bytes


def encode_report(report: DeviceReport) -> bytes:
    return canonical.encode(report)


def parse_report(data: bytes) -> DeviceReport:
    """Parse a report strictly.

    Raises FormatError: ``REPORT_UNREADABLE`` for bytes that are no report, ``REPORT_UNORDERED`` for units, contests or
    selections that are not distinct and ascending, ``REPORT_UNEVEN`` for selections with different numbers of vote
    types, ``REPORT_WITHHELD`` for a cell without votes, ``REPORT_NOT_ZERO`` for a zero report that is not of zeros.
    """
    try:
        report = canonical.decode(DeviceReport, data)
    except FormatError as error:
        raise FormatError("REPORT_UNREADABLE", f"not a device report: {error.message}") from error
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
    return report


def sign_report(
    report: DeviceReport, content: bytes, election_id: Hash, head: ChainHead, signer: Signer
) -> list[ChainedRecord]:
    """The signed records that follow from ``report``, chained after ``head``; ``content`` is the report's bytes.

    Raises FormatError(``RECORD_TOO_LONG``) where a unit's tally does not fit into an entry of the log.
    """
    report_hash = hashlib.sha256(content).digest()
    if report.kind == "zero":
        units = tuple(unit.unit for unit in report.units)
        opening = Opening(
            election_id,
            head.seq + 1,
            head.leaf_hash,
            report.urn,
            report.session,
            report.time,
            report.firmware,
            report_hash,
            report.urn_signature,
            units,
        )
        return [_sign(opening, signer)]
    records: list[ChainedRecord] = []
    for unit in report.units:
        tally = TallyReport(
            election_id,
            head.seq + 1,
            head.leaf_hash,
            report.urn,
            unit.unit,
            report.session,
            report.time,
            "urn",
            report_hash,
            report.urn_signature,
            unit.contests,
        )
        record = _sign(tally, signer)
        records.append(record)
        head = ChainHead(record.seq, record.leaf_hash)
    return records


def _sign(body: Opening | TallyReport, signer: Signer) -> ChainedRecord:
    data = sign_record(body, [signer])
    return ChainedRecord(body.seq, parse_record(data).leaf_hash, data)


def _is_zero(contest: ContestTally) -> bool:
    counters = [contest.ballots, contest.overvotes, contest.undervotes]
    return not any(counters) and not any(votes for selection in contest.selections or () for votes in selection[1:])


def _require_ascending(what: str, keys: Sequence[_Key]) -> None:
    if any(key >= following for key, following in itertools.pairwise(keys)):
        raise FormatError("REPORT_UNORDERED", f"{what} are not distinct and ascending")
