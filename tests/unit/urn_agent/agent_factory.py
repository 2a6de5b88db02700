"""Reports, outboxes and sessions for tests of the agent: the small election's device 0, with urn u0 in precinct 101."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import structs

from ledger.primitives import Hash
from ledger.tally import ContestTally, EventCode
from simulator.urn import SimulatedUrn, UrnClock
from tests.unit.ledger.election_factory import DEVICE_KEYS, small_election
from urn_agent.assignment import Assignment
from urn_agent.device_report import (
    DeviceReport,
    JournalEntry,
    JournalReport,
    TurnoutReport,
    UnitCounts,
    UrnReport,
)
from urn_agent.link_events import LinkTimers
from urn_agent.link_messages import MAX_CONNECTION
from urn_agent.outbox import Outbox
from urn_agent.session import AgentSession, Notice

KEY = DEVICE_KEYS[0]
ELECTION_ID: Hash = small_election()[0].election_id
TURNOUT_TIMES = small_election()[0].turnout_times
ASSIGNMENT = Assignment(ELECTION_ID, ("u0",), TURNOUT_TIMES)
NOON_MS = 1_800_000_000_000
NONCE = bytes(range(16))


def zero_report(urn: str = "u0", units: tuple[str, ...] = ("101",), session: int = 1) -> DeviceReport:
    first = ContestTally(1, 0, 0, 0, ((1, 0, 0), (2, 0, 0), (3, 0, 0)))
    second = ContestTally(2, 0, 0, 0, ((1, 0, 0), (2, 0, 0)))
    counts = tuple(UnitCounts(unit, (first, second)) for unit in units)
    return DeviceReport("zero", urn, "2.4", session, 1_799_970_000, NONCE, counts, None)


def final_report(urn: str = "u0", units: tuple[str, ...] = ("101",), session: int = 1, votes: int = 5) -> DeviceReport:
    first = ContestTally(1, 3 * votes + 3, 0, 0, ((1, votes, 1), (2, votes, 1), (3, votes, 1)))
    second = ContestTally(2, 30, 1, 2, ((1, 9, 8), (2, 7, 3)))
    counts = tuple(UnitCounts(unit, (first, second)) for unit in units)
    return DeviceReport("final", urn, "2.4", session, 1_800_000_100, NONCE[::-1], counts, None)


def with_contests(report: DeviceReport, *contests: ContestTally) -> DeviceReport:
    return structs.replace(report, units=(UnitCounts("101", contests),))


def turnout_report(place: int = 0, ballots: int = 7, session: int = 1) -> TurnoutReport:
    return TurnoutReport("turnout", "u0", "2.4", session, TURNOUT_TIMES[place], ballots)


def journal_report(*entries: tuple[int, EventCode], session: int = 1) -> JournalReport:
    found = entries or ((1_799_960_000, "power_lost"), (1_799_960_300, "power_restored"))
    return JournalReport("journal", "u0", "2.4", session, tuple(JournalEntry(*entry) for entry in found))


def signed_by_urn(report: DeviceReport) -> DeviceReport:
    return structs.replace(report, urn_signature=b"an urn's signature")


def make_urn(
    *reports: UrnReport, seed: int = 0, timers: LinkTimers | None = None, clock: UrnClock | None = None
) -> SimulatedUrn:
    draw = random.Random(seed)
    return SimulatedUrn(reports, lambda: draw.randint(0, MAX_CONNECTION), timers=timers, clock=clock)


@contextmanager
def open_outbox(path: Path) -> Iterator[Outbox]:
    outbox = Outbox.open(path, KEY.public_key.key_id, ELECTION_ID)
    try:
        yield outbox
    finally:
        outbox.close()


@dataclass
class Desk:
    """A session over an outbox, and what it told."""

    outbox: Outbox
    notices: list[Notice] = field(default_factory=list)
    assignment: Assignment = ASSIGNMENT

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.session = AgentSession(
            self.assignment, KEY, self.outbox, clock_ms=lambda: NOON_MS, notify=self.notices.append, language="en"
        )

    @property
    def codes(self) -> list[str]:
        return [notice.code for notice in self.notices]
