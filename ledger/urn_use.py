"""Which urns are waited for: what it changes when one is put out of use, or back into it.

A unit waits for its remote and primary urns that are in use. A primary urn that is out of use is still waited for where
one of the unit's spares that are in use can stand in for it: as many as there are such spares, urns ascending.
"""

from ledger.counting import cover_anew, uncover
from ledger.election import UnitAssignment
from ledger.state import State


def put_out_of_use(state: State, urn: str) -> None:
    """Expect nothing more of the urn, and for each of its units what can be reported from now on."""
    before = _awaited(state, urn)
    state.out_of_use.add(urn)
    _expect_anew(state, before, _awaited(state, urn))


def put_in_use(state: State, urn: str) -> None:
    """Undo ``put_out_of_use``."""
    before = _awaited(state, urn)
    state.out_of_use.discard(urn)
    _expect_anew(state, before, _awaited(state, urn))


_Awaited = dict[tuple[str, str], UnitAssignment]


def _awaited(state: State, urn: str) -> dict[str, _Awaited]:
    """For each unit of the urn, the assignments whose cells are waited for."""
    return {line.unit: _awaited_in(state, line.unit) for line in state.definition.assignments_of(urn)}


def _awaited_in(state: State, unit: str) -> _Awaited:
    assignments = state.definition.assignments_to(unit)
    in_use = {urn: line for urn, line in assignments.items() if urn not in state.out_of_use}
    spares = sum(line.role == "spare" for line in in_use.values())
    replaced = [urn for urn, line in assignments.items() if line.role == "primary" and urn not in in_use][:spares]
    awaited = [urn for urn, line in in_use.items() if line.role != "spare"] + replaced
    return {(urn, unit): assignments[urn] for urn in awaited}


def _expect_anew(state: State, before: dict[str, _Awaited], after: dict[str, _Awaited]) -> None:
    for unit in before:
        contests = [line.contest for line in state.definition.units[unit].ballot]
        for contest in contests:
            uncover(state, unit, contest)
        for place in before[unit].keys() - after[unit].keys():
            state.definition.expect(before[unit][place], -1)
        for place in after[unit].keys() - before[unit].keys():
            state.definition.expect(after[unit][place], 1)
        for contest in contests:
            cover_anew(state, unit, contest)
        state.changed.add(unit)
