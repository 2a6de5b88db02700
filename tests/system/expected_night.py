"""What must be published of a played scenario, from its counts alone."""

from simulator.scenario import Scenario


def is_broken(scenario: Scenario, urn: str, unit: str) -> bool:
    """Whether the tally does not add up, so that it is held."""
    return any(
        sum(sum(row[1:]) for row in line.selections or ()) + (line.overvotes or 0) + (line.undervotes or 0)
        != line.ballots
        for line in scenario.counts[urn, unit]
    )


def expected_votes(scenario: Scenario) -> dict[tuple[int, int], int]:
    """Votes by contest and selection: of all tallies but those that are held, and cells that are withheld."""
    votes = {(contest.number, row.id): 0 for contest in scenario.contests for row in contest.selections}
    for (urn, unit), lines in scenario.counts.items():
        if is_broken(scenario, urn, unit):
            continue
        for line in lines:
            if 0 < line.ballots < scenario.secrecy_threshold:
                continue
            for row in line.selections or ():
                votes[line.contest, row[0]] += sum(row[1:])
    return votes


def expected_cells(scenario: Scenario) -> int:
    """Cells that are in: every one but those of tallies that are held."""
    return sum(len(lines) for (urn, unit), lines in scenario.counts.items() if not is_broken(scenario, urn, unit))
