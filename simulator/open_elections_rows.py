"""What a row of an OpenElections file is about, from its office and candidate: there are rows for more than votes.

Spellings differ from state to state and from year to year; these are the ones that are found.
"""

import re
from enum import Enum


class RowSort(Enum):
    """CHOICE, OVERVOTES and UNDERVOTES are counted; of a TOTAL the other rows already tell."""

    CHOICE = "choice"
    OVERVOTES = "overvotes"
    UNDERVOTES = "undervotes"
    REGISTERED = "registered"
    BALLOTS = "ballots"
    IGNORED = "ignored"
    TOTAL = "total"

    @property
    def counts(self) -> bool:
        return self in (RowSort.CHOICE, RowSort.OVERVOTES, RowSort.UNDERVOTES)


_OVERVOTES = re.compile(r"(over[ -]?votes?|times over[ -]?voted|voids?)( -.*)?")
_UNDERVOTES = re.compile(r"(under[ -]?votes?|times under[ -]?voted|blanks?|blank (votes?|ballots?))( -.*)?")
_REGISTERED = re.compile(r"registered voters?\b.*|voter registration\b.*")
_BALLOTS = re.compile(r"(total )?(ballots|cards) cast\b.*|(voter )?turnout\b.*")
_WHOLE = re.compile(r"(registered voters?|voter registration|(total )?(ballots|cards) cast)( ?-? ?total)?")
_TOTAL_PLACE = re.compile(r"(.*\W)?totals?( votes| ballots)?|all precincts|county ?-?wide|state ?-?wide")
_TOTAL_NAME = re.compile(
    r"((grand|contest|race|office|cumulative|county) )?totals?( votes?)?( cast)?|(cast votes|votes cast)"
)
_WRITE_IN = re.compile(r"(\w+ )?write[ -]?ins?\b.*|scatter(ing|ed)( votes)?")


def sort_row(office: str, candidate: str, precinct: str = "") -> RowSort:
    """Which sort of row this is; names without blanks around them."""
    office, candidate, precinct = office.casefold(), candidate.casefold(), precinct.casefold()
    if _TOTAL_PLACE.fullmatch(precinct) or _TOTAL_NAME.fullmatch(candidate):
        return RowSort.TOTAL
    if _REGISTERED.fullmatch(office):
        return RowSort.REGISTERED
    if _BALLOTS.fullmatch(office):
        return RowSort.IGNORED if "blank" in office or "turnout" in office else RowSort.BALLOTS
    if _OVERVOTES.fullmatch(candidate):
        return RowSort.OVERVOTES
    return RowSort.UNDERVOTES if _UNDERVOTES.fullmatch(candidate) else RowSort.CHOICE


def is_part(office: str) -> bool:
    """Whether a row of registered voters or ballots cast tells of a part of them, by its name: of a party, say."""
    return _WHOLE.fullmatch(office.casefold()) is None


def is_write_in(candidate: str) -> bool:
    """Whether the votes are for names that voters wrote."""
    return _WRITE_IN.fullmatch(candidate.casefold()) is not None
