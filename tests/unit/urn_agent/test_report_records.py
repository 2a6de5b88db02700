"""The records that follow from a report, and what is left out of them."""

from typing import get_args

import pytest
from msgspec import structs

from ledger.errors import FormatError
from ledger.primitives import sha256
from ledger.record import parse_record, verify_record
from ledger.signing import CryptographyVerifier
from ledger.tally import ContestTally, EventCode, Opening, TallyReport, Turnout, UrnEvent
from tests.unit.ledger.election_factory import small_night
from tests.unit.urn_agent.agent_factory import (
    ASSIGNMENT,
    ELECTION_ID,
    KEY,
    TURNOUT_TIMES,
    final_report,
    journal_report,
    signed_by_urn,
    turnout_report,
    with_contests,
    zero_report,
)
from urn_agent.device_report import encode_report, parse_report
from urn_agent.link_messages import MAX_REPORT
from urn_agent.report_records import ChainHead, count_records, sign_report

EMPTY = ChainHead(0, None)


def test_a_zero_report_becomes_one_opening() -> None:
    report = signed_by_urn(zero_report(units=("101", "102")))
    content = encode_report(report)
    [record] = sign_report(report, content, ASSIGNMENT, EMPTY, KEY)
    parsed = parse_record(record.data)
    assert parsed.body == Opening(
        ELECTION_ID,
        1,
        None,
        "u0",
        1,
        report.time,
        "2.4",
        sha256(content),
        b"an urn's signature",
        ("101", "102"),
    )
    assert (record.seq, record.leaf_hash) == (1, parsed.leaf_hash)


def test_a_final_report_becomes_a_chained_tally_for_each_unit() -> None:
    report = final_report(units=("101", "102", "103"))
    content = encode_report(report)
    head = ChainHead(4, sha256(b"the record before"))
    records = sign_report(report, content, ASSIGNMENT, head, KEY)
    bodies = [parse_record(record.data).body for record in records]
    assert all(isinstance(body, TallyReport) for body in bodies)
    tallies = [body for body in bodies if isinstance(body, TallyReport)]
    assert [(tally.unit, tally.seq) for tally in tallies] == [("101", 5), ("102", 6), ("103", 7)]
    assert [tally.previous for tally in tallies] == [head.leaf_hash, records[0].leaf_hash, records[1].leaf_hash]
    for tally, unit in zip(tallies, report.units, strict=True):
        assert (tally.contests, tally.source, tally.report_hash) == (unit.contests, "urn", sha256(content))
        assert (tally.urn, tally.session, tally.time) == (report.urn, report.session, report.time)


def test_the_records_are_taken_by_the_fold() -> None:
    """The log's own rules accept what the agent signs: the ballot's contests and selections, by the device's key."""
    night = small_night()
    opening = sign_report(zero_report(), b"zero", ASSIGNMENT, EMPTY, KEY)
    head = ChainHead(opening[-1].seq, opening[-1].leaf_hash)
    tallies = sign_report(final_report(), b"final", ASSIGNMENT, head, KEY)
    for record in (*opening, *tallies):
        verify_record(parse_record(record.data), night.fold.definition, CryptographyVerifier())
        assert night.take(record.data).status in ("applied", "counted")


def test_a_tally_that_no_entry_can_hold_is_refused() -> None:
    """Such a report passes the line, but not the log; the urn hears why."""
    selections = tuple((number, 2**31 - 1, 2**31 - 1) for number in range(500))
    contests = tuple(ContestTally(number, 0, 0, 0, selections) for number in range(12))
    report = with_contests(final_report(), *contests)
    content = encode_report(report)
    assert len(content) < MAX_REPORT
    with pytest.raises(FormatError) as caught:
        sign_report(parse_report(content), content, ASSIGNMENT, EMPTY, KEY)
    assert caught.value.code == "RECORD_TOO_LONG"


def test_turnout_becomes_one_record_without_contests() -> None:
    [record] = sign_report(turnout_report(1, 31), b"", ASSIGNMENT, EMPTY, KEY)
    assert parse_record(record.data).body == Turnout(ELECTION_ID, 1, None, "u0", 1, TURNOUT_TIMES[1], 31)


@pytest.mark.parametrize("time", [0, TURNOUT_TIMES[0] + 1, 2**53 - 1])
def test_turnout_at_any_other_time_is_not_signed(time: int) -> None:
    """Finer steps, on a public log, would tell who voted when."""
    with pytest.raises(FormatError) as caught:
        sign_report(structs.replace(turnout_report(), time=time), b"", ASSIGNMENT, EMPTY, KEY)
    assert caught.value.code == "REPORT_WRONG_TIME"


def test_each_entry_of_the_journal_becomes_a_chained_event() -> None:
    """In the journal's order, also where a clock was set back; every code of the log is one of the journal's."""
    codes = get_args(EventCode)
    entries = tuple((1_800_000_000 - place, code) for place, code in enumerate(codes))
    head = ChainHead(4, sha256(b"the record before"))
    records = sign_report(journal_report(*entries), b"", ASSIGNMENT, head, KEY)
    bodies = [parse_record(record.data).body for record in records]
    before = [head.leaf_hash, *(record.leaf_hash for record in records)]
    assert bodies == [
        UrnEvent(ELECTION_ID, 5 + place, before[place], "u0", 1, *entry) for place, entry in enumerate(entries)
    ]


def test_all_kinds_together_are_one_chain_that_the_fold_follows() -> None:
    night, head = small_night(), EMPTY
    for report in (zero_report(), turnout_report(), journal_report(), turnout_report(1, 20), final_report()):
        records = sign_report(report, encode_report(report), ASSIGNMENT, head, KEY)
        assert count_records(report) == len(records)
        head = ChainHead(records[-1].seq, records[-1].leaf_hash)
        for record in records:
            assert night.take(record.data).status in ("applied", "counted")
    assert night.fold.gaps == []
