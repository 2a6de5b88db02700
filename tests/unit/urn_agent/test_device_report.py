"""What an urn reports, and the records that follow from it."""

import pytest
from msgspec import structs

from ledger import canonical
from ledger.errors import FormatError
from ledger.primitives import sha256
from ledger.record import parse_record, verify_record
from ledger.signing import CryptographyVerifier
from ledger.tally import ContestTally, Opening, TallyReport
from tests.unit.ledger.election_factory import small_night
from tests.unit.urn_agent.agent_factory import ELECTION_ID, KEY, final_report, signed_by_urn, zero_report
from urn_agent.device_report import ChainHead, DeviceReport, UnitCounts, encode_report, parse_report, sign_report
from urn_agent.link_messages import MAX_REPORT

EMPTY = ChainHead(0, None)


def with_contests(report: DeviceReport, *contests: ContestTally) -> DeviceReport:
    return structs.replace(report, units=(UnitCounts("101", contests),))


def test_a_report_survives_the_line() -> None:
    for report in (zero_report(), final_report(units=("101", "102")), signed_by_urn(final_report())):
        assert parse_report(encode_report(report)) == report


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (final_report(units=("102", "101")), "REPORT_UNORDERED"),
        (final_report(units=("101", "101")), "REPORT_UNORDERED"),
        (with_contests(final_report(), *final_report().units[0].contests[::-1]), "REPORT_UNORDERED"),
        (with_contests(final_report(), ContestTally(1, 3, 0, 0, ((2, 1, 1), (1, 1, 0)))), "REPORT_UNORDERED"),
        (with_contests(final_report(), ContestTally(1, 3, 0, 0, ((1, 1, 1), (2, 1)))), "REPORT_UNEVEN"),
        (with_contests(zero_report(), ContestTally(1, 1, 0, 0, ((1, 0, 0),))), "REPORT_NOT_ZERO"),
        (with_contests(zero_report(), ContestTally(1, 0, 1, 0, ((1, 0, 0),))), "REPORT_NOT_ZERO"),
        (with_contests(zero_report(), ContestTally(1, 0, 0, 1, ((1, 0, 0),))), "REPORT_NOT_ZERO"),
        (with_contests(zero_report(), ContestTally(1, 0, 0, 0, ((1, 0, 7),))), "REPORT_NOT_ZERO"),
    ],
)
def test_a_report_that_is_put_together_wrongly_is_refused(report: DeviceReport, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_report(encode_report(report))
    assert caught.value.code == code


def test_bytes_that_are_no_report_are_refused() -> None:
    content = encode_report(final_report())
    for data in (b"", b"\xc1", content[:-1], content + b"\x00", canonical.encode(["final"])):
        with pytest.raises(FormatError) as caught:
            parse_report(data)
        assert caught.value.code == "REPORT_UNREADABLE"


def test_a_zero_report_becomes_one_opening() -> None:
    report = signed_by_urn(zero_report(units=("101", "102")))
    content = encode_report(report)
    [record] = sign_report(report, content, ELECTION_ID, EMPTY, KEY)
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
    records = sign_report(report, content, ELECTION_ID, head, KEY)
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
    opening = sign_report(zero_report(), b"zero", ELECTION_ID, EMPTY, KEY)
    head = ChainHead(opening[-1].seq, opening[-1].leaf_hash)
    tallies = sign_report(final_report(), b"final", ELECTION_ID, head, KEY)
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
        sign_report(parse_report(content), content, ELECTION_ID, EMPTY, KEY)
    assert caught.value.code == "RECORD_TOO_LONG"


def test_the_bound_leaves_room_for_a_remote_urn() -> None:
    """30 units with 30 contests of 20 selections each, every counter large."""
    contest = tuple(ContestTally(n, 60_000, 900, 900, tuple((s, 9_000, 9_000) for s in range(20))) for n in range(30))
    units = tuple(UnitCounts(f"90{number:02}", contest) for number in range(30))
    content = encode_report(structs.replace(final_report(), units=units))
    assert MAX_REPORT / 2 < len(content) < MAX_REPORT


def test_an_urns_signature_is_over_the_rest_of_the_report() -> None:
    assert signed_by_urn(final_report()).signed_bytes == final_report().signed_bytes
    assert final_report().signed_bytes.startswith(b"tunuk/urn-report/v1\n")
    assert final_report().signed_bytes != zero_report().signed_bytes
