"""The specification of records names every kind, field, code and column, as the code has them."""

import ast
import itertools
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from ledger.canonical import Canonical
from ledger.record import KINDS
from ledger.validation import Quantity
from tests.unit.ledger.record_notation import fields_of, structs_of

PURE = [
    "canonical", "record", "key_book", "signing", "definition", "definition_check", "fold", "amendments", "decisions",
    "device_records", "returns", "succession",
]  # fmt: skip
RAISED = {"held", "_broken", "FormatError", "SignatureError", "ConflictError", "UnjudgeableError"}


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "records.md").read_text()


@pytest.fixture(scope="module")
def vectors(repository: Path) -> list[dict[str, Any]]:
    """All entries of all logs."""
    folder = repository / "tests" / "vectors" / "records"
    faults = json.loads((folder / "faults.json").read_bytes())
    rows: list[dict[str, Any]] = json.loads((folder / "night.json").read_bytes())["entries"]
    return rows + [row for log in faults for row in log["entries"]]


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    section = re.split(r"^#+ ", page.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    before = itertools.dropwhile(lambda line: not line.startswith("|"), section.splitlines())
    lines = list(itertools.takewhile(lambda line: line.startswith("|"), before))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_kind_is_named_with_its_body(page: str) -> None:
    assert [(kind, body) for kind, body, _ in table(page, "Kinds")] == [
        (f"`{kind}`", f"`{body.__name__}`") for kind, body in KINDS.items()
    ]


ALL_STRUCTS = {struct.__name__: struct for body in KINDS.values() for struct in structs_of(body)}


@pytest.mark.parametrize("name", ALL_STRUCTS)
def test_every_field_is_named_with_its_type_and_bounds(page: str, name: str) -> None:
    rows = [(field.strip("`"), kind) for field, kind, _ in table(page, name)]
    assert rows == fields_of(ALL_STRUCTS[name])


def test_no_struct_is_there_that_is_none(page: str) -> None:
    headings = re.findall(r"^### (\w+)$", page.split("\n## The fold\n")[0], re.MULTILINE)
    assert headings and set(headings) == set(ALL_STRUCTS)
    assert all(issubclass(struct, Canonical) for struct in ALL_STRUCTS.values())


def codes_in(path: Path) -> set[str]:
    """Codes that the module spells out where it holds or refuses something."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED and node.args:
            code = node.args[0]
            if isinstance(code, ast.Constant) and re.fullmatch(r"[A-Z_]+", str(code.value)):
                found.add(str(code.value))
    return found


def test_every_code_is_named(page: str, repository: Path) -> None:
    made = {code for name in PURE for code in codes_in(repository / "ledger" / f"{name}.py")}
    assert len(made) > 35
    assert made - set(names(page)) == set()


def templates(page: str) -> list[tuple[str, re.Pattern[str]]]:
    rows = table(page, "Messages")
    plain = [(code.strip("`"), words) for code, words in rows if code.startswith("`")]
    return [(code, re.compile(re.sub(r"\\\{.*?\\\}", "(.+)", re.escape(words)))) for code, words in plain]


def test_messages_are_those_of_the_vectors(page: str, vectors: list[dict[str, Any]]) -> None:
    """Each message of the vectors has the form that the page gives, and each form occurs."""
    unused = set(range(len(templates(page))))
    for row in vectors:
        if row["outcome"] == "held" and not re.match(r"[FW]\.", row["code"]):
            fits = {
                place for place, (code, form) in enumerate(templates(page))
                if code == row["code"] and form.fullmatch(row["message"])
            }  # fmt: skip
            assert fits, row["message"]
            unused -= fits
    assert [templates(page)[place][0] for place in unused] == ["SEQUENCE_GAP"]


def test_every_code_occurs_in_the_vectors(vectors: list[dict[str, Any]], repository: Path) -> None:
    """But for entries that no log could hold."""
    made = {code for name in PURE for code in codes_in(repository / "ledger" / f"{name}.py")}
    assert made - {row.get("code") for row in vectors} == {"RECORD_TOO_LONG"}


def test_every_quantity_is_named_once(page: str) -> None:
    listed = [name for cells in table(page, "Rules as data") for name in names(cells[0])]
    assert sorted(listed) == sorted(get_args(Quantity))


def test_columns_are_those_of_the_files(page: str, repository: Path) -> None:
    folder = repository / "tests" / "vectors" / "records"
    rows = table(page, "Result files")
    files = {names(path)[0]: names(columns) for path, columns, _ in rows if ".csv" in path}
    assert {path.name for path in (folder / "results").glob("*.csv")} == {Path(path).name for path in files}
    for path, columns in files.items():
        header = (folder / path).read_text().splitlines()[0].split(",")
        assert header[: len(columns)] == columns
        assert header[len(columns) :] == (["stationary", "mobile"] if "precincts" in path else [])


def test_members_are_those_of_the_numbered_file(page: str, repository: Path) -> None:
    document = json.loads((repository / "tests/vectors/records/results/000005.json").read_bytes())
    section = page.split("\n## Result files\n")[1]
    listed = [line.split("`")[1] for line in section.split("| Member |")[1].splitlines() if line.startswith("| `")]
    assert listed == list(document)
    contest = document["contests"][0]
    for inner in (contest, contest["units"][0], contest["selections"][0], document["units"][0], document["turnout"][0]):
        assert set(inner) - set(names(section)) == set()
