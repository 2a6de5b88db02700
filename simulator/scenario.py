"""An election to be played: its definition (as the server's definition file has it) and what each urn will report.

Sources of scenarios are ``demo_election`` and ``open_elections``; ``night`` plays them. Nothing here knows how.
"""

from dataclasses import dataclass, field
from typing import Literal

from ledger.canonical import Canonical
from ledger.election import BallotContest, Contest, ContestSelection, ReportingUnit, UrnAssignment
from ledger.tally import ContestTally
from ledger.words import Words


@dataclass(frozen=True, slots=True)
class DeviceLayout:
    """A device that will be enrolled, and the urns that it reads."""

    id: str
    urns: tuple[UrnAssignment, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """What goes otherwise with an urn: it never reports, reports after all others, or reports a second, other tally."""

    kind: Literal["silent", "late", "conflict"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """``counts`` is by urn and unit: the tallies that the urn reports at close, contests ascending.

    At each of ``turnout_times`` an urn has taken that part of its ballots, in percent. ``incidents`` is by urn.
    """

    authority: str
    title: Words
    date: str
    utc_offset: str
    polls_close: int
    vote_types: tuple[str, ...]
    contests: tuple[Contest, ...]
    units: tuple[ReportingUnit, ...]
    devices: tuple[DeviceLayout, ...]
    counts: dict[tuple[str, str], tuple[ContestTally, ...]]
    polls_open: int | None = None
    turnout_times: tuple[int, ...] = ()
    turnout_percent: tuple[int, ...] = ()
    secrecy_threshold: int = 0
    incidents: dict[str, Incident] = field(default_factory=dict)

    def definition(self) -> dict[str, object]:
        """The document that ``central-server init --definition`` reads."""
        return {
            "format": "tunuk-definition/1",
            "authority": self.authority,
            "title": _plain(self.title),
            "date": self.date,
            "utc_offset": self.utc_offset,
            "polls_close": self.polls_close,
            "polls_open": self.polls_open,
            "turnout_times": list(self.turnout_times),
            "secrecy_threshold": self.secrecy_threshold,
            "vote_types": list(self.vote_types),
            "contests": [_plain(contest) for contest in self.contests],
            "units": [_plain(unit) for unit in self.units],
            "devices": [{"id": device.id, "urns": [_plain(urn) for urn in device.urns]} for device in self.devices],
        }


_NAMES_LEFT_OUT = frozenset({"election_id"})


def _plain(value: object) -> object:
    """Structs as objects with their fields' names, for JSON; the election id is not known yet."""
    if isinstance(value, Canonical):
        names = [name for name in value.__struct_fields__ if name not in _NAMES_LEFT_OUT]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


NO_ELECTION = bytes(32)
"""Stands where a body has its election id while the election is still a draft."""


def draft_contest(
    number: int, title: Words, office: str, district: str, selections: tuple[ContestSelection, ...]
) -> Contest:
    """A vote-for-one contest of a draft election."""
    return Contest(NO_ELECTION, number, title, office, district, 1, selections)


def draft_precinct(
    unit: str, name: Words, parent: str, registered_voters: int | None, ballot: tuple[BallotContest, ...]
) -> ReportingUnit:
    return ReportingUnit(NO_ELECTION, unit, "precinct", name, parent, registered_voters, ballot)
