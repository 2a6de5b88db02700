"""Whatever a file's spelling, the importer reads the same election out of it."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from simulator.open_elections import read_scenario
from simulator.open_elections_file import parse_results

COLUMNS = ("county", "precinct", "office", "district", "candidate", "party", "votes", "mail", "poll")
NAMES = st.text("abÄ,\"' жө-", min_size=1, max_size=6).map(str.strip).filter(bool)
BLANK_OR_NAME = st.one_of(st.just(""), NAMES)
KEYS = st.tuples(NAMES, NAMES, NAMES, BLANK_OR_NAME, NAMES, BLANK_OR_NAME)
VOTES = st.tuples(st.integers(0, 999), st.integers(0, 999))
ELECTIONS = st.dictionaries(KEYS, VOTES, min_size=1, max_size=12)


def write(path: Path, columns: list[str], rows: list[dict[str, str]], ending: str, mark: str) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator=ending)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes((mark + text.getvalue()).encode())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all examples: each writes its file anew."""
    return tmp_path_factory.mktemp("elections")


@given(
    ELECTIONS, st.permutations(COLUMNS), st.sampled_from(["\n", "\r\n", "\r", "\n\n"]), st.sampled_from(["", "\ufeff"])
)
def test_order_endings_and_quotes_change_nothing(
    folder: Path, election: dict[tuple[str, ...], tuple[int, int]], columns: list[str], ending: str, mark: str
) -> None:
    """Every row comes out with its names and its votes by type, and no vote is lost on the way to the tallies."""
    rows = [
        dict(zip(COLUMNS, (*key, str(sum(votes)), *map(str, votes)), strict=True)) for key, votes in election.items()
    ]
    path = write(folder / "election.csv", columns, rows, ending, mark)
    file = parse_results(path)
    split = sorted(("mail", "poll"), key=columns.index)
    assert file.vote_types == tuple(split)
    found = {(*row.place, *row.office, *row.choice): row.votes for row in file.rows}
    assert found == {key: votes if split[0] == "mail" else votes[::-1] for key, votes in election.items()}
    scenario, _ = read_scenario(path, None, 0)
    cells = [line for lines in scenario.counts.values() for line in lines]
    tallied = sum(sum(row[1:]) for line in cells for row in line.selections or ())
    assert tallied == sum(map(sum, election.values()))


@given(st.one_of(st.binary(max_size=200), st.text('0123456789,"\n\r\t abТ\u0301\u200b-', max_size=120).map(str.encode)))
def test_any_bytes_are_read_or_refused_with_a_code(folder: Path, data: bytes) -> None:
    """No other error leaves the importer."""
    path = folder / "bytes.csv"
    path.write_bytes(b"precinct,office,candidate,votes,mail\n" + data)
    try:
        read_scenario(path, None, 0)
    except FormatError as error:
        assert error.code.isupper()
