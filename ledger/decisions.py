"""What ``decision/1`` records do to tallies: the only way in which totals may fall.

Each decision is checked whole before anything is changed. Refusals, by code:
    NO_SUCH_TARGET    every target is an entry at a lower index, of the sort that the action is about
    ALREADY_COUNTED   what is released stands beside nothing that is counted; else it takes a correction or annulment
    NOT_LIVE          what is superseded is the live tally of an urn of the same unit
    UNIT_ANNULLED     nothing is released or corrected in a unit while it is annulled
    NOT_ALL_TARGETS   an annulment names every live tally of the unit
    URN_HAS_REPORTED  an urn that has reported cannot be put out of use; its tallies can be annulled
"""

from ledger.counting import add_tally, cover_anew, move_cell, parse_counts, take_out, uncover
from ledger.election import UnitAssignment
from ledger.primitives import Hash
from ledger.rulings import Decision
from ledger.state import APPLIED, Annulment, HeldTally, LiveTally, Outcome, Ruled, State, held


def apply_decision(state: State, index: int, body: Decision, leaf_hash: Hash) -> Outcome:
    """Let the decision take effect, or say why it does not."""
    if not state.definition.complete:
        return held("PARTS_INCOMPLETE", "a decision came before the election was complete")
    match body.action:
        case "release" | "correct":
            outcome = _count_held(state, body)
        case "annul":
            outcome = _annul(state, body, leaf_hash)
        case "reinstate":
            outcome = _reinstate(state, body)
        case "out_of_use":
            outcome = _put_out_of_use(state, body.urn or "")
    if outcome.status == "applied":
        subject = body.unit or body.urn or body.targets[0].hex()
        state.rulings.append(Ruled(index, body.action, subject, body.reason, body.document))
    return outcome


def _count_held(state: State, body: Decision) -> Outcome:
    target = Hash(body.targets[0])
    waiting = state.held_tallies.get(target)
    if waiting is None:
        return held("NO_SUCH_TARGET", f"no tally that can be counted is held with the leaf hash {target.hex()}")
    if state.annulled(waiting.unit):
        return held("UNIT_ANNULLED", f"unit {waiting.unit} is annulled: reinstate it first")
    role = next(line.role for line in state.definition.assignments_of(waiting.urn) if line.unit == waiting.unit)
    superseded: str | None = None
    if body.supersedes is not None:
        superseded = next(
            (urn for urn, tally in _live(state, waiting.unit) if tally.leaf_hash == body.supersedes), None
        )
        if superseded is None:
            return held("NOT_LIVE", f"no live tally of unit {waiting.unit} has the leaf hash {body.supersedes.hex()}")
    if not may_count(state, waiting.urn, waiting.unit, role, superseded):
        return held("ALREADY_COUNTED", f"unit {waiting.unit} has another tally that counts: correct or annul that one")
    if superseded is not None:
        take_out(state, superseded, waiting.unit)
    del state.held_tallies[target]
    _count(state, target, waiting, role)
    return APPLIED


def may_count(state: State, urn: str, unit: str, role: str, superseded: str | None = None) -> bool:
    """Whether the urn may count for the unit beside the urns that count already, but for the one that is superseded.

    An urn counts once. A spare stands in for a unit's primary urns: never beside one of them, nor beside another spare.
    """
    others = [(other, tally.role) for other, tally in _live(state, unit) if other != superseded]
    if any(other == urn for other, _ in others):
        return False
    if role == "remote":
        return True
    return not any("spare" in (role, other_role) for _, other_role in others if other_role != "remote")


def _count(state: State, leaf_hash: Hash, waiting: HeldTally, role: str) -> None:
    tally = LiveTally(waiting.index, leaf_hash, waiting.counts, role)
    add_tally(state, waiting.urn, waiting.unit, tally, parse_counts(waiting.counts))


def _live(state: State, unit: str) -> list[tuple[str, LiveTally]]:
    urns = state.definition.urns_of.get(unit, ())
    return [(urn, state.live[urn, unit]) for urn in urns if (urn, unit) in state.live]


def _annul(state: State, body: Decision, leaf_hash: Hash) -> Outcome:
    unit = body.unit or ""
    ballot = [line.contest for line in state.definition.units[unit].ballot] if unit in state.definition.units else []
    contests = frozenset(ballot if body.contests is None else body.contests) - state.annulled(unit)
    if not contests or not contests <= frozenset(ballot):
        return held("NO_SUCH_TARGET", f"unit {unit} has no such contests that are not annulled already")
    live = _live(state, unit)
    if sorted(tally.leaf_hash for _, tally in live) != list(body.targets):
        return held("NOT_ALL_TARGETS", f"the targets are not the {len(live)} live tallies of unit {unit}")
    _move_all(state, unit, contests, -1)
    state.annulments[leaf_hash] = Annulment(unit, contests)
    return APPLIED


def _reinstate(state: State, body: Decision) -> Outcome:
    annulment = state.annulments.pop(Hash(body.targets[0]), None)
    if annulment is None:
        return held("NO_SUCH_TARGET", f"no annulment in force has the leaf hash {body.targets[0].hex()}")
    _move_all(state, annulment.unit, annulment.contests, 1)
    return APPLIED


def _move_all(state: State, unit: str, contests: frozenset[int], sign: int) -> None:
    for _, tally in _live(state, unit):
        for line in parse_counts(tally.counts):
            if line.contest in contests:
                move_cell(state, unit, line, sign)
    state.changed.add(unit)


def _put_out_of_use(state: State, urn: str) -> Outcome:
    assignments = state.definition.assignments_of(urn)
    if not assignments or urn in state.out_of_use:
        return held("NO_SUCH_TARGET", f"no urn {urn} is in use")
    if any((urn, assignment.unit) in state.live for assignment in assignments):
        return held("URN_HAS_REPORTED", f"urn {urn} has reported; its tallies can be annulled")
    state.out_of_use.add(urn)
    for assignment in assignments:
        ballot = [line.contest for line in state.definition.units[assignment.unit].ballot]
        for contest in ballot:
            uncover(state, assignment.unit, contest)
        for dropped in _no_longer_expected(state, assignment):
            state.definition.expect(dropped, -1)
        for contest in ballot:
            cover_anew(state, assignment.unit, contest)
        state.changed.add(assignment.unit)
    return APPLIED


def _no_longer_expected(state: State, assignment: UnitAssignment) -> list[UnitAssignment]:
    """Whose cells nobody will report now that the assignment's urn is out of use.

    While a spare of the unit is left it stands in for its primary urns. When the last spare goes, the cells of those
    that are out of use go with it.
    """
    urns = state.definition.urns_of[assignment.unit]
    served = [(urn, line) for urn in urns for line in _lines(state, urn, assignment.unit)]
    if any(line.role == "spare" and urn not in state.out_of_use for urn, line in served):
        return [] if assignment.role != "remote" else [assignment]
    if assignment.role != "spare":
        return [assignment]
    return [line for urn, line in served if line.role == "primary" and urn in state.out_of_use]


def _lines(state: State, urn: str, unit: str) -> list[UnitAssignment]:
    return [line for line in state.definition.assignments_of(urn) if line.unit == unit]
