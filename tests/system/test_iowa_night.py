"""A real election played again: Iowa, 3 November 2020, from a file of precincts to the audit and back to the file."""

import csv
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.system.conftest import tool
from tests.system.recount import recount

FILE = "iowa-2020-general-precinct.csv"
TRUMP, BIDEN = "Donald J. Trump and Michael R. Pence", "Joseph R. Biden and Kamala D. Harris"


def read_rows(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def replay(election: Path, out: Path, *options: str) -> dict[str, object]:
    arguments = [tool("simulator"), "replay", "--election-csv", str(election), "--format", "openelections"]
    ended = subprocess.run(
        [*arguments, "--out", str(out), *options], capture_output=True, timeout=900, check=False, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    account: dict[str, object] = json.loads((out / "account.json").read_bytes())
    return account


@pytest.mark.parametrize("link", ["pty", "memory"])
def test_some_precincts_come_back_row_by_row(shared_data: Path, tmp_path: Path, link: str) -> None:
    """What is published as OpenElections rows is what the file says of the precincts that were chosen."""
    replay(shared_data / FILE, tmp_path / "night", "--link", link, "--precincts", "24", "--seed", "5")
    header, *rows = read_rows(tmp_path / "night" / "publication" / "results" / "precincts.csv")
    given_header, *given = read_rows(shared_data / FILE)
    places = {row[:2] for row in rows}
    assert header == given_header
    assert len(places) == 24
    assert sorted(rows) == sorted(row for row in given if row[:2] in places)


@pytest.mark.slow
def test_the_whole_state_comes_out_as_it_was_certified(shared_data: Path, tmp_path: Path) -> None:
    """All 37,439 rows, published and counted again by other code; the president's votes as certified."""
    account = replay(shared_data / FILE, tmp_path / "night", "--link", "memory")
    publication = tmp_path / "night" / "publication"
    given = read_rows(shared_data / FILE)[1:]
    assert sorted(read_rows(publication / "results" / "precincts.csv")[1:]) == sorted(given)

    again = recount(publication)
    assert again.kinds == Counter(
        {"election/1": 1, "contest/1": 131, "unit/1": 1_761, "device/1": 1_661, "opening/1": 1_661, "tally/1": 1_661}
        | {"snapshot/1": again.kinds["snapshot/1"]}
    )
    assert sorted(again.rows) == sorted(given)

    latest = json.loads((publication / "results" / "latest.json").read_bytes())
    published = {
        (contest["office"], contest["district"], row["name"]["en"], row["party"]): row["votes"]
        for contest in latest["contests"]
        for row in contest["selections"]
    }
    assert published == again.national
    president = {name: votes for (office, _, name, _), votes in published.items() if office == "President"}
    assert (president[TRUMP], president[BIDEN]) == (897_672, 759_061)

    audit = account["audit"]
    assert isinstance(audit, dict)
    verdict = audit["verdict"]
    assert (verdict["ok"], verdict["tallies"], verdict["inadmissible"]) == (True, 1_661, [])
    assert verdict["anchors"]["verified"] == verdict["anchors"]["claimed"] >= 1
