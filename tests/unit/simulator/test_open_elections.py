"""An OpenElections file becomes a scenario that says exactly what the file says, or is refused by line."""

from pathlib import Path

import pytest

from ledger.errors import FormatError
from simulator.open_elections import read_scenario
from simulator.open_elections_data import ResultsFile
from simulator.open_elections_file import parse_results
from simulator.open_elections_notes import MAX_PROBLEMS

HEADER = "county,precinct,office,district,candidate,party,votes,absentee,election_day\r\n"
GOOD = HEADER + (
    'Adair,"1, North",President,,José Álvarez,DEM,5,2,3\r\n'
    'Adair,"1, North",President,,Write-in,,0,0,0\r\n'
    "Adair,2 South,President,,José Álvarez,GRN,7,7,0\r\n"
    'Boone,"1, North",State House,12,"Ann ""A"" Lee",REP,1,0,1\r\n'
)


def write(folder: Path, text: str) -> Path:
    path = folder / "night.csv"
    path.write_bytes(text.encode())
    return path


def warnings(file: ResultsFile) -> dict[str, int]:
    """How often, by code."""
    return {warning.code: warning.count for warning in file.warnings}


def test_precincts_of_the_same_name_in_two_counties_are_two(tmp_path: Path) -> None:
    """The county is part of what names a precinct."""
    scenario, _ = read_scenario(write(tmp_path, GOOD), None, 0)
    names = [unit.name.en for unit in scenario.units if unit.type == "precinct"]
    assert names == ["1, North", "2 South", "1, North"]
    assert len(scenario.devices) == len(scenario.counts) == 3


def test_a_precinct_without_a_row_for_a_selection_omits_it(tmp_path: Path) -> None:
    """The ballot of a precinct is what its rows list, so that the file comes out of the results again."""
    scenario, _ = read_scenario(write(tmp_path, GOOD), None, 0)
    ballots = {unit.id: unit.ballot for unit in scenario.units if unit.ballot}
    assert ballots["p00001"][0].omitted == (3,)
    assert ballots["p00002"][0].omitted == (1, 2)
    assert scenario.counts["u00001", "p00001"][0].selections == ((1, 2, 3), (2, 0, 0))


