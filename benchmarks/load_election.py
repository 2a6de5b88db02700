"""The election that the benchmarks load: precincts of twenty counts each, an urn a precinct, a hundred urns a device.

Made by the project's own commands, and its tallies signed by the devices' own keys. Twenty counts are what a precinct of
two contests with five selections each and two vote types reports.
"""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from central_server.directory import ElectionDirectory
from central_server.roster_state import read_finished_state
from ledger.election import BallotContest, Contest, ContestSelection, ReportingUnit, UnitAssignment, UrnAssignment
from ledger.merkle import hash_leaf
from ledger.primitives import Hash, sha256
from ledger.record import sign_record
from ledger.tally import ContestTally, TallyReport
from ledger.words import Words
from simulator.devices import FIRMWARE, Device, enrol, make_devices
from simulator.night_election import MIN_PRECINCTS, build_night
from simulator.scenario import NO_ELECTION, DeviceLayout, Scenario, draft_contest, draft_precinct
from simulator.server_process import command, run_command
from urn_agent.keys import load_key

CONTESTS = (1, 2)
SELECTIONS = 5
URNS_PER_DEVICE = 100
REGIONS = 10
REGISTERED = 2_000


@dataclass(frozen=True, slots=True)
class LoadElection:
    """An election that is ready for its night, in ``directory``; ``records`` are each device's tallies, signed."""

    directory: Path
    devices: tuple[Device, ...]
    records: dict[str, list[bytes]]

    @property
    def tallies(self) -> int:
        return sum(map(len, self.records.values()))


def words(text: str) -> Words:
    return Words(text, text, text)


def make_contests() -> tuple[Contest, ...]:
    rows = tuple(ContestSelection(row, words(f"Selection {row}"), "", "candidate") for row in range(1, SELECTIONS + 1))
    return tuple(draft_contest(number, words(f"Contest {number}"), f"Office {number}", "", rows) for number in CONTESTS)


def make_units(precincts: int) -> list[ReportingUnit]:
    """A country, its regions, and ``precincts`` below them."""
    ballot = tuple(BallotContest(number) for number in CONTESTS)
    units = [ReportingUnit(NO_ELECTION, "all", "country", words("Country"), None, None, ())]
    units += [
        ReportingUnit(NO_ELECTION, f"r{place}", "region", words(f"Region {place}"), "all", None, ())
        for place in range(REGIONS)
    ]
    units += [
        draft_precinct(f"p{place}", words(f"Precinct {place}"), f"r{place % REGIONS}", REGISTERED, ballot)
        for place in range(precincts)
    ]
    return units


def make_layouts(precincts: int) -> list[DeviceLayout]:
    urns = [UrnAssignment(f"u{place}", (UnitAssignment(f"p{place}", "primary"),)) for place in range(precincts)]
    return [
        DeviceLayout(f"d{first // URNS_PER_DEVICE}", tuple(urns[first : first + URNS_PER_DEVICE]))
        for first in range(0, precincts, URNS_PER_DEVICE)
    ]


def make_counts(place: int) -> tuple[ContestTally, ...]:
    """Plausible counts that differ from precinct to precinct."""
    lines = []
    for number in CONTESTS:
        rows = tuple((row, 40 + (place * row + number) % 90, (place + row) % 9) for row in range(1, SELECTIONS + 1))
        votes = sum(row[1] + row[2] for row in rows)
        lines.append(ContestTally(number, votes + 11, 3, 8, rows))
    return tuple(lines)


def make_scenario(precincts: int) -> Scenario:
    # What the demonstration has and this does not speak of is taken over from there: the rules, the times.
    return replace(
        build_night(MIN_PRECINCTS, 1, 1_800_000_000),
        incidents={},
        authority="load.tunuk.example",
        title=words("Load"),
        contests=make_contests(),
        units=tuple(make_units(precincts)),
        devices=tuple(make_layouts(precincts)),
        counts={(f"u{place}", f"p{place}"): make_counts(place) for place in range(precincts)},
    )


def prepare_election(directory: Path, precincts: int) -> LoadElection:
    """``init``, enrolments and ``roster``, as an operator would, with the pace that is the default; then the tallies."""
    scenario, log = make_scenario(precincts), directory / "commands.log"
    for name in ("devices", "enrolments"):
        (directory / name).mkdir(parents=True)
    (directory / "definition.json").write_text(json.dumps(scenario.definition()), encoding="utf-8")
    server, place = command("central-server"), str(directory)
    run_command([server, "init", "--dir", place, "--definition", str(directory / "definition.json")], log)
    devices = make_devices(scenario, directory / "devices", 1)
    for device in devices:
        (directory / "enrolments" / f"{device.layout.id}.json").write_bytes(enrol(device, os.urandom(32)))
    run_command([server, "roster", "--dir", place, "--enrolments", str(directory / "enrolments")], log)
    state = read_finished_state(ElectionDirectory(directory).roster)
    election_id = Hash.from_hex(state.election_id)
    records = {device.layout.id: _sign_tallies(scenario, device, election_id) for device in devices}
    return LoadElection(directory, tuple(devices), records)


def _sign_tallies(scenario: Scenario, device: Device, election_id: Hash) -> list[bytes]:
    """The device's chain of records: a tally for each of its urns."""
    key = load_key(device.folder.key)
    records: list[bytes] = []
    previous: Hash | None = None
    for seq, urn in enumerate(device.layout.urns, start=1):
        unit = urn.units[0].unit
        report = TallyReport(
            election_id,
            seq,
            previous,
            urn.urn,
            unit,
            1,
            scenario.polls_close + 600,
            "urn",
            sha256(FIRMWARE.encode()),
            None,
            scenario.counts[urn.urn, unit],
        )
        records.append(sign_record(report, [key]))
        previous = hash_leaf(records[-1])
    return records
