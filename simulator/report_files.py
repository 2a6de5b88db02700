"""Report files for ``simulator urn``: what an urn of a definition could say, drawn by lot.

Reads the definition that ``central-server init`` was given, so that urns can be played by hand, one at a time.
"""

import json
import random
import secrets
from pathlib import Path
from typing import Any, Literal

from ledger.errors import FormatError
from ledger.tally import ContestTally
from simulator.devices import FIRMWARE
from urn_agent.device_report import DeviceReport, UnitCounts, encode_report

KINDS = ("zero", "final")


def make_report(definition: Path, urn: str, kind: str, seed: int, time: int) -> bytes:
    """A report of one urn; the same seed draws the same counts.

    Raises FormatError(``BAD_DEFINITION``, ``NO_SUCH_URN``), OSError.
    """
    text = definition.read_text(encoding="utf-8")
    try:
        return _make(json.loads(text), urn, kind, random.Random(f"{seed} {urn}"), time)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError("BAD_DEFINITION", f"{definition} is no definition of an election: {error!r}") from error


def _make(document: dict[str, Any], urn: str, kind: str, chance: random.Random, time: int) -> bytes:
    lines = [line for device in document["devices"] for line in device["urns"] if line["urn"] == urn]
    if not lines:
        raise FormatError("NO_SUCH_URN", f"the definition has no urn {urn}")
    units = {unit["id"]: unit for unit in document["units"]}
    selections = {contest["number"]: [row["id"] for row in contest["selections"]] for contest in document["contests"]}
    counts = []
    for assignment in sorted(lines[0]["units"], key=lambda row: str(row["unit"])):
        ballots = 0 if kind == "zero" else chance.randint(200, 900)
        ballot = [
            row
            for row in units[assignment["unit"]]["ballot"]
            if not assignment.get("contests") or row["contest"] in assignment["contests"]
        ]
        cells = []
        for row in ballot:
            ids = [selection for selection in selections[row["contest"]] if selection not in row.get("omitted", [])]
            cells.append(_draw(chance, row["contest"], ids, len(document["vote_types"]), ballots))
        counts.append(UnitCounts(assignment["unit"], tuple(cells)))
    sort: Literal["zero", "final"] = "zero" if kind == "zero" else "final"
    return encode_report(DeviceReport(sort, urn, FIRMWARE, 1, time, secrets.token_bytes(16), tuple(counts), None))


def _draw(chance: random.Random, contest: int, selections: list[int], types: int, ballots: int) -> ContestTally:
    """One mark a ballot, all of the first vote type; a few ballots without a mark."""
    undervotes = ballots // 100
    marks = chance.choices(selections, k=ballots - undervotes)
    rows = tuple((selection, marks.count(selection), *[0] * (types - 1)) for selection in selections)
    return ContestTally(contest, ballots, 0, undervotes, rows)
