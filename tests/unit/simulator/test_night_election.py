"""The demonstration night has the size and the troubles that it promises, and otherwise adds up."""

import pytest

from simulator.kyrgyzstan import REGIONS, districts_of_regions
from simulator.night_election import MIN_PRECINCTS, build_night

NOW = 1_800_000_000


@pytest.mark.parametrize("precincts", [MIN_PRECINCTS, 200, 2_500])
def test_it_has_the_precincts_districts_and_candidates(precincts: int) -> None:
    """Thirty districts and 460 candidates at every size."""
    scenario = build_night(precincts, 1, NOW)
    assert len([unit for unit in scenario.units if unit.type == "precinct"]) == precincts
    assert len(scenario.contests) == 30
    kinds = [row.kind for contest in scenario.contests for row in contest.selections]
    assert (kinds.count("candidate"), kinds.count("against_all")) == (460, 30)


def test_every_region_has_districts_of_its_own() -> None:
    """Each of the thirty belongs to one region."""
    districts = districts_of_regions()
    assert sorted(number for numbers in districts.values() for number in numbers) == list(range(1, 31))
    assert all(districts[region.id] for region in REGIONS)


def test_the_country_has_its_registered_voters() -> None:
    """About 4.3 million, as on 30 November 2025."""
    registered = sum(unit.registered_voters or 0 for unit in build_night(2_500, 1, NOW).units)
    assert 3_800_000 < registered < 4_700_000


def test_remote_urns_hold_votes_of_thirty_contests() -> None:
    """And an urn of a hosted precinct serves two units."""
    scenario = build_night(200, 1, NOW)
    units = {unit.id: unit for unit in scenario.units}
    roles = [
        (line.role, len(units[line.unit].ballot)) for d in scenario.devices for urn in d.urns for line in urn.units
    ]
    assert roles.count(("remote", 30)) >= 3
    assert any(len(urn.units) == 2 for device in scenario.devices for urn in device.urns)


def test_one_tally_does_not_add_up_and_the_others_do() -> None:
    """votes + overvotes + undervotes = ballots, but for the one that is to be held."""
    broken = set()
    for key, lines in build_night(200, 3, NOW).counts.items():
        for line in lines:
            votes = sum(sum(row[1:]) for row in line.selections or ())
            if votes + (line.overvotes or 0) + (line.undervotes or 0) != line.ballots:
                broken.add(key)
    assert len(broken) == 1


def test_each_trouble_is_there_once() -> None:
    """A spare in place of a silent urn, a late precinct, a conflict."""
    scenario = build_night(200, 3, NOW)
    assert sorted(incident.kind for incident in scenario.incidents.values()) == ["conflict", "late", "silent"]
    spares = [line for device in scenario.devices for urn in device.urns for line in urn.units if line.role == "spare"]
    assert len(spares) == 1


def test_a_seed_gives_the_same_night_again() -> None:
    """And another seed another one; the hour of the day changes no count."""
    assert build_night(60, 5, NOW).counts == build_night(60, 5, NOW + 86_400).counts
    assert build_night(60, 5, NOW).counts != build_night(60, 6, NOW).counts
