"""The numbered result file as its readers see it: the fields that pages show, checked for shape."""

import msgspec

from ledger.election_file import Title
from ledger.errors import FormatError, UnjudgeableError
from ledger.results import FORMAT


class UnitName(msgspec.Struct, frozen=True):
    """A reporting unit above the precincts; the country has no parent."""

    id: str
    type: str
    name: Title
    parent: str | None


class UnitVotes(msgspec.Struct, frozen=True):
    """A selection's votes in one unit; ``by_type`` in the order of the vote types."""

    id: int
    votes: int
    by_type: tuple[int, ...]


class SelectionResults(UnitVotes, frozen=True):
    """A line of a contest's ballot with its votes in the whole country."""

    name: Title
    party: str
    kind: str


class UnitResults(msgspec.Struct, frozen=True):
    """One contest in a unit above the precincts; selections in the contest's order."""

    unit: str
    cells_expected: int
    cells_reported: int
    cells_withheld: int
    registered_expected: int
    registered_reported: int
    ballots: int
    overvotes: int
    undervotes: int
    selections: tuple[UnitVotes, ...]


class ContestResults(msgspec.Struct, frozen=True):
    """One contest in the whole country."""

    number: int
    title: Title
    office: str
    district: str
    votes_allowed: int
    cells_expected: int
    cells_reported: int
    cells_withheld: int
    registered_expected: int
    registered_reported: int
    ballots: int
    overvotes: int
    undervotes: int
    selections: tuple[SelectionResults, ...]
    units: tuple[UnitResults, ...]


class TurnoutAt(msgspec.Struct, frozen=True):
    """Ballots cast in the country by a time (Unix seconds), as so many urns have told."""

    time: int
    urns: int
    ballots: int


class ResultsDocument(msgspec.Struct, frozen=True):
    """A numbered result file, without what no page shows."""

    format: str
    election_id: str
    title: Title
    date: str
    number: int
    tree_size: int
    root_hash: str
    vote_types: tuple[str, ...]
    units: tuple[UnitName, ...]
    contests: tuple[ContestResults, ...]
    turnout: tuple[TurnoutAt, ...]
    held: dict[str, int]
    flags: dict[str, int]
    rulings: int
    returns: int
    repeats: int
    gaps: int


class Stamp(msgspec.Struct, frozen=True):
    """Which snapshot a page was drawn from, and the state of the log that the snapshot was folded from."""

    number: int
    tree_size: int
    root_hash: str


def parse_results(data: bytes) -> ResultsDocument:
    """Raises FormatError(``BAD_RESULTS``) and UnjudgeableError(``UNKNOWN_RESULTS``) for another format."""
    try:
        document = msgspec.json.decode(data, type=ResultsDocument)
    except msgspec.DecodeError as error:
        raise FormatError("BAD_RESULTS", f"not a numbered result file: {error}") from error
    if document.format != FORMAT:
        raise UnjudgeableError("UNKNOWN_RESULTS", f"result files of format {document.format!r} are not known here")
    _check(document)
    return document


def parse_stamp(data: bytes) -> Stamp:
    """The stamp of a numbered result file. Raises FormatError(``BAD_RESULTS``)."""
    try:
        return msgspec.json.decode(data, type=Stamp)
    except msgspec.DecodeError as error:
        raise FormatError("BAD_RESULTS", f"not a numbered result file: {error}") from error


def _check(document: ResultsDocument) -> None:
    """What pages rely on beyond shapes: one country, known units, and a count for each selection and vote type."""
    units = {unit.id for unit in document.units}
    if [unit.parent for unit in document.units].count(None) != 1:
        raise FormatError("BAD_RESULTS", "a numbered result file has one unit without a parent, the country")
    if len({contest.number for contest in document.contests}) != len(document.contests):
        raise FormatError("BAD_RESULTS", "a contest is there twice")
    for contest in document.contests:
        ids, width = [row.id for row in contest.selections], len(document.vote_types)
        tables: list[tuple[UnitVotes, ...]] = [contest.selections, *(row.selections for row in contest.units)]
        if any([row.id for row in table] != ids for table in tables):
            raise FormatError("BAD_RESULTS", f"contest {contest.number}: units have other selections than the contest")
        if any(len(row.by_type) != width for table in tables for row in table):
            raise FormatError("BAD_RESULTS", f"contest {contest.number}: not one count for each vote type")
        if not units.issuperset(row.unit for row in contest.units):
            raise FormatError("BAD_RESULTS", f"contest {contest.number}: a unit is not listed")
