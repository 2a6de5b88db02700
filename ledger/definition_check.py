"""Whether the parts of an election fit one another, once all of them are there.

The election authority has signed each part, and the root of all of them; what it cannot have meant is found here,
before anything is counted by it. Each fault is a FormatError(``BROKEN_PARTS``) that names the part.
"""

from collections.abc import Mapping, Sequence

from ledger.election import Contest, ReportingUnit, UnitAssignment, UrnRole
from ledger.errors import FormatError

MAX_LEVELS = 10
"""Units above one another: from the country down to a precinct there are four or five."""


def check_parts(
    contests: Mapping[int, Contest], units: Mapping[str, ReportingUnit], assignments: Sequence[UnitAssignment]
) -> None:
    """Raises FormatError(``BROKEN_PARTS``) for the first fault."""
    roots = [unit.id for unit in units.values() if unit.parent is None]
    if len(roots) != 1:
        raise _broken(f"one unit has nothing above it, the country; here {len(roots)} have")
    for unit in units.values():
        _check_ancestry(unit, units)
        _check_ballot(unit, contests)
    for assignment in assignments:
        _check_assignment(assignment, units)
    _check_cells(assignments, units)
    _check_spares(assignments, units)


def _check_ancestry(unit: ReportingUnit, units: Mapping[str, ReportingUnit]) -> None:
    seen: set[str] = set()
    above: str | None = unit.id
    while above is not None:
        if above in seen or above not in units or len(seen) == MAX_LEVELS:
            raise _broken(f"unit {unit.id}: the units above it do not end in a country")
        if units[above].ballot and above != unit.id:
            # A precinct's totals are its own urns' alone.
            raise _broken(f"unit {unit.id}: precinct {above} is above it")
        seen.add(above)
        above = units[above].parent


def _check_ballot(unit: ReportingUnit, contests: Mapping[int, Contest]) -> None:
    if bool(unit.ballot) != (unit.type == "precinct"):
        raise _broken(f"unit {unit.id}: precincts have a ballot, and only they")
    for line in unit.ballot:
        contest = contests.get(line.contest)
        if contest is None:
            raise _broken(f"unit {unit.id}: its ballot names no contest {line.contest}")
        known = {selection.id for selection in contest.selections}
        if len(set(line.omitted) & known) != len(line.omitted):
            raise _broken(f"unit {unit.id}: contest {line.contest} omits what it lacks")
        if len(line.omitted) == len(known):
            raise _broken(f"unit {unit.id}: contest {line.contest} has no selection left")


def _check_assignment(assignment: UnitAssignment, units: Mapping[str, ReportingUnit]) -> None:
    if assignment.unit not in units:
        raise _broken(f"a device is assigned to unit {assignment.unit}, which is not defined")
    if not units[assignment.unit].ballot:
        raise _broken(f"a device is assigned to unit {assignment.unit}, which has no ballot")
    contests = assignment.contests
    if contests is not None and list(contests) != sorted(set(contests)):
        raise _broken(f"a device's contests of unit {assignment.unit} are not distinct and ascending")
    if not {line.contest for line in units[assignment.unit].ballot}.issuperset(contests or ()):
        raise _broken(f"a device's contests are not on the ballot of unit {assignment.unit}")


def _check_cells(assignments: Sequence[UnitAssignment], units: Mapping[str, ReportingUnit]) -> None:
    """Every cell of every precinct is expected from an urn that is no spare."""
    served = _served(assignments, units, ("primary", "remote"))
    for unit in units.values():
        missing = [line.contest for line in unit.ballot if line.contest not in served.get(unit.id, ())]
        if missing:
            raise _broken(f"unit {unit.id}: no primary or remote urn reports its contest {missing[0]}")


def _check_spares(assignments: Sequence[UnitAssignment], units: Mapping[str, ReportingUnit]) -> None:
    """A spare stands in for primary urns: what none of them reports, nobody would wait for from a spare."""
    by_primaries, by_spares = _served(assignments, units, ("primary",)), _served(assignments, units, ("spare",))
    for unit, contests in by_spares.items():
        alone = sorted(contests - by_primaries.get(unit, set()))
        if alone:
            raise _broken(f"unit {unit}: a spare has its contest {alone[0]}, and no primary urn has")


def _served(
    assignments: Sequence[UnitAssignment], units: Mapping[str, ReportingUnit], roles: Sequence[UrnRole]
) -> dict[str, set[int]]:
    """Unit -> the contests that its urns of these roles report."""
    served: dict[str, set[int]] = {}
    for assignment in assignments:
        if assignment.role in roles:
            ballot = tuple(line.contest for line in units[assignment.unit].ballot)
            contests = ballot if assignment.contests is None else assignment.contests
            served.setdefault(assignment.unit, set()).update(contests)
    return served


def _broken(words: str) -> FormatError:
    return FormatError("BROKEN_PARTS", words)
