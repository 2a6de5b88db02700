"""The page about importing names every code that the importer has, and no others."""

import re
from pathlib import Path
from typing import get_args

from simulator.open_elections_notes import ProblemCode, WarningCode


def test_the_page_and_the_code_have_the_same_codes(repository: Path) -> None:
    """Refusals in the one table, warnings in the other."""
    page = (repository / "docs" / "importing.md").read_text()
    refused, warned = page.split("## What is warned of")
    assert codes(refused) == set(get_args(ProblemCode))
    assert codes(warned) == set(get_args(WarningCode))


def codes(text: str) -> set[str]:
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`([A-Z_0-9]+)`", cell)}