def test_columns_after_the_votes_are_vote_types(tmp_path: Path) -> None:
    """A file without them has one vote type, the votes."""
    assert parse_results(write(tmp_path, GOOD)).vote_types == ("absentee", "election_day")
    plain = "county,precinct,office,district,candidate,party,votes\nA,1,Mayor,,X,,4\n"
    file = parse_results(write(tmp_path, plain))
    assert (file.vote_types, file.rows[0].votes) == (("votes",), (4,))


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (GOOD.replace(",5,2,3", ",five,2,3"), "BAD_COUNT", "line 2"),
        (GOOD.replace(",5,2,3", ",-5,2,3"), "BAD_COUNT", "line 2"),
        (GOOD.replace(",5,2,3", ',"1,005",2,3'), "BAD_COUNT", "line 2"),
        (GOOD.replace(",5,2,3", ",,2,3"), "BAD_COUNT", "line 2"),
        (GOOD.replace(",5,2,3", ",5.0,2,3"), "BAD_COUNT", "line 2"),
        (GOOD.replace(",5,2,3", ",٥,2,3"), "BAD_COUNT", "line 2"),
        (GOOD.replace(",5,2,3", ",0000000005,2,3"), "BAD_COUNT", "line 2"),
        (GOOD.replace(",5,2,3", ",6,2,3"), "VOTES_DO_NOT_ADD_UP", "line 2"),
        (GOOD.replace(",5,2,3", ",5,2"), "BAD_ROW", "line 2"),
        (GOOD + "Adair,2 South,President,,José Álvarez,GRN,7,7,0\r\n", "DUPLICATE_ROW", "line 6.* line 4"),
        (GOOD + "Adair,TOTAL,President,,José Álvarez,GRN,7,7,0\r\n", "TOTAL_ROW", "line 6.* total"),
        (GOOD + "Adair,Adair County Totals,President,,José Álvarez,GRN,7,7,0\r\n", "TOTAL_ROW", "line 6"),
        (GOOD + "Adair,2 South,President,,Total Votes,,7,7,0\r\n", "TOTAL_ROW", "line 6"),
        (GOOD + "Adair,,President,,José Álvarez,GRN,7,7,0\r\n", "BLANK_NAME", "line 6: the precinct"),
        (GOOD + "Adair,2 South,President,,,GRN,7,7,0\r\n", "BLANK_NAME", "line 6: the candidate"),
        (GOOD + "Adair,2 South,Mayor,,Over Votes,,7,7,0\r\n", "NO_CHOICES", "line 6.*Mayor"),
        (GOOD.replace("2 South", "2\u200bSouth"), "BAD_TEXT", "line 4"),
        (GOOD.replace("2 South", "S" * 501), "BAD_TEXT", "line 4"),
        (GOOD.replace("votes,absentee", "absentee,ballots"), "BAD_HEADER", "line 1"),
        (GOOD.replace("absentee", "votes"), "BAD_HEADER", "line 1"),
        (HEADER, "EMPTY_FILE", "no rows with votes"),
        ("", "EMPTY_FILE", "no rows"),
        (GOOD + 'Adair,"2 Sou\r\n,President,,A,,1,1,0\r\n', "BAD_ROW", "line 6.*not CSV"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_by_line(tmp_path: Path, text: str, code: str, words: str) -> None:
    """The person who has to mend the file reads where."""
    with pytest.raises(FormatError, match=words) as caught:
        read_scenario(write(tmp_path, text), None, 0)
    assert caught.value.code == code


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """A guess at the encoding would change names."""
    path = tmp_path / "latin.csv"
    path.write_bytes(GOOD.encode("latin-1"))
    with pytest.raises(FormatError) as caught:
        parse_results(path)
    assert caught.value.code == "NOT_UTF8"


@pytest.mark.parametrize("wanted", [0, 4])
def test_more_precincts_than_the_file_has_are_refused(tmp_path: Path, wanted: int) -> None:
    """So is none."""
    with pytest.raises(FormatError) as caught:
        read_scenario(write(tmp_path, GOOD), wanted, 0)
    assert caught.value.code == "TOO_FEW_PRECINCTS"


def test_a_seed_chooses_the_same_precincts_again(tmp_path: Path) -> None:
    """And the contests are only those that these precincts have."""
    path = write(tmp_path, GOOD)
    assert read_scenario(path, 2, 7) == read_scenario(path, 2, 7)
    assert {len(read_scenario(path, 1, seed)[0].contests) for seed in range(10)} == {1}


def test_the_iowa_file_is_read_whole(shared_data: Path) -> None:
    """1,661 precincts, 131 contests, 37,439 rows, and the certified votes for president."""
    path = shared_data / "iowa-2020-general-precinct.csv"
    scenario, file = read_scenario(path, None, 0)
    assert file.warnings == []
    assert (len(scenario.counts), len(scenario.contests)) == (1_661, 131)
    assert len(file.rows) == 37_439
    president = [row for row in file.rows if row.office == ("President", "")]
    assert sum(sum(row.votes) for row in president if row.choice[0].startswith("Donald J. Trump")) == 897_672


def test_all_problems_are_told_together_up_to_a_bound(tmp_path: Path) -> None:
    """Whoever mends a file sees what else is wrong with it."""
    bad = "".join(f"A,{number},Mayor,,X,,x{number}\n" for number in range(50))
    with pytest.raises(FormatError) as caught:
        parse_results(write(tmp_path, "county,precinct,office,district,candidate,party,votes\n" + bad))
    assert caught.value.message.count("is not a whole number") == MAX_PROBLEMS
    assert "and perhaps more" in caught.value.message


def test_columns_may_come_in_any_order_and_some_may_be_missing(tmp_path: Path) -> None:
    """District and party are blank where they have no column; the lines may end in any way."""
    text = "votes,candidate,office,precinct,county\r4,X,Mayor,1,A\r"
    [row] = parse_results(write(tmp_path, text)).rows
    assert (row.place, row.office, row.choice, row.votes) == (("A", "1"), ("Mayor", ""), ("X", ""), (4,))


def test_overvotes_and_undervotes_are_counters_and_no_selections(tmp_path: Path) -> None:
    """However they are spelt; the ballots are votes, overvotes and undervotes."""
    text = "county,precinct,office,candidate,votes\nA,1,Mayor,X,4\nA,1,Mayor,Over Votes,1\nA,1,Mayor,undervotes,2\n"
    scenario, _ = read_scenario(write(tmp_path, text), None, 0)
    [[line]] = scenario.counts.values()
    assert (line.ballots, line.overvotes, line.undervotes, line.selections) == (7, 1, 2, ((1, 4),))


def test_registered_voters_and_ballots_cast_are_no_contests(tmp_path: Path) -> None:
    """Ballots cast are compared with the votes only: the ballots of a contest follow from its counters."""
    rows = "A,1,Mayor,X,4\nA,1,Registered Voters,,90\nA,1,Ballots Cast,,4\n"
    scenario, file = read_scenario(write(tmp_path, "county,precinct,office,candidate,votes\n" + rows), None, 0)
    assert [unit.registered_voters for unit in scenario.units if unit.type == "precinct"] == [90]
    assert (warnings(file), file.ballots["A", "1"].number) == ({}, 4)


def test_what_changes_no_count_is_mended_with_a_warning(tmp_path: Path) -> None:
    """Blanks around names, other Unicode forms, columns of text, empty lines."""
    text = "county,precinct,office,candidate,votes,notes\n\nA, 1 ,Mayor,Jose\u0301,4,hand count\n"
    file = parse_results(write(tmp_path, text))
    assert (file.rows[0].place, file.rows[0].choice) == (("A", "1"), ("José", ""))
    assert warnings(file) == {"TRIMMED": 1, "NORMALISED": 1, "IGNORED_COLUMN": 1, "EMPTY_LINE": 1}
    assert [str(warning) for warning in file.warnings][:2] == [
        "EMPTY_LINE: an empty line was passed over (once on line 2)",
        "IGNORED_COLUMN: 'notes' is no vote type (once on line 1)",
    ]
