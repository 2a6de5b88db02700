"""What ``return/1`` records do: keep the hand-counted protocol beside preliminary totals, which it never changes."""

from ledger.rulings import Return, ReturnContest
from ledger.state import APPLIED, Held, Outcome, State, held
from ledger.validation import Values, breaks


def apply_return(state: State, index: int, body: Return) -> Outcome:
    """Keep the return in place of an earlier one of the unit; flag the rules that its lines break."""
    definition = state.definition
    if not definition.complete:
        return held("PARTS_INCOMPLETE", "a return came before the election was complete")
    unit = definition.units.get(body.unit)
    ballot = {line.contest: line.omitted for line in unit.ballot} if unit is not None else {}
    for line in body.contests:
        known = {row.id for row in definition.contests[line.contest].selections} if line.contest in ballot else set()
        if {row.selection for row in line.votes} != known - set(ballot.get(line.contest, ())) or not known:
            return held("NO_SUCH_UNIT", f"contest {line.contest} is not on a ballot of unit {body.unit} in this way")
    state.returns[body.unit] = body
    state.changed.add(body.unit)
    registered = unit.registered_voters if unit is not None else None
    for rule in definition.election.rules if definition.election is not None else ():
        for line in body.contests:
            if rule.scope == "return" and breaks(rule, _values(line, registered)):
                state.flags.append(Held(index, rule.code, f"contest {line.contest}: {rule.words.en}"))
    return APPLIED


def _values(line: ReturnContest, registered: int | None) -> Values:
    values: dict[str, int | None] = {"registered": registered}
    values |= {row.line: row.count for row in line.lines}
    return values | {"votes": sum(row.votes for row in line.votes)}
