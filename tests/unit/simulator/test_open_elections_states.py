"""Files of the shapes that OpenElections has for other states than Iowa; the names and numbers are invented."""

from pathlib import Path

import pytest

from ledger.election import MAX_CONTESTS, MAX_SELECTIONS
from ledger.errors import FormatError
from ledger.tally import ContestTally
from simulator.open_elections import read_scenario
from simulator.open_elections_data import ResultsFile
from simulator.open_elections_file import parse_results


def write(folder: Path, *lines: str, name: str = "20201103__xx__general__precinct.csv") -> Path:
    path = folder / name
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def warnings(file: ResultsFile) -> set[str]:
    return {warning.code for warning in file.warnings}


def counters(path: Path) -> list[tuple[int, int, int, tuple[tuple[int, ...], ...]]]:
    """Ballots, overvotes, undervotes and votes of each contest, precinct by precinct."""
    scenario, _ = read_scenario(path, None, 0)
    return [numbers(line) for _, lines in sorted(scenario.counts.items()) for line in lines]


def numbers(line: ContestTally) -> tuple[int, int, int, tuple[tuple[int, ...], ...]]:
    assert line.overvotes is not None and line.undervotes is not None and line.selections is not None
    return line.ballots, line.overvotes, line.undervotes, line.selections


def test_codes_and_shares_are_no_vote_types(tmp_path: Path) -> None:
    """As in Minnesota: numbered counties and precincts, percentages, write-ins with a party of their own."""
    path = write(
        tmp_path,
        "county_code,county,precinct_code,precinct,office,district,party,candidate,votes,pct",
        "07,Blue Earth,0075,LIME TWP,House,19A,IP,A. GRAY,15,20.83",
        "07,Blue Earth,0075,LIME TWP,House,19A,WI,WRITE-IN**,57,79.17",
    )
    scenario, file = read_scenario(path, None, 0)
    assert (file.vote_types, warnings(file)) == (("votes",), {"IGNORED_COLUMN"})
    assert [row.kind for row in scenario.contests[0].selections] == ["candidate", "write_in"]
    assert counters(path) == [(72, 0, 0, ((1, 15), (2, 57)))]


def test_wards_are_precincts(tmp_path: Path) -> None:
    """As in Wisconsin: a column `ward`, the total of the race in each row, scattered votes."""
    path = write(
        tmp_path,
        "county,ward,office,district,total votes,party,candidate,votes",
        'Milwaukee,"Village Of B Wards 1,1S,3",Court Of Appeals,1,433,NP,Joan F.,427',
        'Milwaukee,"Village Of B Wards 1,1S,3",Court Of Appeals,1,433,,Scattering,6',
    )
    scenario, file = read_scenario(path, None, 0)
    assert (file.vote_types, warnings(file)) == (("votes",), {"IGNORED_COLUMN", "RENAMED_COLUMN"})
    assert [unit.name.en for unit in scenario.units if unit.ballot] == ["Village Of B Wards 1,1S,3"]
    assert scenario.contests[0].selections[1].kind == "write_in"


def test_columns_without_a_name_are_passed_over_while_they_are_empty(tmp_path: Path) -> None:
    """As in Pennsylvania: two commas at each line's end; registered voters, ballots and blank ballots by precinct."""
    path = write(
        tmp_path,
        "county,precinct,office,district,candidate,party,votes,,",
        "Cameron,Driftwood,Registered Voters,,,,34,,",
        "Cameron,Driftwood,Ballots Cast,,,,26,,",
        "Cameron,Driftwood,Ballots Cast Blank,,,,0,,",
        "Cameron,Driftwood,Treasurer,,Joe T.,DEM,2,,",
        "Cameron,Driftwood,Treasurer,,Write-In,,23,,",
        "Cameron,Driftwood,Treasurer,,Overvotes,,0,,",
        "Cameron,Driftwood,Treasurer,,Undervotes,,1,,",
    )
    file = parse_results(path)
    assert warnings(file) == {"IGNORED_ROW"}
    assert (file.registered["Cameron", "Driftwood"].number, file.ballots["Cameron", "Driftwood"].number) == (34, 26)
    assert counters(path) == [(26, 0, 1, ((1, 2), (2, 23)))]


def test_vote_types_may_stand_before_the_votes(tmp_path: Path) -> None:
    """As in Texas and New York; rows about voters may leave them blank without making them anything else."""
    path = write(
        tmp_path,
        "county,precinct,office,district,party,candidate,early_voting,mail,votes",
        "Armstrong,101,Registered Voters,,,,,,98",
        "Armstrong,101,Ballots Cast,,,,,,",
        'Armstrong,101,President,,DEM,"R. ""Rocky"" F.",1,2,3',
        "Armstrong,101,President,,DEM,Undervote,0,1,1",
    )
    file = parse_results(path)
    assert (file.vote_types, warnings(file)) == (("early_voting", "mail"), {"IGNORED_ROW"})
    assert counters(path) == [(4, 0, 1, ((1, 1, 2),))]


def test_a_blank_vote_type_is_zero_where_the_others_are_the_votes(tmp_path: Path) -> None:
    """As in Michigan: each county has other vote types; those that none has are no column."""
    path = write(
        tmp_path,
        "county,precinct,office,district,candidate,party,votes,election_day,absentee,early_voting,mail",
        "Ingham,Delhi 1,President,,K. H.,DEM,1232,491,,741,",
        "Wayne,Detroit 1,President,,K. H.,DEM,7,4,3,,",
        "Wayne,Detroit 2,President,,K. H.,DEM,0,,,,",
    )
    file = parse_results(path)
    assert (file.vote_types, warnings(file)) == (
        ("election_day", "absentee", "early_voting"),
        {"BLANK_IS_ZERO", "IGNORED_COLUMN"},
    )
    assert [row.votes for row in file.rows] == [(491, 0, 741), (4, 3, 0), (0, 0, 0)]


