"""What it changes when an urn is put out of use, or back into it: the cells that its units wait for."""

from ledger.counting import cover_anew, uncover
from ledger.state import State


def put_out_of_use(state: State, urn: str) -> None:
    """Wait for nothing more from the urn, unless a spare can stand in for it."""
    state.out_of_use.add(urn)
    _expect_anew(state, urn)


def put_in_use(state: State, urn: str) -> None:
    """Undo ``put_out_of_use``."""
    state.out_of_use.discard(urn)
    _expect_anew(state, urn)


def _expect_anew(state: State, urn: str) -> None:
    for assignment in state.definition.assignments_of(urn):
        unit = assignment.unit
        for contest, cells in state.definition.awaited(unit, state.out_of_use).items():
            uncover(state, unit, contest)
            state.definition.expect(unit, contest, cells)
            cover_anew(state, unit, contest)
        state.changed.add(unit)
