"""The published schema says what the server reads, and the example is one that both take."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from central_server.definition_checks import verify_definition
from central_server.definition_file import parse_definition_file
from central_server.definition_schema import DESCRIPTIONS, render_schema
from ledger.errors import FormatError

Change = Callable[[Any], object]


@pytest.fixture
def example(repository: Path) -> Any:
    return json.loads((repository / "docs" / "schema" / "example-definition.json").read_bytes())


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads(render_schema())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_published_schema_is_in_step(repository: Path) -> None:
    """Made again with `central-server definition --schema > docs/schema/definition.schema.json`."""
    assert (repository / "docs" / "schema" / "definition.schema.json").read_bytes() == render_schema()


def test_every_description_is_of_a_field() -> None:
    """A description of a field that is gone would mislead; one that is missing stops the schema's making."""
    schema = json.loads(render_schema())["$defs"]
    fields = {f"{name}.{field}" for name, body in schema.items() for field in body["properties"]}
    assert set(DESCRIPTIONS) == fields | set(schema)


@pytest.mark.parametrize("path", ["docs/schema/example-definition.json", "docs/examples/definition.json"])
def test_the_examples_are_valid(repository: Path, validator: Draft202012Validator, path: str) -> None:
    data = (repository / path).read_bytes()
    validator.validate(json.loads(data))
    verify_definition(data)


def test_the_example_uses_every_field(example: Any) -> None:
    """What nobody shows, nobody finds."""
    schema = json.loads(render_schema())["$defs"]
    assert set(example) == set(schema["Definition"]["properties"])
    assert set(example["rules"][0]) == set(schema["Rule"]["properties"])


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("authority"),
        lambda document: document.update(surprise=1),
        lambda document: document.update(authority="CEC"),
        lambda document: document.update(authority="cec "),
        lambda document: document.update(utc_offset="+15:00"),
        lambda document: document.update(vote_types=[]),
        lambda document: document.update(secrecy_threshold=-1),
        lambda document: document["contests"][0].update(votes_allowed=0),
        lambda document: document["contests"][0]["selections"][0].update(kind="person"),
        lambda document: document["units"][0].update(type="village"),
        lambda document: document["units"][0].update(registered_voters="many"),
        lambda document: document["units"][0]["name"].pop("ky"),
        lambda document: document["devices"][0]["urns"][0]["units"][0].update(role="second"),
        lambda document: document["rules"][0].update(code="X.1"),
        lambda document: document["roles"][0].update(public_key="00"),
    ],
)
def test_schema_and_server_refuse_the_same_shapes(
    example: Any, validator: Draft202012Validator, change: Change
) -> None:
    """Whoever checks a file against the schema first is not surprised by the server."""
    change(example)
    with pytest.raises(ValidationError):
        validator.validate(example)
    with pytest.raises(FormatError) as caught:
        parse_definition_file(json.dumps(example).encode())
    assert caught.value.code == "DEFINITION_BAD_FIELD"


def test_the_page_names_every_code(repository: Path) -> None:
    """Of reading tables and files, and of what fits together."""
    names = ("definition_file", "definition_checks", "definition_csv")
    sources = "".join((repository / "central_server" / f"{name}.py").read_text() for name in names)
    raised = set(re.findall(r'"((?:CSV|DEFINITION)_[A-Z0-9_]+)"', sources))
    raised |= {f"DEFINITION_{code}" for code in re.findall(r'_refuse\("([A-Z_]+)"', sources)}
    page = (repository / "docs" / "definition.md").read_text()
    assert len(raised) > 14
    assert set(re.findall(r"`((?:CSV|DEFINITION)_[A-Z0-9_]+)`", page)) == raised
