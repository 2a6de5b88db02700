"""Tables become a definition, or are refused by file and line."""

import json
import shutil
from pathlib import Path

import pytest

from central_server.cli import main
from central_server.definition_csv import MAX_PROBLEMS, make_definition
from ledger.errors import FormatError
from ledger.store.durable import StorageError

UNITS = "id,type,name_ky,name_ru,name_en,parent,registered_voters,ballot\n"
DEVICES = "device,urn,unit,role,contests\n"


@pytest.fixture
def tables(repository: Path, tmp_path: Path) -> Path:
    """The example's tables."""
    folder = tmp_path / "tables"
    shutil.copytree(repository / "docs" / "examples" / "tables", folder)
    return folder


def refusal(folder: Path) -> FormatError:
    with pytest.raises(FormatError) as caught:
        make_definition(folder)
    return caught.value


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_example_is_made_of_its_tables(
    repository: Path, tables: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """`central-server definition --from` prints it, byte for byte, and `--check` counts what it has."""
    example = repository / "docs" / "examples" / "definition.json"
    assert main(["definition", "--from", str(tables)]) == 0
    assert capsysbinary.readouterr().out == example.read_bytes()
    assert main(["definition", "--check", str(example)]) == 0
    assert json.loads(capsysbinary.readouterr().out) == {"contests": 1, "units": 3, "devices": 2}


def test_order_endings_and_quotes_change_nothing(tables: Path) -> None:
    """A table comes out of any spreadsheet."""
    before = make_definition(tables)
    rows = [line.split(",") for line in (tables / "devices.csv").read_text().splitlines()]
    text = "\ufeff" + "\r\n".join(",".join(f'" {cell} "' for cell in reversed(row)) for row in rows) + "\r\n,,,,\r\n"
    (tables / "devices.csv").write_bytes(text.encode())
    assert make_definition(tables) == before


def test_ballots_and_contests_are_lists(tables: Path) -> None:
    """A second contest, a selection left out, a spare, and an urn that counts one contest of another precinct."""
    election = json.loads((tables / "election.json").read_bytes())
    election["contests"].append({**election["contests"][0], "number": 2})
    (tables / "election.json").write_text(json.dumps(election))
    replace(tables / "units.csv", ",1200,1", ",1200,1!2!3  2")
    replace(tables / "devices.csv", "urn-7001,7001,primary,", "urn-7001,7001,primary,1 2")
    with (tables / "devices.csv").open("a") as file:
        file.write("agent-7001,urn-spare,7001,spare,\nagent-7002,urn-7002,7001,remote,2\n")
    document = json.loads(make_definition(tables))
    assert document["units"][1]["ballot"] == [{"contest": 1, "omitted": [2, 3]}, {"contest": 2, "omitted": []}]
    assert document["devices"] == [
        {
            "id": "agent-7001",
            "urns": [
                {"urn": "urn-7001", "units": [{"unit": "7001", "role": "primary", "contests": [1, 2]}]},
                {"urn": "urn-spare", "units": [{"unit": "7001", "role": "spare", "contests": None}]},
            ],
        },
        {
            "id": "agent-7002",
            "urns": [
                {
                    "urn": "urn-7002",
                    "units": [
                        {"unit": "7002", "role": "primary", "contests": None},
                        {"unit": "7001", "role": "remote", "contests": [2]},
                    ],
                }
            ],
        },
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "words"),
    [
        ("units.csv", "name_ky", "name", "CSV_HEADER", "units.csv, line 1: .*name_ky"),
        ("units.csv", ",1200,1", ",1200", "CSV_ROW", "units.csv, line 3: 7 cells"),
        ("units.csv", ",1200,1", ',1200,"1', "CSV_ROW", "units.csv, line 3.*not CSV"),
        ("units.csv", ",1200,1", ",many,1", "CSV_FIELD", "units.csv, line 3: registered_voters: 'many'"),
        ("units.csv", ",1200,1", ",1200,1;2", "CSV_FIELD", "units.csv, line 3: ballot"),
        ("units.csv", "Precinct 7002", " ", "CSV_FIELD", "units.csv, line 4: name_en: must not be blank"),
        ("devices.csv", "agent-7002,", ",", "CSV_FIELD", "devices.csv, line 3: device"),
        ("devices.csv", "primary,", "primary,all", "CSV_FIELD", "devices.csv, line 2: contests"),
        ("units.csv", "7001,precinct", "7001,village", "DEFINITION_BAD_FIELD", r"units.csv, line 3: .*units\[1\]"),
        ("units.csv", "\n7002,", "\n7001,", "DEFINITION_DUPLICATE", "units.csv, line 4: .*7001"),
        ("units.csv", ",kg,1200", ",kz,1200", "DEFINITION_UNKNOWN", "units.csv, line 3: .*kz"),
        ("units.csv", ",1200,1", ",1200,9", "DEFINITION_UNKNOWN", "units.csv, line 3: .*contest 9"),
        ("devices.csv", "urn-7002,7002", "urn-7002,7003", "DEFINITION_UNKNOWN", "devices.csv, line 3: .*7003"),
        ("devices.csv", "urn-7002", "urn-7001", "DEFINITION_DUPLICATE", "devices.csv, line 3: .*urn-7001"),
        ("election.json", '"format"', '"units": [], "format"', "CSV_ELECTION", "election.json"),
        ("election.json", '"format"', '"format": 1, "format"', "DEFINITION_NAME_TWICE", "format"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(
    tables: Path, name: str, old: str, new: str, code: str, words: str
) -> None:
    replace(tables / name, old, new)
    with pytest.raises(FormatError, match=words) as caught:
        make_definition(tables)
    assert caught.value.code == code


def test_all_problems_are_told_together_up_to_a_bound(tables: Path) -> None:
    (tables / "units.csv").write_text(UNITS + "kg,country,A,A,A,,x,\n" * 15)
    (tables / "devices.csv").write_text(DEVICES + "d,u,,,1-2\n" * 15)
    error = refusal(tables)
    assert len(error.message.splitlines()) == MAX_PROBLEMS + 1
    assert "units.csv, line 16" in error.message and "devices.csv, line 2" in error.message


@pytest.mark.parametrize("name", ["election.json", "units.csv", "devices.csv"])
def test_a_missing_file_is_named(tables: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command as well, with status 1."""
    (tables / name).unlink()
    with pytest.raises(StorageError, match=name) as caught:
        make_definition(tables)
    assert caught.value.code == "FILE_MISSING"
    assert main(["definition", "--from", str(tables)]) == 1
    assert capsys.readouterr().err.startswith("FILE_MISSING: ")


@pytest.mark.parametrize(("name", "header"), [("units.csv", UNITS), ("devices.csv", DEVICES)])
def test_tables_without_rows_and_in_other_encodings_are_refused(tables: Path, name: str, header: str) -> None:
    (tables / name).write_text(header)
    assert refusal(tables).code == "CSV_EMPTY"
    (tables / name).write_bytes((header + "Бишкек,,,,\n").encode("cp1251"))
    assert refusal(tables).code == "CSV_NOT_UTF8"


@pytest.mark.parametrize("text", ["[]", "{}", "1", '{"devices": []}'])
def test_the_election_alone_is_an_object(tables: Path, text: str) -> None:
    (tables / "election.json").write_text(text)
    assert refusal(tables).code == "CSV_ELECTION"
