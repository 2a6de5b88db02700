"""The election that the benchmarks load: a hundred urns a device, an urn a precinct, twenty counts a precinct.

Made by the project's own commands, and its tallies signed by the devices' own keys. Twenty counts are what two contests
with five selections each and two vote types come to.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import structs

from central_server.directory import ElectionDirectory
from central_server.log_access import open_log
from central_server.roster_state import read_finished_state
from ledger.election import BallotContest, Contest, ContestSelection, ReportingUnit, UnitAssignment, UrnAssignment
from ledger.merkle import hash_leaf
from ledger.primitives import Hash, sha256
from ledger.record import sign_record
from ledger.signing import Signer
from ledger.store.sqlite import SqliteStore
from ledger.tally import ContestTally, Opening, TallyReport
from ledger.words import Words
from simulator.scenario import NO_ELECTION, DeviceLayout, Scenario, draft_contest, draft_precinct
from simulator.server_process import command, run_command
from urn_agent.config import AgentFolder, Settings, begin_folder

CONTESTS = (1, 2)
SELECTIONS = 5
URNS_PER_DEVICE = 100
REGIONS = 10
REGISTERED = 2_000
POLLS_CLOSE = 1_800_799_200

Counts = Mapping[tuple[str, str], tuple[ContestTally, ...]]
"""By urn and unit."""

Sealed = TypeVar("Sealed")


@dataclass(frozen=True, slots=True)
class LoadElection:
    """An election whose urns are open, in ``directory``.

    By device: ``keys``, the key's file; ``records``, its tallies, signed, in the order of its chain.
    """

    directory: Path
    keys: dict[str, Path]
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
        lines.append(ContestTally(number, votes + 4, 1, 3, rows))
    return tuple(lines)


def make_scenario(precincts: int) -> Scenario:
    return Scenario(
        authority="load.tunuk.example",
        title=words("Load"),
        date="2027-01-24",
        utc_offset="+06:00",
        polls_close=POLLS_CLOSE,
        vote_types=("stationary", "mobile"),
        contests=make_contests(),
        units=tuple(make_units(precincts)),
        devices=tuple(make_layouts(precincts)),
        counts={(f"u{place}", f"p{place}"): make_counts(place) for place in range(precincts)},
    )


def prepare_election(directory: Path, precincts: int, snapshot_seconds: int) -> LoadElection:
    """``init``, enrolments and ``roster``, as an operator would; then the tallies."""
    scenario, log = make_scenario(precincts), directory / "commands.log"
    (directory / "enrolments").mkdir(parents=True)
    (directory / "definition.json").write_text(json.dumps(scenario.definition()), encoding="utf-8")
    server, place = command("central-server"), str(directory)
    options = ["--definition", str(directory / "definition.json"), "--snapshot-seconds", str(snapshot_seconds)]
    run_command([server, "init", "--dir", place, *options], log)
    folders = {layout.id: AgentFolder(directory / "devices" / layout.id) for layout in scenario.devices}
    keys: dict[str, Signer] = {}
    for name, folder in folders.items():
        folder.root.mkdir(parents=True)
        keys[name] = begin_folder(folder, Settings("tunuk-agent/1", name, None, "en"), os.urandom(32))
        shutil.copy(folder.enrolment, directory / "enrolments" / f"{name}.json")
    run_command([server, "roster", "--dir", place, "--enrolments", str(directory / "enrolments")], log)
    election_id = Hash.from_hex(read_finished_state(ElectionDirectory(directory).roster).election_id)
    records: dict[str, list[bytes]] = {}
    for layout in scenario.devices:
        signed = list(chain_up(make_bodies(layout, election_id, scenario.counts), partial(_sign, keys[layout.id])))
        _log_openings(ElectionDirectory(directory), signed[: len(layout.urns)])
        records[layout.id] = signed[len(layout.urns) :]
    return LoadElection(directory, {name: folder.key for name, folder in folders.items()}, records)


def make_bodies(layout: DeviceLayout, election_id: Hash, counts: Counts) -> list[Opening | TallyReport]:
    """What a device says: the zero report of each of its urns, then each one's tally. Not in a chain yet."""
    bodies: list[Opening | TallyReport] = []
    for urn in layout.urns:
        units, report = tuple(line.unit for line in urn.units), sha256(urn.urn.encode())
        bodies.append(Opening(election_id, 1, None, urn.urn, 1, POLLS_CLOSE - 43_200, "load-1", report, None, units))
    for urn in layout.urns:
        unit, report, time = urn.units[0].unit, sha256(urn.urn.encode() + b" final"), POLLS_CLOSE + 600
        lines = counts[urn.urn, unit]
        bodies.append(TallyReport(election_id, 1, None, urn.urn, unit, 1, time, "urn", report, None, lines))
    return bodies


def chain_up(
    bodies: Iterable[Opening | TallyReport], seal: Callable[[Opening | TallyReport], tuple[Sealed, Hash]]
) -> Iterator[Sealed]:
    """Number the bodies and let each name the one before; ``seal`` makes the record, and says its leaf hash."""
    previous: Hash | None = None
    for seq, body in enumerate(bodies, start=1):
        record, previous = seal(structs.replace(body, seq=seq, previous=previous))
        yield record


def _sign(key: Signer, body: Opening | TallyReport) -> tuple[bytes, Hash]:
    data = sign_record(body, [key])
    return data, hash_leaf(data)


def _log_openings(directory: ElectionDirectory, openings: list[bytes]) -> None:
    """What the morning brought, straight into the log: it is not what is measured."""
    with SqliteStore(directory.log, read_finished_state(directory.roster).origin) as store:
        open_log(directory, store).append(openings)
