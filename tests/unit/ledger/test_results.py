"""The result files, down to the byte where others read them."""

import csv
import io
import json
from typing import Any

import msgspec
import pytest

from ledger.election import Part, ReportingUnit
from ledger.errors import FormatError
from ledger.fold import Fold
from ledger.primitives import sha256
from ledger.record import Snapshot
from ledger.results import COVERAGE, FLAGS, PRECINCTS, StateFiles, numbered_path, render_numbered
from tests.unit.ledger.definition_factory import night_of
from tests.unit.ledger.election_factory import DEVICE_KEYS, PUBLISHER_KEY, Night, small_night, small_parts, tally, words

ROOT = sha256(b"root")


def rendered(night: Night) -> dict[str, str]:
    return {path: data.decode() for path, data in StateFiles(night.fold).render().items()}


def document(night: Night) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(render_numbered(night.fold, ROOT, StateFiles(night.fold).render()))
    return parsed


@pytest.fixture
def night() -> Night:
    """Precinct 101 counted, with a conflict and a repeat; 201 not in yet."""
    night = small_night()
    night.say(tally(night, votes=5), DEVICE_KEYS[0])
    night.say(tally(night, votes=6, seq=3), DEVICE_KEYS[0])
    night.say(tally(night, votes=5, seq=4), DEVICE_KEYS[0])
    return night


def test_votes_by_precinct_have_the_open_elections_columns(night: Night) -> None:
    """With a column a vote type after their sum; a name with a comma is quoted; the omitted selection has no row."""
    assert rendered(night)[PRECINCTS] == (
        "county,precinct,office,district,candidate,party,votes,early,polls\n"
        'A,"One, North",C1,,S1,P,6,5,1\n'
        'A,"One, North",C1,,S2,P,6,5,1\n'
        'A,"One, North",C1,,S3,P,6,5,1\n'
        'A,"One, North",C2,,S1,P,17,9,8\n'
        'A,"One, North",C2,,S2,P,10,7,3\n'
    )


def test_one_vote_type_has_no_column_of_its_own() -> None:
    night = night_of(small_parts(), vote_types=("polls",))
    contests = tuple(
        msgspec.structs.replace(line, selections=tuple(row[:2] for row in line.selections or ()))
        for line in tally(night).contests
    )
    night.say(tally(night, contests=contests), DEVICE_KEYS[0])
    assert rendered(night)[PRECINCTS].splitlines()[:2] == [
        "county,precinct,office,district,candidate,party,votes",
        'A,"One, North",C1,,S1,P,5',
    ]


def test_coverage_lists_every_precinct_and_contest(night: Night) -> None:
    assert rendered(night)[COVERAGE] == (
        "unit,name,contest,registered_voters,cells_expected,cells_reported,cells_withheld,"
        "ballots,overvotes,undervotes,entries,conflicts,annulled\n"
        '101,"One, North",1,100,1,1,0,18,0,0,11,12,0\n'
        '101,"One, North",2,100,1,1,0,30,1,2,11,12,0\n'
        "201,Two,1,200,1,0,0,0,0,0,,,0\n"
        "201,Two,2,200,1,0,0,0,0,0,,,0\n"
    )


def test_flags_list_what_is_held_and_every_gap(night: Night) -> None:
    rows = list(csv.reader(io.StringIO(rendered(night)[FLAGS])))
    assert [row[:2] for row in rows] == [
        ["index", "code"],
        ["12", "CONFLICT"],
        ["12", "SEQUENCE_GAP"],
        ["13", "SEQUENCE_GAP"],
    ]


def test_a_roll_that_is_not_known_is_left_empty() -> None:
    parts: list[Part] = small_parts()
    assert isinstance(parts[5], ReportingUnit)
    parts[5] = msgspec.structs.replace(parts[5], registered_voters=None)
    assert rendered(night_of(parts))[COVERAGE].splitlines()[1] == '101,"One, North",1,,1,0,0,0,0,0,,,0'


