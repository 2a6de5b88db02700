"""What too few ballots would give away is left out before anything is signed, and nothing public confirms a guess."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from msgspec import structs

from ledger.errors import FormatError
from ledger.fold import Fold
from ledger.primitives import sha256
from ledger.record import parse_record
from ledger.tally import ContestTally, Opening, TallyReport
from tests.unit.ledger.election_factory import ELECTION_KEY, Night, small_election, small_parts
from tests.unit.urn_agent.agent_factory import ASSIGNMENT, KEY, NONCE, final_report, signed_by_urn, zero_report
from urn_agent.device_report import DeviceReport, UnitCounts, encode_report
from urn_agent.report_records import ChainHead, sign_report, withhold_cell

SECRET = replace(ASSIGNMENT, secrecy_threshold=3)
EMPTY = ChainHead(0, None)


def cell(contest: int, ballots: int, first: int = 0) -> ContestTally:
    """``first`` votes for the first selection, the rest for the second."""
    return ContestTally(contest, ballots, 0, 0, ((1, first, 0), (2, ballots - first, 0)))


def with_units(*units: tuple[ContestTally, ...]) -> DeviceReport:
    counts = tuple(UnitCounts(str(101 + place), cells) for place, cells in enumerate(units))
    return structs.replace(final_report(), units=counts)


def tallies(report: DeviceReport) -> list[TallyReport]:
    records = sign_report(report, encode_report(report), SECRET, EMPTY, KEY)
    bodies = [parse_record(record.data).body for record in records]
    return [body for body in bodies if isinstance(body, TallyReport)]


@pytest.mark.parametrize(("ballots", "hidden"), [(0, False), (1, True), (2, True), (3, False), (500, False)])
def test_a_cell_is_withheld_between_no_ballots_and_the_threshold(ballots: int, hidden: bool) -> None:
    expected = ContestTally(1, ballots, None, None, None) if hidden else cell(1, ballots)
    assert withhold_cell(cell(1, ballots), 3) == expected
    assert withhold_cell(cell(1, ballots), 0) == cell(1, ballots), "an election without a threshold withholds nothing"


def test_a_withheld_cell_leaves_the_others_as_they_are() -> None:
    [tally] = tallies(with_units((cell(1, 2), cell(2, 60, 25))))
    assert tally.contests == (ContestTally(1, 2, None, None, None), cell(2, 60, 25))


def test_the_urns_signature_goes_with_any_cell_of_the_report() -> None:
    """It covers the whole report: it is left out of the units that withhold nothing, too."""
    open_unit, closed_unit = (cell(1, 60),), (cell(1, 1),)
    signed = signed_by_urn(with_units(open_unit, closed_unit))
    assert [tally.urn_signature for tally in tallies(signed)] == [None, None]
    assert [tally.urn_signature for tally in tallies(signed_by_urn(with_units(open_unit)))] == [b"an urn's signature"]


def guesses(report: DeviceReport) -> Iterator[DeviceReport]:
    """Every report that has the same public part: two ballots, in all ways in which they can have been cast."""
    for over in range(3):
        for under in range(3 - over):
            for first in range(3 - over - under):
                rows = ((1, first, 0), (2, 2 - over - under - first, 0))
                yield structs.replace(report, units=(UnitCounts("101", (ContestTally(1, 2, over, under, rows),)),))


def test_the_public_hash_confirms_no_guess() -> None:
    """Whoever knows everything but the votes and the nonce finds them not, though there are ten possibilities."""
    report = with_units((cell(1, 2, 1),))
    [tally] = tallies(report)
    found = [guess for guess in guesses(report) if sha256(encode_report(guess)) == tally.report_hash]
    assert found == [report], "with the nonce the hash has a single meaning"
    for nonce in (bytes(16), zero_report().nonce, b"\xff" * 16):
        blind = [structs.replace(guess, nonce=nonce) for guess in guesses(report)]
        assert len(blind) == 10
        assert tally.report_hash not in {sha256(encode_report(guess)) for guess in blind}


def test_neither_nonce_nor_withheld_votes_are_in_what_is_signed() -> None:
    votes = ContestTally(1, 2, 0, 0, ((1, 0, 0), (77, 2, 0)))
    report = with_units((votes, cell(2, 60)))
    for record in sign_report(report, encode_report(report), SECRET, EMPTY, KEY):
        assert report.nonce not in record.data
        assert b"\x93\x4d\x02\x00" not in record.data
        assert b"\x93\x4d\x02\x00" in encode_report(report)


@pytest.mark.parametrize("nonce", [bytes(16), b"\xff" * 16, b"A" * 16])
def test_a_nonce_that_is_none_is_refused_where_it_has_to_hide(nonce: bytes) -> None:
    """In the morning always, so that the urn can be changed; at night only where it matters."""
    plain = structs.replace(with_units((cell(1, 60),)), nonce=nonce)
    assert len(tallies(plain)) == 1
    for report in (
        structs.replace(zero_report(), nonce=nonce),
        structs.replace(with_units((cell(1, 2),)), nonce=nonce),
    ):
        with pytest.raises(FormatError) as caught:
            sign_report(report, encode_report(report), SECRET, EMPTY, KEY)
        assert caught.value.code == "REPORT_NONCE_WEAK"


def test_the_fold_takes_a_withheld_cell() -> None:
    small = ContestTally(1, 2, 0, 0, ((1, 1, 0), (2, 1, 0), (3, 0, 0)))
    counts = (small, final_report().units[0].contests[1])
    report = structs.replace(final_report(), units=(UnitCounts("101", counts),))
    election = structs.replace(small_election()[0], secrecy_threshold=3)
    night = Night(Fold(), election.election_id, [])
    for body in (election, *small_parts(election.election_id)):
        night.say(body, ELECTION_KEY)
    assignment = replace(SECRET, election_id=election.election_id)
    [record] = sign_report(report, encode_report(report), assignment, EMPTY, KEY)
    assert night.take(record.data).status == "counted"
    totals = night.fold.totals["101", 1]
    assert (totals.ballots, totals.withheld, list(totals.votes)) == (2, 1, [0] * 6)


def test_a_zero_report_keeps_hash_and_signature() -> None:
    """Every counter in it is known; its nonce keeps its hash from telling anything about the final report's."""
    report = signed_by_urn(zero_report())
    [record] = sign_report(report, encode_report(report), SECRET, EMPTY, KEY)
    body = parse_record(record.data).body
    assert isinstance(body, Opening)
    assert (body.report_hash, body.urn_signature) == (sha256(encode_report(report)), b"an urn's signature")
    assert report.nonce == NONCE != final_report().nonce
