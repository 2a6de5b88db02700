"""The demonstration election is small, whole, and adds up."""

from simulator.demo_election import build_demo


def test_its_size_is_what_the_readme_says() -> None:
    """Twenty precincts with an agent each, two regions, three contests, one urn more for remote voters."""
    scenario = build_demo(1)
    assert len(scenario.devices) == 20
    assert len([unit for unit in scenario.units if unit.type == "region"]) == 2
    assert len(scenario.contests) == 3
    assert len([urn for device in scenario.devices for urn in device.urns]) == 21


def test_one_urn_has_votes_for_several_constituencies() -> None:
    """The remote voters' urn reports under a unit of each district."""
    units = [unit for urn, unit in build_demo(1).counts if urn == "urn-remote"]
    assert len(units) == 2


def test_every_count_obeys_the_vote_for_one_equation() -> None:
    """votes + overvotes + undervotes = ballots, for every contest of every urn."""
    for contests in build_demo(3).counts.values():
        for line in contests:
            votes = sum(sum(row[1:]) for row in line.selections)
            assert votes + line.overvotes + line.undervotes == line.ballots


def test_a_seed_gives_the_same_night_again() -> None:
    """And another seed another one."""
    assert build_demo(5).counts == build_demo(5).counts
    assert build_demo(5).counts != build_demo(6).counts
