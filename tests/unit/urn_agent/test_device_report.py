"""What an urn reports, and the records that follow from it."""

import pytest
from msgspec import structs

from ledger import canonical
from ledger.errors import FormatError
from ledger.tally import ContestTally
from tests.unit.urn_agent.agent_factory import (
    NONCE,
    final_report,
    journal_report,
    signed_by_urn,
    turnout_report,
    with_contests,
    zero_report,
)
from urn_agent.device_report import MAX_ENTRIES, DeviceReport, UnitCounts, encode_report, parse_report
from urn_agent.link_messages import MAX_REPORT


def test_a_report_survives_the_line() -> None:
    counters = zero_report(), final_report(units=("101", "102")), signed_by_urn(final_report())
    for report in (*counters, turnout_report(), journal_report()):
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
        (with_contests(final_report(), ContestTally(1, 1, None, None, None)), "REPORT_WITHHELD"),
    ],
)
def test_a_report_that_is_put_together_wrongly_is_refused(report: DeviceReport, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_report(encode_report(report))
    assert caught.value.code == code


def test_bytes_that_are_no_report_are_refused() -> None:
    content = encode_report(final_report())
    turnout, journal = encode_report(turnout_report()), encode_report(journal_report())
    for data in (
        *(b"", b"\xc1", content[:-1], content + b"\x00", canonical.encode(["final"])),
        *(content.replace(b"\xa5final", b"\xa5fimal"), turnout.replace(b"turnout", b"journal")),
        *(turnout[:-1], turnout + b"\x00", journal.replace(b"power_lost", b"power_gone")),
        canonical.encode(["journal", "u0", "2.4", 1, []]),
        canonical.encode(["journal", "u0", "2.4", 1, [[5, "paper_jam"]] * (MAX_ENTRIES + 1)]),
        canonical.encode(["turnout", "u0", "2.4", 1, 5, -1]),
        canonical.encode([*structs.astuple(final_report())[:5], NONCE[:15], [], None]),
    ):
        with pytest.raises(FormatError) as caught:
            parse_report(data)
        assert caught.value.code == "REPORT_UNREADABLE"


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
    assert NONCE in zero_report().signed_bytes
