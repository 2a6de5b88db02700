"""Plays a real election again: an OpenElections precinct file as a scenario.

What the file does not say is filled in and nothing else: one urn and one agent a precinct, one vote a ballot, and as
many ballots as votes, overvotes and undervotes. A precinct's ballot is what its rows list, so that the file's rows come
out of the results again, but for overvotes and undervotes, which are no rows there.
"""

import random
from pathlib import Path

from ledger.election import (
    BallotContest,
    Contest,
    ContestSelection,
    ReportingUnit,
    SelectionKind,
    UnitAssignment,
    UrnAssignment,
)
from ledger.errors import FormatError
from ledger.tally import ContestTally
from ledger.words import Words
from simulator.open_elections_file import Choice, Office, Place, ResultsFile, Row, parse_results
from simulator.scenario import NO_ELECTION, DeviceLayout, Scenario, draft_contest, draft_precinct

_STATE = "state"


def read_scenario(path: Path, precincts: int | None, seed: int) -> tuple[Scenario, ResultsFile]:
    """The election in the file, and the file; with ``precincts``, so many of its precincts, chosen by ``seed``.

    Raises what ``parse_results`` raises, and FormatError(``TOO_FEW_PRECINCTS``).
    """
    file = parse_results(path)
    rows = file.rows
    places = sorted({row.place for row in rows})
    if precincts is not None:
        if not 1 <= precincts <= len(places):
            raise FormatError("TOO_FEW_PRECINCTS", f"the file has {len(places)} precincts; --precincts is 1 to that")
        chosen = set(random.Random(seed).sample(places, precincts))
        places = [place for place in places if place in chosen]
        rows = [row for row in rows if row.place in chosen]
    contests, numbers = _contests(rows)
    ids = {place: f"p{number:05d}" for number, place in enumerate(places, start=1)}
    tallies, ballots = _tallies(rows, file, contests, numbers)
    counties = {county: f"c{number:03d}" for number, county in enumerate(sorted({place[0] for place in places}), 1)}
    title = Words(*[f"{path.stem}"[:200]] * 3)
    units = [ReportingUnit(NO_ELECTION, _STATE, "country", title, None, None, ())]
    units += [
        ReportingUnit(NO_ELECTION, unit, "county", Words(county, county, county), _STATE, None, ())
        for county, unit in counties.items()
    ]
    units += [
        draft_precinct(
            ids[place], Words(*[place[1]] * 3), counties[place[0]], file.registered.get(place), ballots[place]
        )
        for place in places
    ]
    urns = {place: UrnAssignment(f"u{ids[place][1:]}", (UnitAssignment(ids[place], "primary"),)) for place in places}
    scenario = Scenario(
        authority="replay.tunuk.example",
        title=title,
        date="2020-11-03",
        utc_offset="-06:00",
        polls_close=1_604_458_800,
        vote_types=file.vote_types,
        contests=tuple(contests.values()),
        units=tuple(units),
        devices=tuple(DeviceLayout(f"d{ids[place][1:]}", (urns[place],)) for place in places),
        counts={(urns[place].urn, ids[place]): tallies[place] for place in places},
    )
    return scenario, file


def _contests(rows: list[Row]) -> tuple[dict[Office, Contest], dict[tuple[Office, Choice], int]]:
    """Contests in the order of office and district, selections of each in the order of the file, numbered from 1."""
    choices: dict[Office, list[Choice]] = {}
    for row in rows:
        listed = choices.setdefault(row.office, [])
        if row.choice not in listed:
            listed.append(row.choice)
    contests: dict[Office, Contest] = {}
    numbers: dict[tuple[Office, Choice], int] = {}
    for number, (office, district) in enumerate(sorted(choices), start=1):
        selections = []
        for place, (name, party) in enumerate(choices[office, district], start=1):
            kind: SelectionKind = "write_in" if name.lower().startswith("write-in") else "candidate"
            selections.append(ContestSelection(place, Words(name, name, name), party, kind))
            numbers[(office, district), (name, party)] = place
        text = f"{office}, {district}" if district else office
        title = Words(text, text, text)
        contests[office, district] = draft_contest(number, title, office, district, tuple(selections))
    return contests, numbers


def _tallies(
    rows: list[Row], file: ResultsFile, contests: dict[Office, Contest], numbers: dict[tuple[Office, Choice], int]
) -> tuple[dict[Place, tuple[ContestTally, ...]], dict[Place, tuple[BallotContest, ...]]]:
    """Each precinct's counts, and its ballot: the contests in its rows without the selections that have no row."""
    cells: dict[Place, dict[Office, dict[int, tuple[int, ...]]]] = {}
    for row in rows:
        cells.setdefault(row.place, {}).setdefault(row.office, {})[numbers[row.office, row.choice]] = row.votes
    tallies: dict[Place, tuple[ContestTally, ...]] = {}
    ballots: dict[Place, tuple[BallotContest, ...]] = {}
    for place, offices in cells.items():
        lines, ballot = [], []
        for office, votes in sorted(offices.items(), key=lambda item: contests[item[0]].number):
            contest = contests[office]
            selections = tuple((selection, *votes[selection]) for selection in sorted(votes))
            over, under = file.blanks.get((place, office), (0, 0))
            ballot_count = sum(sum(counts) for counts in votes.values()) + over + under
            lines.append(ContestTally(contest.number, ballot_count, over, under, selections))
            omitted = tuple(selection.id for selection in contest.selections if selection.id not in votes)
            ballot.append(BallotContest(contest.number, omitted))
        tallies[place], ballots[place] = tuple(lines), tuple(ballot)
    return tallies, ballots
