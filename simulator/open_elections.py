"""Reads an OpenElections precinct CSV as a scenario: a real election to be played again.

Columns ``county,precinct,office,district,candidate,party,votes`` in this order; whatever follows ``votes`` is a vote
type, and the vote types of a row add up to its votes. What the file does not say is filled in and nothing else: one
urn and one agent a precinct, one vote a ballot, as many ballots as votes. A refusal names the line.
"""

import csv
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.canonical import require_text
from ledger.election import (
    MAX_VOTE_TYPES,
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
from simulator.scenario import NO_ELECTION, DeviceLayout, Scenario, draft_contest, draft_precinct

COLUMNS = ("county", "precinct", "office", "district", "candidate", "party", "votes")
MAX_FILE_BYTES = 256 * 1024 * 1024
"""The largest state's file of a general election is below a fifth of this."""

_STATE = "state"
_VOTE_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Place = tuple[str, str]
"""County and precinct: a precinct's name alone is not unique."""

Office = tuple[str, str]
Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; ``line`` counts from 1 with the header."""

    line: int
    place: Place
    office: Office
    choice: Choice
    votes: tuple[int, ...]


def parse_rows(path: Path) -> tuple[tuple[str, ...], list[Row]]:
    """The file's vote types and its rows.

    Raises FormatError(``FILE_TOO_LARGE``, ``NOT_UTF8``, ``BAD_HEADER``, ``BAD_ROW``, ``BAD_COUNT``, ``BAD_TEXT``,
    ``VOTES_DO_NOT_ADD_UP``, ``DUPLICATE_ROW``, ``EMPTY_FILE``), and OSError where the file cannot be read.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise FormatError("FILE_TOO_LARGE", f"{path}: more than {MAX_FILE_BYTES} bytes")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse(csv.reader(file, strict=True))
    except UnicodeDecodeError as error:
        raise FormatError("NOT_UTF8", f"{path}: byte {error.start} is not UTF-8; convert the file first") from error
    except csv.Error as error:
        raise FormatError("BAD_ROW", f"{path}: not CSV: {error}") from error


def _parse(lines: Iterator[list[str]]) -> tuple[tuple[str, ...], list[Row]]:
    header = next(lines, [])
    if tuple(header[: len(COLUMNS)]) != COLUMNS or len(set(header)) != len(header):
        raise FormatError("BAD_HEADER", f"line 1: the columns begin with {','.join(COLUMNS)}, not {','.join(header)}")
    types = tuple(header[len(COLUMNS) :])
    if len(types) > MAX_VOTE_TYPES or not all(_VOTE_TYPE.fullmatch(name) for name in types):
        raise FormatError("BAD_HEADER", f"line 1: at most {MAX_VOTE_TYPES} vote types like election_day, not {types}")
    rows: list[Row] = []
    seen: dict[tuple[Place, Office, Choice], int] = {}
    for number, cells in enumerate(lines, start=2):
        row = _row(number, cells, len(header))
        key = (row.place, row.office, row.choice)
        if key in seen:
            raise FormatError(
                "DUPLICATE_ROW", f"line {number} repeats the precinct, office and name of line {seen[key]}"
            )
        seen[key] = number
        rows.append(row)
    if not rows:
        raise FormatError("EMPTY_FILE", "the file has no rows")
    return types or ("votes",), rows


def _row(number: int, cells: list[str], width: int) -> Row:
    if len(cells) != width:
        raise FormatError("BAD_ROW", f"line {number} has {len(cells)} cells where the header has {width}")
    try:
        require_text(*cells[:6])
    except ValueError as error:
        raise FormatError("BAD_TEXT", f"line {number}: {error}") from error
    for cell in cells[6:]:
        if not (cell.isascii() and cell.isdigit() and len(cell) <= 9):
            raise FormatError("BAD_COUNT", f"line {number}: {cell!r} is not a number of votes")
    votes, *by_type = (int(cell) for cell in cells[6:])
    if by_type and sum(by_type) != votes:
        raise FormatError("VOTES_DO_NOT_ADD_UP", f"line {number}: {votes} votes, but {sum(by_type)} by vote type")
    place, office, choice = (cells[0], cells[1]), (cells[2], cells[3]), (cells[4], cells[5])
    return Row(number, place, office, choice, tuple(by_type) or (votes,))


def read_scenario(path: Path, precincts: int | None, seed: int) -> Scenario:
    """The election in the file; with ``precincts``, so many of its precincts, chosen by ``seed``.

    Raises what ``parse_rows`` raises, and FormatError(``TOO_FEW_PRECINCTS``).
    """
    vote_types, rows = parse_rows(path)
    places = sorted({row.place for row in rows})
    if precincts is not None:
        if not 1 <= precincts <= len(places):
            raise FormatError("TOO_FEW_PRECINCTS", f"the file has {len(places)} precincts; --precincts is 1 to that")
        chosen = set(random.Random(seed).sample(places, precincts))
        places = [place for place in places if place in chosen]
        rows = [row for row in rows if row.place in chosen]
    contests, numbers = _contests(rows)
    ids = {place: f"p{number:05d}" for number, place in enumerate(places, start=1)}
    tallies, ballots = _tallies(rows, contests, numbers)
    counties = {county: f"c{number:03d}" for number, county in enumerate(sorted({place[0] for place in places}), 1)}
    title = Words(*[f"{path.stem}"[:200]] * 3)
    units = [ReportingUnit(NO_ELECTION, _STATE, "country", title, None, None, ())]
    units += [
        ReportingUnit(NO_ELECTION, unit, "county", Words(county, county, county), _STATE, None, ())
        for county, unit in counties.items()
    ]
    units += [
        draft_precinct(ids[place], Words(place[1], place[1], place[1]), counties[place[0]], None, ballots[place])
        for place in places
    ]
    urns = {place: UrnAssignment(f"u{ids[place][1:]}", (UnitAssignment(ids[place], "primary"),)) for place in places}
    return Scenario(
        authority="replay.tunuk.example",
        title=title,
        date="2020-11-03",
        utc_offset="-06:00",
        polls_close=1_604_458_800,
        vote_types=vote_types,
        contests=tuple(contests.values()),
        units=tuple(units),
        devices=tuple(DeviceLayout(f"d{ids[place][1:]}", (urns[place],)) for place in places),
        counts={(urns[place].urn, ids[place]): tallies[place] for place in places},
    )


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
    rows: list[Row], contests: dict[Office, Contest], numbers: dict[tuple[Office, Choice], int]
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
            ballot_count = sum(sum(counts) for counts in votes.values())
            lines.append(ContestTally(contest.number, ballot_count, 0, 0, selections))
            omitted = tuple(selection.id for selection in contest.selections if selection.id not in votes)
            ballot.append(BallotContest(contest.number, omitted))
        tallies[place], ballots[place] = tuple(lines), tuple(ballot)
    return tallies, ballots
