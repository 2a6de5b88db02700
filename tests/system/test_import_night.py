"""A file of another shape than Iowa's, from import to publication: its rows come back as docs/importing.md says."""

import csv
import subprocess
from pathlib import Path

from simulator.open_elections_file import parse_results
from tests.system.conftest import tool

FILE = """\ufeffvotes,mail,poll,Precinct,office,candidate,party,county,pct
7,3,4,"1, North",Mayor,"Ann ""A"" Lee",REP,Ключ,
2,,2,"1, North",Mayor,Write-in,,Ключ,
1,1,0,"1, North",Mayor,Over Votes,,Ключ,
2,0,2,"1, North",Mayor,Blank,,Ключ,
90,,,"1, North",Registered Voters,,,Ключ,
12,,,"1, North",Ballots Cast,,,Ключ,
0,0,0,2 South ,Mayor,"Ann ""A"" Lee",REP,,
5,5,0,2 South,Mayor,Жаңыл Ө.,,,
"""


def test_the_rows_come_back_as_the_page_says(tmp_path: Path) -> None:
    """Candidates' rows in precincts.csv, the rest in coverage.csv; and the publication imports as itself."""
    election, out = tmp_path / "20201103__xx__general__precinct.csv", tmp_path / "night"
    election.write_bytes(FILE.replace("\n", "\r\n").encode())
    command = [tool("simulator"), "replay", "--election-csv", str(election), "--format", "openelections"]
    ended = subprocess.run(
        [*command, "--out", str(out), "--link", "memory"], capture_output=True, timeout=600, check=False, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    warned = [line.split(":")[1].strip() for line in ended.stderr.splitlines() if line.startswith("warning: ")]
    assert warned == ["BLANK_IS_ZERO", "IGNORED_COLUMN", "TRIMMED"]

    results = out / "publication" / "results"
    with (results / "precincts.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["county", "precinct", "office", "district", "candidate", "party", "votes", "mail", "poll"]
    assert sorted(rows) == [
        ["Ключ", "1, North", "Mayor", "", 'Ann "A" Lee', "REP", "7", "3", "4"],
        ["Ключ", "1, North", "Mayor", "", "Write-in", "", "2", "0", "2"],
        ["—", "2 South", "Mayor", "", 'Ann "A" Lee', "REP", "0", "0", "0"],
        ["—", "2 South", "Mayor", "", "Жаңыл Ө.", "", "5", "5", "0"],
    ]
    with (results / "coverage.csv").open(encoding="utf-8", newline="") as file:
        coverage = {row["name"]: row for row in csv.DictReader(file)}
    told = [coverage["1, North"][name] for name in ("registered_voters", "ballots", "overvotes", "undervotes")]
    assert told == ["90", "12", "1", "2"]

    again = parse_results(results / "precincts.csv")
    assert sorted(
        [*row.place, *row.office, *row.choice, str(sum(row.votes)), *map(str, row.votes)] for row in again.rows
    ) == sorted(rows)
