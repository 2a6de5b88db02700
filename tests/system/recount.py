"""A recount of a publication by its own code: MessagePack by another library, sums by hand, nothing from ``ledger``."""

import struct
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import msgpack


@dataclass
class Recount:
    """Rows as OpenElections has them (county, precinct, office, district, candidate, party, votes, by type…)."""

    entries: list[bytes] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    national: dict[tuple[str, str, str, str], int] = field(default_factory=lambda: defaultdict(int))


def read_entries(publication: Path) -> list[bytes]:
    """All entries of the published log, from its bundles (C2SP tlog-tiles)."""
    size = int((publication / "checkpoint").read_text().split("\n")[1])
    entries: list[bytes] = []
    while len(entries) < size:
        number = f"{len(entries) // 256:03d}"
        width = min(256, size - len(entries))
        name = number if width == 256 else f"{number}.p/{width}"
        data = (publication / "tile" / "entries" / name).read_bytes()
        at = 0
        while at < len(data):
            (length,) = struct.unpack_from(">H", data, at)
            entries.append(data[at + 2 : at + 2 + length])
            at += 2 + length
    return entries


def recount(publication: Path) -> Recount:
    """Add up the first tally of every urn and unit. Only for logs below 256,000 entries and nights without spares."""
    result = Recount(entries=read_entries(publication))
    contests, units, seen = {}, {}, set()
    for entry in result.entries:
        kind, body, _ = msgpack.unpackb(entry)
        result.kinds[kind] += 1
        if kind == "contest/1":
            contests[body[1]] = (body[3], body[4], {row[0]: (row[1][2], row[2]) for row in body[6]})
        elif kind == "unit/1":
            units[body[1]] = (body[3][2], body[4])
        elif kind == "tally/1" and (body[3], body[4]) not in seen:
            seen.add((body[3], body[4]))
            precinct, parent = units[body[4]]
            for number, _, _, _, selections in body[10]:
                office, district, choices = contests[number]
                for selection, *votes in selections or ():
                    candidate, party = choices[selection]
                    result.national[office, district, candidate, party] += sum(votes)
                    counts = [sum(votes), *(votes if len(votes) > 1 else [])]
                    place = (units[parent][0], precinct, office, district, candidate, party)
                    result.rows.append((*place, *(str(count) for count in counts)))
    return result
