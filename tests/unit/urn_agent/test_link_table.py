"""The tables of the link: complete, and without states that cannot be reached or left."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from urn_agent.link_table import AGENT_TABLE, URN_TABLE, AgentState, AgentStep, UrnState, UrnStep

Table = Mapping[Any, Mapping[Any, Any]]
TABLES: list[tuple[Table, type[Enum], type[Enum], Enum, set[Enum]]] = [
    (AGENT_TABLE, AgentState, AgentStep, AgentState.SILENT, set()),
    (URN_TABLE, UrnState, UrnStep, UrnState.OFF, {UrnState.GONE}),
]


@pytest.mark.parametrize(("table", "states", "steps", "first", "final"), TABLES)
def test_every_state_can_be_reached_and_left(
    table: Table, states: type[Enum], steps: type[Enum], first: Enum, final: set[Enum]
) -> None:
    reached, edge = {first}, [first]
    while edge:
        following = set(table[edge.pop()].values()) - reached
        reached |= following
        edge += following
    assert reached == set(states) == set(table)
    assert {state for state in table if not table[state]} == final
    assert {step for row in table.values() for step in row} == set(steps)


def test_the_urn_may_begin_anew_at_any_moment() -> None:
    """It can lose its power in every state of the agent."""
    assert all(row[AgentStep.HELLO] is AgentState.GREETED for row in AGENT_TABLE.values())
