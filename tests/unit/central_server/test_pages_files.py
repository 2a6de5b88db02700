"""What pages are read from: the result files, checked before anything is drawn of them."""

import pytest

from central_server.pages.election_reader import parse_election_file
from central_server.pages.site_data import SOURCES, parse_site
from ledger.election_file import ELECTION, render_election_file
from ledger.errors import FormatError, UnjudgeableError
from ledger.results import COVERAGE, LATEST, PRECINCTS, RETURNS
from tests.unit.central_server.page_factory import changed, eventful_night, quiet_night, result_files
from tests.unit.ledger.election_factory import small_night


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return result_files(eventful_night())


def refusal(files: dict[str, bytes]) -> FormatError:
    with pytest.raises(FormatError) as caught:
        parse_site(files)
    return caught.value


def test_precincts_are_put_together_from_the_tables(files: dict[str, bytes]) -> None:
    precincts = parse_site(files).precincts
    assert list(precincts) == ["101", "201"]
    first, second = precincts["101"], precincts["201"]
    assert (first.registered, first.status, first.protocol) == (100, "complete", "P-101")
    assert [(row.votes, row.by_type, row.hand) for row in first.cells[0].rows] == [(6, (5, 1), 6)] * 3
    # The ballot of contest 2 leaves selection 3 out.
    assert [row.place for row in first.cells[1].rows] == [0, 1]
    assert second.cells[0].annulled
    assert (second.cells[1].withheld, [row.votes for row in second.cells[1].rows]) == (1, [None, None])
    assert second.status == "complete"


def test_a_state_is_told_from_what_is_expected_and_in(files: dict[str, bytes]) -> None:
    statuses = {}
    for name, night in (("zeros", small_night()), ("quiet", quiet_night())):
        statuses[name] = [precinct.status for precinct in parse_site(result_files(night)).precincts.values()]
    assert statuses == {"zeros": ["missing", "missing"], "quiet": ["complete", "missing"]}


@pytest.mark.parametrize("path", SOURCES)
def test_every_file_is_needed(files: dict[str, bytes], path: str) -> None:
    assert path in refusal({name: data for name, data in files.items() if name != path}).message


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format": 1}', b"\xff"])
@pytest.mark.parametrize("path", [LATEST, ELECTION])
def test_another_file_is_refused(files: dict[str, bytes], path: str, data: bytes) -> None:
    assert refusal({**files, path: data}).code in ("BAD_RESULTS", "BAD_ELECTION_FILE")


@pytest.mark.parametrize("path", [path for path in SOURCES if path.endswith(".csv")])
@pytest.mark.parametrize("data", [b"header\n\xff\n", b"header\n1\n", b'header\n"1\n'])
def test_a_table_of_another_shape_is_refused(files: dict[str, bytes], path: str, data: bytes) -> None:
    assert refusal({**files, path: data}).code == "BAD_RESULTS"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (PRECINCTS, b'A,"One, North",C1,,S1', b'A,"One, North",C1,,S9'),
        (PRECINCTS, b'A,"One, North"', b'B,"One, North"'),
        (PRECINCTS, b",S1,P,6,5,1", b",S1,P,six,5,1"),
        (COVERAGE, b"201,Two,1", b"999,Two,1"),
        (COVERAGE, b"201,Two,1", b"201,Two,7"),
        (COVERAGE, b",100,1,1,", b",100,-1,1,"),
        (RETURNS, b'101,"One, North"', b'201,"One, North"'),
    ],
)
def test_tables_that_do_not_fit_each_other_are_refused(
    files: dict[str, bytes], path: str, old: bytes, new: bytes
) -> None:
    """Votes are never shown for another precinct or choice than the one that they are of."""
    assert old in files[path]
    assert refusal({**files, path: files[path].replace(old, new)}).code == "BAD_RESULTS"


def test_a_later_format_is_not_guessed_at(files: dict[str, bytes]) -> None:
    for path in (LATEST, ELECTION):
        with pytest.raises(UnjudgeableError):
            parse_site(changed(files, path, format="tunuk-later/2"))


def test_units_that_go_in_a_circle_are_refused(files: dict[str, bytes]) -> None:
    units = [
        {"id": "A", "type": "region", "name": dict.fromkeys(("ky", "ru", "en"), "A"), "parent": parent}
        | {"registered_voters": None}
        for parent in ("A",)
    ]
    assert refusal(changed(files, ELECTION, units=units)).code == "BAD_ELECTION_FILE"


def test_files_of_two_elections_are_refused(files: dict[str, bytes]) -> None:
    assert "different elections" in refusal(changed(files, ELECTION, election_id="00")).message


def test_the_election_file_holds_units_times_and_rules() -> None:
    election = parse_election_file(render_election_file(small_night().fold.definition))
    assert [(unit.id, unit.parent, unit.registered_voters) for unit in election.units] == [
        ("101", "A", 100),
        ("201", "B", 200),
        ("A", "KG", None),
        ("B", "KG", None),
        ("KG", None, None),
    ]
    assert election.utc_offset == "+06:00"
    with pytest.raises(FormatError):
        render_election_file(small_night(parts_left_out=1).fold.definition)
