"""Reports, outboxes and sessions for tests of the agent: the small election's device 0, with urn u0 in precinct 101."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import structs

from ledger.primitives import Hash
from ledger.tally import ContestTally
from simulator.urn import SimulatedUrn
from tests.unit.ledger.election_factory import DEVICE_KEYS, small_election
from urn_agent.device_report import DeviceReport, UnitCounts
from urn_agent.link_events import LinkTimers
from urn_agent.link_messages import MAX_CONNECTION
from urn_agent.outbox import Outbox
from urn_agent.session import AgentSession, Assignment, Notice

KEY = DEVICE_KEYS[0]
ELECTION_ID: Hash = small_election()[0].election_id
NOON_MS = 1_800_000_000_000


def zero_report(urn: str = "u0", units: tuple[str, ...] = ("101",), session: int = 1) -> DeviceReport:
    first = ContestTally(1, 0, 0, 0, ((1, 0, 0), (2, 0, 0), (3, 0, 0)))
    second = ContestTally(2, 0, 0, 0, ((1, 0, 0), (2, 0, 0)))
    counts = tuple(UnitCounts(unit, (first, second)) for unit in units)
    return DeviceReport("zero", urn, "2.4", session, 1_799_970_000, counts, None)


def final_report(urn: str = "u0", units: tuple[str, ...] = ("101",), session: int = 1, votes: int = 5) -> DeviceReport:
    first = ContestTally(1, 3 * votes + 3, 0, 0, ((1, votes, 1), (2, votes, 1), (3, votes, 1)))
    second = ContestTally(2, 30, 1, 2, ((1, 9, 8), (2, 7, 3)))
    counts = tuple(UnitCounts(unit, (first, second)) for unit in units)
    return DeviceReport("final", urn, "2.4", session, 1_800_000_100, counts, None)


def signed_by_urn(report: DeviceReport) -> DeviceReport:
    return structs.replace(report, urn_signature=b"an urn's signature")


def make_urn(*reports: DeviceReport, seed: int = 0, timers: LinkTimers | None = None) -> SimulatedUrn:
    draw = random.Random(seed)
    return SimulatedUrn(reports, lambda: draw.randint(0, MAX_CONNECTION), timers=timers)


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

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        assignment = Assignment(ELECTION_ID, ("u0",))
        self.session = AgentSession(
            assignment, KEY, self.outbox, clock_ms=lambda: NOON_MS, notify=self.notices.append, language="en"
        )

    @property
    def codes(self) -> list[str]:
        return [notice.code for notice in self.notices]
