"""Plays a real election again: an OpenElections precinct file as a scenario.

What the file does not say is filled in and nothing else: one urn and one agent a precinct, one vote a ballot, and as
many ballots as votes, overvotes and undervotes. A precinct's ballot is what its rows list, so that the file's rows come
out of the results again, but for overvotes and undervotes, which are no rows there.
"""

import random
import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

from ledger.election import (
    MAX_CONTESTS,
    MAX_SELECTIONS,
    BallotContest,
    Contest,
    ContestSelection,
    ReportingUnit,
    SelectionKind,
    UnitAssignment,
    UrnAssignment,
)
from ledger.tally import ContestTally
from ledger.words import Words
from simulator.open_elections_data import Blanks, Choice, Office, Place, ResultsFile, Row
from simulator.open_elections_file import MAX_NAME, parse_results
from simulator.open_elections_notes import refuse_file
from simulator.open_elections_rows import is_write_in
from simulator.scenario import NO_ELECTION, DeviceLayout, Scenario, draft_contest, draft_precinct

_STATE = "state"
_NO_COUNTY = "—"
"""Where the file names no county: a blank could not be read out, nor followed on a page."""

_FILE_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})__")
_OTHER_DATE = date(2020, 11, 3)
_ZONE = timezone(timedelta(hours=-6))
_CLOSE = time(21)


def read_scenario(path: Path, precincts: int | None, seed: int) -> tuple[Scenario, ResultsFile]:
    """The election in the file, and the file; with ``precincts``, so many of its precincts, chosen by ``seed``.

    Raises what ``parse_results`` raises, and FormatError (``TOO_FEW_PRECINCTS``, ``TOO_MANY_CONTESTS``,
    ``TOO_MANY_CHOICES``).
    """
    file = parse_results(path)
    rows = file.rows
    places = sorted({row.place for row in rows})
    if precincts is not None:
        if not 1 <= precincts <= len(places):
            refuse_file("TOO_FEW_PRECINCTS", f"the file has {len(places)} precincts; --precincts is 1 to that")
        chosen = set(random.Random(seed).sample(places, precincts))
        places = [place for place in places if place in chosen]
        rows = [row for row in rows if row.place in chosen]
    contests, numbers = _contests(rows)
    ids = {place: f"p{number:05d}" for number, place in enumerate(places, start=1)}
    tallies, ballots = _tallies(rows, file, contests, numbers)
    counties = {county: f"c{number:03d}" for number, county in enumerate(sorted({place[0] for place in places}), 1)}
    title = Words(*[_title(path)] * 3)
    units = [ReportingUnit(NO_ELECTION, _STATE, "country", title, None, None, ())]
    units += [
        ReportingUnit(NO_ELECTION, unit, "county", Words(*[county or _NO_COUNTY] * 3), _STATE, None, ())
        for county, unit in counties.items()
    ]
    for place in places:
        told = file.registered.get(place)
        registered = None if told is None else told.number
        name = Words(*[place[1]] * 3)
        units.append(draft_precinct(ids[place], name, counties[place[0]], registered, ballots[place]))
    urns = {place: UrnAssignment(f"u{ids[place][1:]}", (UnitAssignment(ids[place], "primary"),)) for place in places}
    day = _date(path)
    scenario = Scenario(
        authority="replay.tunuk.example",
        title=title,
        date=day.isoformat(),
        utc_offset="-06:00",
        polls_close=int(datetime.combine(day, _CLOSE, _ZONE).astimezone(UTC).timestamp()),
        vote_types=file.vote_types,
        contests=tuple(contests.values()),
        units=tuple(units),
        devices=tuple(DeviceLayout(f"d{ids[place][1:]}", (urns[place],)) for place in places),
        counts={(urns[place].urn, ids[place]): tallies[place] for place in places},
    )
    return scenario, file


def _title(path: Path) -> str:
    """The file's name without what a text of the log may not have."""
    stem = unicodedata.normalize("NFC", path.stem)
    return "".join(letter for letter in stem if letter.isprintable())[:200].strip() or "election"


def _date(path: Path) -> date:
    """From the name, as OpenElections names files: ``20201103__ia__general__precinct.csv``."""
    found = _FILE_DATE.match(path.name)
    try:
        return date(*map(int, found.groups())) if found is not None else _OTHER_DATE
    except ValueError:
        return _OTHER_DATE


def _contests(rows: list[Row]) -> tuple[dict[Office, Contest], dict[tuple[Office, Choice], int]]:
    """Contests in the order of office and district, selections of each in the order of the file, numbered from 1."""
    choices: dict[Office, dict[Choice, int]] = {}
    for row in rows:
        listed = choices.setdefault(row.office, {})
        listed.setdefault(row.choice, len(listed) + 1)
    if len(choices) > MAX_CONTESTS:
        refuse_file(
            "TOO_MANY_CONTESTS", f"{len(choices)} offices and districts; an election has at most {MAX_CONTESTS}"
        )
    contests: dict[Office, Contest] = {}
    numbers: dict[tuple[Office, Choice], int] = {}
    for number, (office, district) in enumerate(sorted(choices), start=1):
        listed = choices[office, district]
        if len(listed) > MAX_SELECTIONS:
            words = f"{len(listed)} names for {office[:80]!r}; a contest has at most {MAX_SELECTIONS}"
            refuse_file("TOO_MANY_CHOICES", words)
        selections = []
        for (name, party), place in listed.items():
            kind: SelectionKind = "write_in" if is_write_in(name) else "candidate"
            selections.append(ContestSelection(place, Words(name, name, name), party, kind))
            numbers[(office, district), (name, party)] = place
        text = (f"{office}, {district}" if district else office)[:MAX_NAME].strip()
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
            blanks = file.blanks.get((place, office), Blanks(0))
            ballot_count = sum(sum(counts) for counts in votes.values()) + blanks.overvotes + blanks.undervotes
            lines.append(ContestTally(contest.number, ballot_count, blanks.overvotes, blanks.undervotes, selections))
            omitted = tuple(selection.id for selection in contest.selections if selection.id not in votes)
            ballot.append(BallotContest(contest.number, omitted))
        tallies[place], ballots[place] = tuple(lines), tuple(ballot)
    return tallies, ballots
