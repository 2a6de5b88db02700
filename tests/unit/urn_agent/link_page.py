"""The tables of docs/urn-link.md and its two pictures, made from the code.

Made anew by ``python -m tests.unit.urn_agent.link_page``; a test compares them. Everything else on the page is
written by hand; what a field means is written in ``link_words``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import inspect

from ledger.canonical import Canonical
from ledger.tally import ContestTally
from tests.unit.urn_agent.link_drawing import Table, draw_table
from tests.unit.urn_agent.link_words import CODES, EVENTS, FIELD_WORDS, NUMBERS, PATTERNS
from urn_agent.device_report import DeviceReport, JournalEntry, JournalReport, TurnoutReport, UnitCounts
from urn_agent.link_messages import AGENT_TYPES, REPORT_NUMBERS, URN_TYPES, Message
from urn_agent.link_table import AGENT_TABLE, URN_TABLE
from urn_agent.messages import MESSAGES

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = DOCS / "urn-link.md"
PICTURES: Mapping[str, tuple[Table, str]] = {
    "urn-link-urn.svg": (URN_TABLE, "The urn's end of the link"),
    "urn-link-agent.svg": (AGENT_TABLE, "The agent's end of the link"),
}
_BLOCK = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render_page(text: str) -> str:
    """The page with its tables made anew. Raises KeyError for a block that is not one of TABLES."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", text)


def render_pictures() -> dict[str, str]:
    return {name: draw_table(table, title) for name, (table, title) in PICTURES.items()}


def describe(kind: inspect.Type) -> str:
    """A field's type in words, with its bounds."""
    match kind:
        case inspect.UnionType():
            return " or ".join(describe(one) for one in kind.types)
        case inspect.NoneType():
            return "nil"
        case inspect.BoolType():
            return "bool"
        case inspect.IntType():
            return f"integer {kind.ge}…{_power(kind.le)}"
        case inspect.BytesType():
            return _span(kind.min_length, kind.max_length, "bytes")
        case inspect.StrType():
            return PATTERNS[kind.pattern] if kind.pattern else f"text, at most {kind.max_length} characters"
        case inspect.LiteralType():
            return "one of those listed" if len(kind.values) > 2 else " or ".join(f"`{one}`" for one in kind.values)
        case inspect.VarTupleType():
            return f"array of {_span(kind.min_length, kind.max_length, 'items')}: {describe(kind.item_type)}"
        case inspect.StructType():
            return f"`{kind.cls.__name__}`"
        case _:
            raise TypeError(f"a field of the link has no {type(kind).__name__}")


def _power(number: int | None) -> str:
    if number is not None and number > 10**6 and (number + 1).bit_count() == 1:
        return f"2^{number.bit_length()}−1"
    return str(number)


def _span(least: int | None, most: int | None, what: str) -> str:
    return f"{most} {what}" if least == most else f"{least or 0}…{most} {what}"


def _rows(header: str, rows: Iterator[tuple[str, ...]]) -> str:
    columns = header.count("|") + 1
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "\n".join([f"| {header} |", "|" + "---|" * columns, *(f"| {line} |" for line in lines)]) + "\n"


def _fields(kind: type[Canonical]) -> str:
    info = inspect.type_info(kind)
    if not isinstance(info, inspect.StructType) or not info.fields:
        return "No fields: an empty array.\n"
    rows = ((f"`{one.name}`", describe(one.type), FIELD_WORDS[kind][one.name]) for one in info.fields)
    return _rows("field | type | meaning", rows)


def _section(name: str, kind: type[Canonical]) -> str:
    return f"**{name}**: {FIELD_WORDS[kind]['']}\n\n{_fields(kind)}"


def _messages(types: Mapping[int, type[Message]]) -> str:
    return "\n".join(_section(f"{number:02x} {kind.__name__}", kind) for number, kind in types.items())


def _reports() -> str:
    numbers = _rows("kind | number in `Offer`", ((f"`{kind}`", str(number)) for kind, number in REPORT_NUMBERS.items()))
    sections = [
        _section("zero and final report", DeviceReport),
        _section("turnout report", TurnoutReport),
        _section("journal report", JournalReport),
        _section("UnitCounts", UnitCounts),
        _section("ContestTally", ContestTally),
        _section("JournalEntry", JournalEntry),
        _rows("`code` of an entry | when", ((f"`{code}`", words) for code, words in EVENTS.items())),
    ]
    return "\n".join([numbers, *sections])


def _states(table: Table) -> str:
    rows = (
        (f"**{state.name}** {state.value}" if place == 0 else "", step.value, target.name)
        for state, row in table.items()
        for place, (step, target) in enumerate(row.items() or [(state, state)])
        if row
    )
    return _rows("state | step | leads to", rows)


def _codes() -> str:
    rows = ((f"`{code}`", when, *MESSAGES[code]) for code, when in CODES.items())
    return _rows("code | comes as | Kyrgyz † | Russian | English", rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "urn-messages": lambda: _messages(URN_TYPES),
    "agent-messages": lambda: _messages(AGENT_TYPES),
    "reports": _reports,
    "urn-states": lambda: _states(URN_TABLE),
    "agent-states": lambda: _states(AGENT_TABLE),
    "numbers": lambda: _rows("what | how much | why", iter(NUMBERS)),
    "codes": _codes,
}


def main() -> None:
    PAGE.write_text(render_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    for name, picture in render_pictures().items():
        (DOCS / name).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
