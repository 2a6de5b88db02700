"""The numbered result file as its readers see it: the fields that a page shows, checked for shape."""

import msgspec

from ledger.errors import FormatError, UnjudgeableError
from ledger.results import FORMAT


class Title(msgspec.Struct, frozen=True):
    """One text in the three languages of the project."""

    ky: str
    ru: str
    en: str

    def __getitem__(self, language: str) -> str:
        return {"ky": self.ky, "ru": self.ru, "en": self.en}[language]


class UnitName(msgspec.Struct, frozen=True):
    """A reporting unit above the precincts."""

    id: str
    name: Title


class SelectionResults(msgspec.Struct, frozen=True):
    """A line of a contest's ballot with its votes in the whole country."""

    name: Title
    party: str
    votes: int


class UnitCoverage(msgspec.Struct, frozen=True):
    """How many cells of a contest have reported in a unit above the precincts."""

    unit: str
    cells_expected: int
    cells_reported: int


class ContestResults(msgspec.Struct, frozen=True):
    """One contest in the whole country."""

    title: Title
    office: str
    cells_expected: int
    cells_reported: int
    registered_expected: int
    registered_reported: int
    ballots: int
    overvotes: int
    undervotes: int
    selections: tuple[SelectionResults, ...]
    units: tuple[UnitCoverage, ...]


class ResultsDocument(msgspec.Struct, frozen=True):
    """A numbered result file, without what no page shows."""

    format: str
    election_id: str
    title: Title
    date: str
    number: int
    tree_size: int
    root_hash: str
    units: tuple[UnitName, ...]
    contests: tuple[ContestResults, ...]
    held: dict[str, int]
    repeats: int
    gaps: int


def parse_results(data: bytes) -> ResultsDocument:
    """Raises FormatError(``BAD_RESULTS``) and UnjudgeableError(``UNKNOWN_RESULTS``) for another format."""
    try:
        document = msgspec.json.decode(data, type=ResultsDocument)
    except msgspec.DecodeError as error:
        raise FormatError("BAD_RESULTS", f"not a numbered result file: {error}") from error
    if document.format != FORMAT:
        raise UnjudgeableError("UNKNOWN_RESULTS", f"result files of format {document.format!r} are not known here")
    return document
