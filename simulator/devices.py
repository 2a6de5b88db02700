"""The devices of a night: their folders, their enrolment, and what their urns are going to report."""

import random
import secrets
from dataclasses import dataclass
from pathlib import Path

from ledger.election import UnitAssignment, UrnAssignment
from ledger.tally import ContestTally
from simulator.scenario import DeviceLayout, Scenario
from urn_agent.config import AgentFolder, Settings, begin_folder
from urn_agent.device_report import DeviceReport, TurnoutReport, UnitCounts, UrnReport

FIRMWARE = "simulated-1"

_OPENING_BEFORE_CLOSE = 13 * 3600


@dataclass(frozen=True, slots=True)
class Device:
    """One device of the scenario with its folder. A sitting is what one urn says in one session, in order."""

    layout: DeviceLayout
    folder: AgentFolder
    sittings: tuple[list[UrnReport], ...]

    @property
    def records(self) -> int:
        """How many records of the log follow from all its reports."""
        reports = [report for sitting in self.sittings for report in sitting]
        return sum(
            len(report.units) if isinstance(report, DeviceReport) and report.kind == "final" else 1
            for report in reports
        )


def make_devices(scenario: Scenario, root: Path, seed: int) -> list[Device]:
    """The devices under ``root``, in the order in which their precincts close; those that are late come last."""
    chance = random.Random(seed)
    devices = []
    for layout in scenario.devices:
        close = scenario.polls_close + chance.randint(60, 5_400)
        incidents = {scenario.incidents[urn.urn].kind for urn in layout.urns if urn.urn in scenario.incidents}
        sittings = [sitting for urn in layout.urns for sitting in _sittings(scenario, urn, close)]
        device = Device(layout, AgentFolder(root / layout.id), tuple(sittings))
        devices.append(("late" in incidents, close, device))
    return [device for _, _, device in sorted(devices, key=lambda row: (*row[:2], row[2].layout.id))]


def _sittings(scenario: Scenario, urn: UrnAssignment, close: int) -> list[list[UrnReport]]:
    units = tuple(UnitCounts(line.unit, _counts_of(scenario, urn.urn, line.unit)) for line in _in_order(urn))
    zeros = tuple(UnitCounts(unit.unit, tuple(_zeroed(line) for line in unit.contests)) for unit in units)
    opening = scenario.polls_close - _OPENING_BEFORE_CLOSE
    first: list[UrnReport] = [DeviceReport("zero", urn.urn, FIRMWARE, 1, opening, secrets.token_bytes(16), zeros, None)]
    ballots = sum(line.ballots for unit in units for line in unit.contests)
    for time, percent in zip(scenario.turnout_times, scenario.turnout_percent, strict=True):
        first.append(TurnoutReport("turnout", urn.urn, FIRMWARE, 1, time, ballots * percent // 100))
    incident = scenario.incidents.get(urn.urn)
    if incident is not None and incident.kind == "silent":
        return [first[:1]]
    first.append(DeviceReport("final", urn.urn, FIRMWARE, 1, close, secrets.token_bytes(16), units, None))
    if incident is None or incident.kind != "conflict":
        return [first]
    others = tuple(UnitCounts(unit.unit, tuple(_shifted(line) for line in unit.contests)) for unit in units)
    return [first, [DeviceReport("final", urn.urn, FIRMWARE, 2, close + 900, secrets.token_bytes(16), others, None)]]


def _counts_of(scenario: Scenario, urn: str, unit: str) -> tuple[ContestTally, ...]:
    """The urn's counts of the unit, or, for the shape of an urn that never reports, its spare's."""
    own = scenario.counts.get((urn, unit))
    return own if own is not None else next(counts for (_, other), counts in scenario.counts.items() if other == unit)


def _shifted(line: ContestTally) -> ContestTally:
    """One vote less for the first selection that has one, and an undervote instead."""
    rows = list(line.selections or ())
    place = next((place for place, row in enumerate(rows) if row[1]), None)
    if place is None:
        return line
    rows[place] = (rows[place][0], rows[place][1] - 1, *rows[place][2:])
    return ContestTally(line.contest, line.ballots, line.overvotes, (line.undervotes or 0) + 1, tuple(rows))


def _in_order(urn: UrnAssignment) -> list[UnitAssignment]:
    return sorted(urn.units, key=lambda line: line.unit)


def _zeroed(line: ContestTally) -> ContestTally:
    rows = tuple((row[0], *(0 for _ in row[1:])) for row in line.selections or ())
    return ContestTally(line.contest, 0, 0, 0, rows)


def enrol(device: Device, seed: bytes) -> bytes:
    """What ``urn-agent init`` does; the enrolment file's content."""
    begin_folder(device.folder, Settings("tunuk-agent/1", device.layout.id, None, "ru"), seed)
    return device.folder.enrolment.read_bytes()
