"""Whole countries for tests: the fold of a simulated election of any size, with as many tallies in as are wanted."""

from collections.abc import Callable, Sequence

import msgspec

from ledger.election import (
    BallotContest,
    Contest,
    ContestSelection,
    Part,
    ReportingDevice,
    ReportingUnit,
    UnitAssignment,
    UrnAssignment,
    part_hash,
    parts_root,
)
from ledger.fold import Fold
from ledger.primitives import sha256
from ledger.record import Body, parse_record, sign_record, trust_record
from ledger.signing import Ed25519Signer
from ledger.tally import ContestTally, TallyReport
from ledger.words import Words
from simulator.night_election import build_night
from simulator.scenario import NO_ELECTION, DeviceLayout, Scenario
from tests.unit.ledger.election_factory import ELECTION_KEY, POLLS_CLOSE, small_election


def fold_scenario(scenario: Scenario, reported: Callable[[int], bool]) -> Fold:
    """``reported`` says of each tally, by its place among all, whether it is in. Signatures are not looked at."""
    devices = {device.id: Ed25519Signer(bytes(sha256(device.id.encode()))) for device in scenario.devices}
    drafts: list[Part] = [*scenario.contests, *scenario.units]
    drafts += [ReportingDevice(NO_ELECTION, row.id, devices[row.id].public_key, row.urns) for row in scenario.devices]
    election = msgspec.structs.replace(
        small_election()[0],
        title=scenario.title,
        vote_types=scenario.vote_types,
        secrecy_threshold=scenario.secrecy_threshold,
        parts=len(drafts),
        parts_root=parts_root([part_hash(part) for part in drafts]),
    )
    identity = election.election_id
    fold = Fold()
    take(fold, election, ELECTION_KEY)
    for part in drafts:
        take(fold, msgspec.structs.replace(part, election_id=identity), ELECTION_KEY)
    speakers = {urn.urn: devices[device.id] for device in scenario.devices for urn in device.urns}
    for place, ((urn, unit), contests) in enumerate(scenario.counts.items()):
        if reported(place):
            body = TallyReport(
                identity, place + 1, None, urn, unit, 1, POLLS_CLOSE + 9, "urn", bytes(32), None, contests
            )
            take(fold, body, speakers[urn])
    return fold


def take(fold: Fold, body: Body, signer: Ed25519Signer) -> None:
    fold.apply(fold.size, trust_record(parse_record(sign_record(body, [signer]))))


def kyrgyz_country(precincts: int = 2_492) -> Scenario:
    """30 districts, 460 candidates, remote voters' urns with votes of every district."""
    return build_night(precincts, 1, POLLS_CLOSE + 8_000)


def many_contests(counties: int = 99, precincts: int = 1_661) -> Scenario:
    """131 contests of five offices, counties, five contests on each ballot, and long names."""
    offices = [("President", 1, 11), ("U.S. Senate", 1, 5), ("U.S. House", 4, 4), ("State Senate", 25, 3)]
    contests: list[Contest] = []
    for office, districts, choices in [*offices, ("State House", 100, 3)]:
        for district in range(1, districts + 1):
            title = words(f"{office}, {district} " + "-шайлоо округу")
            selections = tuple(
                ContestSelection(place, words(f"Абдылдабек уулу Жоробай {place}"), "DEM", "candidate")
                for place in range(1, choices + 1)
            )
            contests.append(Contest(NO_ELECTION, len(contests) + 1, title, office, str(district), 1, selections))
    units = [ReportingUnit(NO_ELECTION, "IA", "country", words("Iowa"), None, None, ())]
    units += [
        ReportingUnit(NO_ELECTION, f"c{place:03}", "county", words(f"Pottawattamie {place}"), "IA", None, ())
        for place in range(counties)
    ]
    devices, counts = [], {}
    for place in range(precincts):
        numbers = [1, 2, 3 + place % 4, 7 + place % 25, 32 + place % 100]
        ballot = tuple(BallotContest(number) for number in numbers)
        unit, urn = f"p{place:04}", f"urn-{place:04}"
        parent, name = f"c{place % counties:03}", words(f"Council Bluffs Ward {place}")
        units.append(ReportingUnit(NO_ELECTION, unit, "precinct", name, parent, 1_000, ballot))
        devices.append(DeviceLayout(f"d-{place:04}", (UrnAssignment(urn, (UnitAssignment(unit, "primary"),)),)))
        counts[urn, unit] = tuple(count(contests[number - 1], place) for number in numbers)
    return make_scenario(contests, units, devices, counts)


def count(contest: Contest, place: int) -> ContestTally:
    """Votes that differ from precinct to precinct."""
    rows = tuple((row.id, 100_000 + place * row.id, place) for row in contest.selections)
    return ContestTally(contest.number, sum(sum(row[1:]) for row in rows), 0, 0, rows)


def make_scenario(
    contests: Sequence[Contest],
    units: Sequence[ReportingUnit],
    devices: Sequence[DeviceLayout],
    counts: dict[tuple[str, str], tuple[ContestTally, ...]],
) -> Scenario:
    return Scenario(
        authority="cec.example",
        title=words("General election"),
        date="2027-01-24",
        utc_offset="+06:00",
        polls_close=POLLS_CLOSE,
        vote_types=("absentee", "election_day"),
        contests=tuple(contests),
        units=tuple(units),
        devices=tuple(devices),
        counts=counts,
    )


def words(text: str) -> Words:
    return Words(text, text, text)
