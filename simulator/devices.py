"""The devices of a night: their folders, their enrolment, and what their urns are going to report."""

import random
from dataclasses import dataclass
from pathlib import Path

from ledger.election import UnitAssignment, UrnAssignment
from ledger.tally import ContestTally
from simulator.scenario import DeviceLayout, Scenario
from urn_agent.config import AgentFolder, Settings, begin_folder
from urn_agent.device_report import DeviceReport, UnitCounts

FIRMWARE = "simulated-1"

_OPENING_BEFORE_CLOSE = 13 * 3600


@dataclass(frozen=True, slots=True)
class Device:
    """One device of the scenario with its folder; ``reports`` is what each of its urns says, in order."""

    layout: DeviceLayout
    folder: AgentFolder
    reports: dict[str, list[DeviceReport]]


def make_devices(scenario: Scenario, root: Path, seed: int) -> list[Device]:
    """The devices under ``root``, in the order in which their precincts close."""
    chance = random.Random(seed)
    devices = []
    for layout in scenario.devices:
        close = scenario.polls_close + chance.randint(60, 5_400)
        reports = {urn.urn: _reports(scenario, urn, close) for urn in layout.urns}
        devices.append((close, Device(layout, AgentFolder(root / layout.id), reports)))
    return [device for _, device in sorted(devices, key=lambda pair: (pair[0], pair[1].layout.id))]


def _reports(scenario: Scenario, urn: UrnAssignment, close: int) -> list[DeviceReport]:
    units = tuple(UnitCounts(line.unit, scenario.counts[urn.urn, line.unit]) for line in _in_order(urn))
    zeros = tuple(UnitCounts(unit.unit, tuple(_zeroed(line) for line in unit.contests)) for unit in units)
    opening = scenario.polls_close - _OPENING_BEFORE_CLOSE
    return [
        DeviceReport("zero", urn.urn, FIRMWARE, 1, opening, zeros, None),
        DeviceReport("final", urn.urn, FIRMWARE, 1, close, units, None),
    ]


def _in_order(urn: UrnAssignment) -> list[UnitAssignment]:
    return sorted(urn.units, key=lambda line: line.unit)


def _zeroed(line: ContestTally) -> ContestTally:
    rows = tuple((row[0], *(0 for _ in row[1:])) for row in line.selections)
    return ContestTally(line.contest, 0, 0, 0, rows)


def enrol(device: Device, seed: bytes) -> bytes:
    """What ``urn-agent init`` does; the enrolment file's content."""
    begin_folder(device.folder, Settings("tunuk-agent/1", device.layout.id, None, "ru"), seed)
    return device.folder.enrolment.read_bytes()