def test_a_file_that_splits_only_some_votes_has_one_vote_type(tmp_path: Path) -> None:
    """As in Kentucky: votes that nobody splits cannot be split, and none are lost."""
    path = write(
        tmp_path,
        "county,precinct,office,district,candidate,party,votes,early_voting,election_day",
        "Adair,1,President,,K. H.,DEM,5,2,3",
        "Allen,1,President,,K. H.,DEM,9,,",
    )
    file = parse_results(path)
    assert (file.vote_types, warnings(file)) == (("votes",), {"PARTLY_SPLIT"})
    assert [row.votes for row in file.rows] == [(5,), (9,)]


def test_registered_voters_by_party_are_added_up_unless_there_is_a_sum(tmp_path: Path) -> None:
    """As in closed primaries; and an office with more votes than ballots is told, for each ballot may have several."""
    path = write(
        tmp_path,
        "county,precinct,office,district,candidate,party,votes",
        "A,1,Registered Voters,,,DEM,10",
        "A,1,Registered Voters,,,REP,20",
        "A,2,Registered Voters - Republican,,,,5",
        "A,2,Registered Voters - Total,,,,30",
        "A,3,Registered Voters,,,,7",
        "A,1,Ballots Cast,,,,3",
        "A,1,Council,,X,,2",
        "A,1,Council,,Y,,2",
        "A,2,Council,,X,,2",
    )
    scenario, file = read_scenario(path, None, 0)
    assert [unit.registered_voters for unit in scenario.units if unit.ballot] == [30, 30]
    assert warnings(file) == {"MORE_VOTES_THAN_BALLOTS", "PRECINCT_WITHOUT_VOTES"}


@pytest.mark.parametrize("name", ["Over Votes", "OVERVOTES", "over-votes", "Times Over Voted", "Void"])
def test_overvotes_have_many_spellings(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "precinct,office,candidate,votes", "1,Mayor,X,4", f"1,Mayor,{name},1")
    assert counters(path) == [(5, 1, 0, ((1, 4),))]


@pytest.mark.parametrize("name", ["Under Votes", "undervote", "Blank", "BLANKS", "Blank Votes", "Times Under Voted"])
def test_undervotes_have_many_spellings(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "precinct,office,candidate,votes", "1,Mayor,X,4", f"1,Mayor,{name},1")
    assert counters(path) == [(5, 0, 1, ((1, 4),))]


@pytest.mark.parametrize("name", ["Joe Blank", "Void Smith", "Al Overvotes Jr.", "Total Recall", "Yvonne Undervotes"])
def test_people_may_have_such_names(tmp_path: Path, name: str) -> None:
    """Only a whole name is taken for a counter."""
    path = write(tmp_path, "precinct,office,candidate,votes", f"1,Mayor,{name},4")
    assert counters(path) == [(4, 0, 0, ((1, 4),))]


def test_the_day_is_in_the_name_of_the_file(tmp_path: Path) -> None:
    """Where it is not, or is no day, the day of Iowa's election stands in."""
    line = ("precinct,office,candidate,votes", "1,Mayor,X,4")
    days = [
        read_scenario(write(tmp_path, *line, name=name), None, 0)[0].date
        for name in ("20180626__ny__primary.csv", "20181399__ny__primary.csv", "mayor.csv")
    ]
    assert days == ["2018-06-26", "2020-11-03", "2020-11-03"]


def test_a_file_without_counties_has_one_without_a_name(tmp_path: Path) -> None:
    """A dash can be read out and followed on a page; a blank could not."""
    scenario, _ = read_scenario(write(tmp_path, "precinct,office,candidate,votes", "1,Mayor,X,4"), None, 0)
    assert [unit.name.en for unit in scenario.units if unit.type == "county"] == ["—"]


def test_more_than_an_election_can_have_is_refused(tmp_path: Path) -> None:
    """Before a key is made or a device enrolled."""
    header = "precinct,office,candidate,votes"
    many_offices = write(tmp_path, header, *(f"1,Board {number},X,4" for number in range(MAX_CONTESTS + 1)))
    with pytest.raises(FormatError) as caught:
        read_scenario(many_offices, None, 0)
    assert caught.value.code == "TOO_MANY_CONTESTS"
    many_names = write(tmp_path, header, *(f"1,Board,X {number},4" for number in range(MAX_SELECTIONS + 1)))
    with pytest.raises(FormatError) as caught:
        read_scenario(many_names, None, 0)
    assert caught.value.code == "TOO_MANY_CHOICES"


def test_more_vote_types_than_can_be_told_apart_are_refused(tmp_path: Path) -> None:
    """And so are numbers in a column that has no name."""
    many = ",".join(f"type_{number}" for number in range(9))
    with pytest.raises(FormatError, match="9 vote types"):
        parse_results(write(tmp_path, f"precinct,office,candidate,votes,{many}", "1,Mayor,X,9" + ",1" * 9))
    with pytest.raises(FormatError, match="no name"):
        parse_results(write(tmp_path, "precinct,office,candidate,votes,", "1,Mayor,X,9,9"))


def test_a_name_of_two_words_makes_a_vote_type(tmp_path: Path) -> None:
    file = parse_results(write(tmp_path, "Precinct,OFFICE, candidate,votes,Election Day", "1,Mayor,X,9,9"))
    assert (file.vote_types, warnings(file)) == (("election_day",), {"RENAMED_COLUMN"})
