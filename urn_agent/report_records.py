"""The records of the log that follow from an urn's report, signed and chained.

    zero report       one opening/1
    final report      a tally/1 for each unit
    turnout report    one turnout/1
    journal report    an event/1 for each entry

What is logged stays public, so what must stay secret is left out before it is signed. The rules:
- In a cell with ballots, but fewer than the election's threshold, all but the number of ballots is withheld.
- The report's hash is logged, and hides what was withheld only because the report has a nonce: a report with a nonce
  that is none, from an urn whose random generator does not work, is refused where something has to be hidden. A zero
  report with such a nonce is refused too, so that it is found out in the morning.
- When a cell is withheld, no record of the report carries the urn's own signature. How a maker's urn signs is not known
  here; a signature that does not cover the nonce would confirm the right guess.
- Turnout is logged at the election's own coarse times and at no other: times in between would tell who voted when.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import structs

from ledger.errors import FormatError
from ledger.primitives import Hash
from ledger.record import parse_record, sign_record
from ledger.signing import Signer
from ledger.tally import ContestTally, DeviceBody, Opening, TallyReport, Turnout, UrnEvent
from urn_agent.assignment import Assignment
from urn_agent.device_report import DeviceReport, JournalReport, TurnoutReport, UnitCounts, UrnReport


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


def count_records(report: UrnReport) -> int:
    """How many records follow from ``report``."""
    match report:
        case JournalReport():
            return len(report.entries)
        case DeviceReport(kind="final"):
            return len(report.units)
        case _:
            return 1


def sign_report(
    report: UrnReport, content: bytes, assignment: Assignment, head: ChainHead, signer: Signer
) -> list[ChainedRecord]:
    """The signed records that follow from ``report``, chained after ``head``; ``content`` is the report's bytes.

    Raises FormatError: ``RECORD_TOO_LONG`` where a unit's tally does not fit into an entry of the log,
    ``REPORT_NONCE_WEAK``, ``REPORT_WRONG_TIME`` for turnout at another time than the election's.
    """
    records: list[ChainedRecord] = []
    for body in _make_bodies(report, content, assignment):
        record = _sign(structs.replace(body, seq=head.seq + 1, previous=head.leaf_hash), signer)
        records.append(record)
        head = ChainHead(record.seq, record.leaf_hash)
    return records


def withhold_cell(cell: ContestTally, threshold: int) -> ContestTally:
    """The cell as it may be public. A cell without ballots has nothing to hide: its zeros are logged."""
    if 0 < cell.ballots < threshold:
        return ContestTally(cell.contest, cell.ballots, None, None, None)
    return cell


def _make_bodies(report: UrnReport, content: bytes, assignment: Assignment) -> Iterator[DeviceBody]:
    """Bodies in the order of the report; their place in the chain is filled in by the caller."""
    match report:
        case TurnoutReport():
            yield _make_turnout(report, assignment)
        case JournalReport():
            head = assignment.election_id, 0, None, report.urn, report.session
            for entry in report.entries:
                yield UrnEvent(*head, entry.time, entry.code)
        case DeviceReport(kind="zero"):
            yield _make_opening(report, content, assignment)
        case DeviceReport():
            yield from _make_tallies(report, content, assignment)


def _make_turnout(report: TurnoutReport, assignment: Assignment) -> Turnout:
    if report.time not in assignment.turnout_times:
        raise FormatError("REPORT_WRONG_TIME", f"turnout is not told at {report.time} in this election")
    return Turnout(assignment.election_id, 0, None, report.urn, report.session, report.time, report.ballots)


def _make_opening(report: DeviceReport, content: bytes, assignment: Assignment) -> Opening:
    _require_nonce(report)
    return Opening(
        assignment.election_id,
        0,
        None,
        report.urn,
        report.session,
        report.time,
        report.firmware,
        hashlib.sha256(content).digest(),
        report.urn_signature,
        tuple(unit.unit for unit in report.units),
    )


def _make_tallies(report: DeviceReport, content: bytes, assignment: Assignment) -> Iterator[TallyReport]:
    units = [_withhold_unit(unit, assignment.secrecy_threshold) for unit in report.units]
    hides = any(cell.withheld for unit in units for cell in unit.contests)
    if hides:
        _require_nonce(report)
    report_hash = hashlib.sha256(content).digest()
    for unit in units:
        yield TallyReport(
            assignment.election_id,
            0,
            None,
            report.urn,
            unit.unit,
            report.session,
            report.time,
            "urn",
            report_hash,
            None if hides else report.urn_signature,
            unit.contests,
        )


def _withhold_unit(unit: UnitCounts, threshold: int) -> UnitCounts:
    return UnitCounts(unit.unit, tuple(withhold_cell(cell, threshold) for cell in unit.contests))


def _require_nonce(report: DeviceReport) -> None:
    if len(set(report.nonce)) == 1:
        raise FormatError("REPORT_NONCE_WEAK", "the report's nonce is one byte repeated: the urn draws no random bytes")


def _sign(body: DeviceBody, signer: Signer) -> ChainedRecord:
    data = sign_record(body, [signer])
    return ChainedRecord(body.seq, parse_record(data).leaf_hash, data)
