"""What ``decision/1`` records do to tallies: the only way in which totals may fall.

Each decision is checked whole before anything is changed. Refusals, by code:
    NO_SUCH_TARGET    every target is an entry at a lower index, of the sort that the action is about
    ALREADY_COUNTED   an urn counts once, and a spare in place of a primary urn; else it takes a correction or annulment
    NOT_LIVE          what is superseded is the live tally of an urn of the same unit
    UNIT_ANNULLED     nothing is released or corrected in a unit while it is annulled
    NOT_ALL_TARGETS   an annulment names every live tally of the unit
    URN_HAS_REPORTED  an urn that has reported cannot be put out of use; its tallies can be annulled
An urn that is out of use is in use again once a tally of it is released.
"""

from ledger.counting import add_tally, move_cell, parse_counts, take_out
from ledger.election import UnitAssignment
from ledger.primitives import Hash
from ledger.rulings import Decision
from ledger.state import APPLIED, Annulment, HeldTally, LiveTally, Outcome, Ruled, State, held
from ledger.urn_use import put_in_use, put_out_of_use


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
    superseded: str | None = None
    if body.supersedes is not None:
        superseded = next(
            (urn for urn, tally in _live(state, waiting.unit) if tally.leaf_hash == body.supersedes), None
        )
        if superseded is None:
            return held("NOT_LIVE", f"no live tally of unit {waiting.unit} has the leaf hash {body.supersedes.hex()}")
    if not _has_room(state, waiting, superseded):
        return held("ALREADY_COUNTED", f"unit {waiting.unit} has another tally that counts: correct or annul that one")
    conflicts = () if superseded is None else _put_aside(state, superseded, waiting)
    del state.held_tallies[target]
    if waiting.urn in state.out_of_use:
        put_in_use(state, waiting.urn)
    role = state.definition.assignments_to(waiting.unit)[waiting.urn].role
    tally = LiveTally(waiting.index, target, waiting.counts, role, conflicts)
    add_tally(state, waiting.urn, waiting.unit, tally, parse_counts(waiting.counts))
    state.flags += waiting.flags
    return APPLIED


def may_count(state: State, urn: str, unit: str, role: str) -> bool:
    """Whether a new tally of the urn may count for the unit without a decision.

    An urn counts once. A spare stands in for a unit's primary urns: never beside one of them, nor beside another spare.
    """
    others = _live(state, unit)
    if any(other == urn for other, _ in others):
        return False
    return role == "remote" or not any("spare" in (role, tally.role) for _, tally in others if tally.role != "remote")


def _has_room(state: State, waiting: HeldTally, superseded: str | None) -> bool:
    """Whether the tally may count by decision beside those that count already, but for the one that is superseded.

    An urn counts once; and no contest of a unit counts more primary and spare urns than it has primary ones.
    """
    assignments = state.definition.assignments_to(waiting.unit)
    live = [urn for urn, _ in _live(state, waiting.unit) if urn != superseded]
    own = assignments[waiting.urn]
    if waiting.urn in live:
        return False
    if own.role == "remote":
        return True
    counting = [assignments[urn] for urn in live if assignments[urn].role != "remote"]
    primaries = [line for line in assignments.values() if line.role == "primary"]
    return all(
        sum(_reports(line, contest) for line in counting) < sum(_reports(line, contest) for line in primaries)
        for contest in state.definition.ballot(own)
    )


def _reports(line: UnitAssignment, contest: int) -> bool:
    return line.contests is None or contest in line.contests


def _put_aside(state: State, urn: str, successor: HeldTally) -> tuple[int, ...]:
    """Take a live tally out; it stays at hand, for a correction can be wrong too. The conflicts that are still open."""
    tally = take_out(state, urn, successor.unit)
    state.held_tallies[tally.leaf_hash] = HeldTally(tally.index, urn, successor.unit, tally.counts)
    return tuple(index for index in tally.conflicts if index != successor.index) if urn == successor.urn else ()


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
    put_out_of_use(state, urn)
    return APPLIED