def test_names_that_look_like_rows_stay_in_their_cell() -> None:
    parts: list[Part] = small_parts()
    parts[5] = msgspec.structs.replace(parts[5], name=words("quo\"te, 'and' more"))
    night = night_of(parts)
    night.say(tally(night), DEVICE_KEYS[0])
    rows = list(csv.reader(io.StringIO(rendered(night)[PRECINCTS])))
    assert {row[1] for row in rows[1:]} == {"quo\"te, 'and' more"}
    assert {len(row) for row in rows} == {9}


def test_before_the_election_is_complete_there_are_headers_alone() -> None:
    night = small_night(parts_left_out=1)
    assert [text.count("\n") for text in rendered(night).values()] == [1] * 6
    with pytest.raises(FormatError) as caught:
        render_numbered(night.fold, ROOT, {})
    assert caught.value.code == "ELECTION_INCOMPLETE"
    with pytest.raises(FormatError):
        render_numbered(Fold(), ROOT, {})


def test_the_numbered_file_names_its_place_and_the_other_files(night: Night) -> None:
    state_files = StateFiles(night.fold).render()
    parsed = document(night)
    assert (parsed["format"], parsed["number"], parsed["tree_size"]) == ("tunuk-results/1", 1, 14)
    assert (parsed["root_hash"], parsed["election_id"]) == (ROOT.hex(), night.election_id.hex())
    assert parsed["files"] == {path: sha256(data).hex() for path, data in state_files.items()}
    assert (parsed["held"], parsed["repeats"], parsed["gaps"]) == ({"CONFLICT": 1}, 1, 2)
    assert [unit["id"] for unit in parsed["units"]] == ["A", "B", "KG"]
    assert numbered_path(parsed["number"]) == "results/000001.json"
    assert numbered_path(12_345_678) == "results/12345678.json"


def test_the_number_follows_the_snapshots_in_the_log(night: Night) -> None:
    night.say(Snapshot(night.election_id, 1, 14, bytes(32), 5, 1, bytes(32)), PUBLISHER_KEY)
    parsed = document(night)
    assert (parsed["number"], parsed["tree_size"]) == (2, 15)


def test_a_contest_has_its_sums_in_the_country_and_in_each_unit(night: Night) -> None:
    first, second = document(night)["contests"]
    assert (first["number"], first["cells_expected"], first["cells_reported"]) == (1, 2, 1)
    assert (first["registered_expected"], first["registered_reported"], first["ballots"]) == (300, 100, 18)
    assert [(row["votes"], row["by_type"]) for row in first["selections"]] == [(6, [5, 1])] * 3
    assert (second["overvotes"], second["undervotes"]) == (1, 2)
    region_a, region_b = second["units"]
    assert (region_a["unit"], region_a["cells_reported"], region_a["registered_reported"]) == ("A", 1, 100)
    assert [(row["id"], row["votes"]) for row in region_a["selections"]] == [(1, 17), (2, 10), (3, 0)]
    assert (region_b["unit"], region_b["cells_reported"], region_b["ballots"]) == ("B", 0, 0)
    assert [(row["votes"], row["by_type"]) for row in region_b["selections"]] == [(0, [0, 0])] * 3


def test_the_same_entries_give_the_same_bytes(night: Night) -> None:
    again = small_night()
    for entry in night.entries[len(again.entries) :]:
        again.take(entry)
    first, second = StateFiles(night.fold).render(), StateFiles(again.fold).render()
    assert first == second
    assert render_numbered(night.fold, ROOT, first) == render_numbered(again.fold, ROOT, second)


def test_rendering_changes_nothing(night: Night) -> None:
    files = StateFiles(night.fold)
    first = files.render()
    numbered = render_numbered(night.fold, ROOT, first)
    assert files.render() == first
    assert render_numbered(night.fold, ROOT, first) == numbered
