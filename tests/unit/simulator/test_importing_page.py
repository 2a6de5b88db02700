"""The page about importing names every code that the importer has, and no others."""

import re
from pathlib import Path

MODULES = ("open_elections_file", "open_elections")


def test_the_page_and_the_code_have_the_same_codes(repository: Path) -> None:
    """Refusals and warnings alike."""
    sources = "".join((repository / "simulator" / f"{name}.py").read_text() for name in MODULES)
    raised = set(re.findall(r'(?:FormatError|_problem|append)\(+\s*"([A-Z_0-9]+)"', sources))
    warned = set(re.findall(r'warnings\[f?"([A-Z_]+)', sources))
    page = (repository / "docs" / "importing.md").read_text()
    listed = {
        code
        for row in re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE)
        for code in re.findall(r"`([A-Z_0-9]+)`", row)
    }
    assert len(raised) > 8 and len(warned) > 3
    assert listed == raised | warned
