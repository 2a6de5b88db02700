"""Draws a table of the link's states as SVG: a box for each state, a row for each step, a line to where it leads."""

from collections.abc import Mapping
from enum import Enum
from html import escape
from typing import Any, NamedTuple

Table = Mapping[Any, Mapping[Any, Any]]

WIDTH, HEAD, ROW, GAP = 500, 26, 18, 14
LANE, LEFT, TOP = 14, 10, 34

STYLE = (
    "text{font:13px sans-serif;fill:#1a1a1a}.name{font-weight:bold}.title{font:bold 15px sans-serif}"
    ".said{fill:#555}rect{fill:#fff;stroke:#1a1a1a}.head{fill:#e8eef4}path{fill:none;stroke:#1a1a1a;stroke-width:1.3}"
    ".owner{stroke-dasharray:7 4}.timer{stroke-dasharray:2 3}svg{background:#fff}"
)


class _Line(NamedTuple):
    """From the right edge at ``start`` to the right edge at ``end``; pixels from the top."""

    start: int
    end: int
    actor: str


def draw_table(table: Table, title: str) -> str:
    """The whole picture; the same for the same table."""
    tops, position = dict[Any, int](), TOP
    for state, row in table.items():
        tops[state] = position
        position += HEAD + ROW * len(row) + GAP
    parts = [part for state, row in table.items() for part in _draw_state(state, row, tops[state])]
    lines = [
        _Line(tops[state] + HEAD + ROW * place + ROW // 2, tops[target] + HEAD // 2, _actor(step))
        for state, row in table.items()
        for place, (step, target) in enumerate(row.items())
    ]
    lanes = _assign_lanes(lines)
    for line, lane in zip(lines, lanes, strict=True):
        edge, turn = LEFT + WIDTH, LEFT + WIDTH + 20 + LANE * lane
        path = f"M{edge} {line.start}H{turn}V{line.end}H{edge}"
        parts.append(f'<path class="{line.actor}" d="{path}" marker-end="url(#arrow)"/>')
    width = LEFT + WIDTH + 40 + LANE * max(lanes)
    return _frame(parts, title, width, position + 24)


def _draw_state(state: Enum, row: Mapping[Any, Any], top: int) -> list[str]:
    height = HEAD + ROW * len(row)
    parts = [
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{height}"/>',
        f'<rect class="head" x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEAD}"/>',
        f'<text x="{LEFT + 8}" y="{top + 18}"><tspan class="name">{state.name}</tspan>'
        f'<tspan class="said" dx="8">{escape(str(state.value))}</tspan></text>',
    ]
    for place, (step, target) in enumerate(row.items()):
        baseline = top + HEAD + ROW * place + 14
        parts.append(f'<text x="{LEFT + 20}" y="{baseline}">{escape(str(step.value))}</text>')
        parts.append(f'<text class="said" x="{LEFT + WIDTH - 8}" y="{baseline}" text-anchor="end">{target.name}</text>')
    return parts


def _actor(step: Enum) -> str:
    """Whose step it is: the owner's, a timer's, or the other end's."""
    actor, colon, _ = str(step.value).partition(":")
    return actor if colon else "peer"


def _assign_lanes(lines: list[_Line]) -> list[int]:
    """Short lines run close to the boxes; two that overlap run beside each other, unless they lead to one place."""
    lanes, taken = [0] * len(lines), list[list[_Line]]()
    for place in sorted(range(len(lines)), key=lambda place: abs(lines[place].start - lines[place].end)):
        line = lines[place]
        lane = next((lane for lane, others in enumerate(taken) if not any(_overlap(line, one) for one in others)), None)
        if lane is None:
            lane = len(taken)
            taken.append([])
        taken[lane].append(line)
        lanes[place] = lane
    return lanes


def _overlap(one: _Line, other: _Line) -> bool:
    if (one.end, one.actor) == (other.end, other.actor):
        return False
    (low, high), (least, most) = sorted((one.start, one.end)), sorted((other.start, other.end))
    return low <= most + 4 and least <= high + 4


def _frame(parts: list[str], title: str, width: int, height: int) -> str:
    legend = height - 10
    samples = [("peer", "message of the other end", 10), ("owner", "call of the owner", 220), ("timer", "timer", 390)]
    keys = [
        f'<path class="{actor}" d="M{x} {legend - 4}h28"/><text x="{x + 34}" y="{legend}">{words}</text>'
        for actor, words, x in samples
    ]
    marker = '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            f' role="img" aria-label="{escape(title)}">',
            f"<style>{STYLE}</style>",
            f'<defs>{marker}<path d="M0 0L8 4L0 8z" style="fill:#1a1a1a;stroke:none"/></marker></defs>',
            f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>',
            *parts,
            *keys,
            "</svg>\n",
        ]
    )
