"""The page from which makers work says what the code does: its tables and pictures are made from it, and complete."""

import re
from typing import get_args

import pytest

from ledger.tally import ContestTally, EventCode
from tests.unit.urn_agent.link_drawing import draw_table
from tests.unit.urn_agent.link_page import DOCS, PAGE, PICTURES, TABLES, render_page, render_pictures
from tests.unit.urn_agent.link_words import CODES, EVENTS, FIELD_WORDS
from urn_agent.device_report import DeviceReport, JournalEntry, JournalReport, TurnoutReport, UnitCounts
from urn_agent.link_messages import AGENT_TYPES, URN_TYPES
from urn_agent.link_table import URN_TABLE, UrnState, UrnStep
from urn_agent.messages import MESSAGES

MAKE = "python -m tests.unit.urn_agent.link_page"


def test_the_tables_are_in_step_with_the_code() -> None:
    text = PAGE.read_text()
    assert render_page(text) == text, f"make them anew: {MAKE}"
    assert sorted(re.findall(r"<!-- table: ([a-z-]+) -->", text)) == sorted(TABLES)


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_are_in_step_with_the_tables(name: str) -> None:
    assert (DOCS / name).read_text() == render_pictures()[name], f"make them anew: {MAKE}"
    assert f"]({name})" in PAGE.read_text()


def test_a_picture_shows_every_state_and_step_and_changes_with_them() -> None:
    picture = draw_table(URN_TABLE, "x")
    for state, row in URN_TABLE.items():
        assert f">{state.name}<" in picture
        assert all(step.value in picture for step in row)
    assert picture.count("marker-end") == sum(map(len, URN_TABLE.values()))
    changed = {**URN_TABLE, UrnState.PINGING: {UrnStep.NOTED: UrnState.PAUSED}}
    assert draw_table(changed, "x") != picture


def test_every_field_has_its_meaning() -> None:
    reports = DeviceReport, TurnoutReport, JournalReport, UnitCounts, ContestTally, JournalEntry
    kinds = {*URN_TYPES.values(), *AGENT_TYPES.values(), *reports}
    assert FIELD_WORDS.keys() == kinds
    for kind in kinds:
        assert set(FIELD_WORDS[kind]) == {"", *kind.__struct_fields__}, kind


def test_every_code_that_an_urn_can_show_is_on_the_page() -> None:
    told = {"REPORT_STORED", "REPORT_KNOWN"}
    shown = {code for code in MESSAGES if code.startswith(("LINK_", "REPORT_", "OUTBOX_"))}
    assert CODES.keys() == (shown - told - {"LINK_FAULT"}) | {"URN_NOT_OURS", "RECORD_TOO_LONG"}
    assert EVENTS.keys() == set(get_args(EventCode))
