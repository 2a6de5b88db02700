"""Report files for ``simulator urn``: what an urn of a definition could say, drawn by lot.

Reads the definition that ``central-server init`` was given, so that urns can be played by hand, one at a time.
"""

import random
import secrets
from pathlib import Path
from typing import Literal

from central_server.definition_checks import verify_definition
from central_server.definition_file import MAX_DEFINITION, DefinitionFile, UrnField
from ledger.errors import FormatError
from ledger.store.durable import StorageError, read_file
from ledger.tally import ContestTally
from simulator.devices import FIRMWARE
from urn_agent.device_report import DeviceReport, UnitCounts, encode_report

Kind = Literal["zero", "final"]
KINDS: tuple[Kind, ...] = ("zero", "final")

_FEWEST, _MOST = 200, 900
"""Ballots of a precinct."""


def make_report(definition: Path, urn: str, kind: Kind, seed: int, time: int) -> bytes:
    """A report of one urn; the same seed draws the same counts.

    Raises FormatError (``NO_SUCH_URN``, and what is wrong with the definition), StorageError.
    """
    data = read_file(definition, MAX_DEFINITION)
    if data is None:
        raise StorageError("DEFINITION_MISSING", f"{definition} does not exist")
    file = verify_definition(data)
    urns = {line.urn: line for device in file.devices for line in device.urns}
    if urn not in urns:
        raise FormatError("NO_SUCH_URN", f"the definition has no urn {urn[:80]!r}, but {', '.join(sorted(urns)[:10])}")
    units = _draw(file, urns[urn], kind, random.Random(f"{seed} {urn}"))
    return encode_report(DeviceReport(kind, urn, FIRMWARE, 1, time, secrets.token_bytes(16), units, None))


def _draw(file: DefinitionFile, urn: UrnField, kind: Kind, chance: random.Random) -> tuple[UnitCounts, ...]:
    """Counts of each unit of the urn, units and contests ascending."""
    ballots_of = {unit.id: unit.ballot for unit in file.units}
    selections = {contest.number: [row.id for row in contest.selections] for contest in file.contests}
    counts = []
    for assignment in sorted(urn.units, key=lambda row: row.unit):
        ballots = 0 if kind == "zero" else chance.randint(_FEWEST, _MOST)
        cells = [
            _draw_cell(
                chance,
                line.contest,
                [selection for selection in selections[line.contest] if selection not in line.omitted],
                len(file.vote_types),
                ballots,
            )
            for line in ballots_of[assignment.unit]
            if assignment.contests is None or line.contest in assignment.contests
        ]
        counts.append(UnitCounts(assignment.unit, tuple(cells)))
    return tuple(counts)


def _draw_cell(chance: random.Random, contest: int, selections: list[int], types: int, ballots: int) -> ContestTally:
    """One mark a ballot, all of the first vote type; a few ballots without a mark."""
    undervotes = ballots // 100
    marks = chance.choices(selections, k=ballots - undervotes)
    rows = tuple((selection, marks.count(selection), *[0] * (types - 1)) for selection in selections)
    return ContestTally(contest, ballots, 0, undervotes, rows)
