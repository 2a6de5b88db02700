"""The documents hang together: links lead somewhere, decisions are numbered, and the version is one."""

import re
import tomllib
from pathlib import Path

import pytest

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
DECISION_NAME = re.compile(r"^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md$")
DECISION_STATUS = re.compile(r"^Status: (proposed|accepted|superseded by \d{4}), \d{4}-\d{2}-\d{2}$", re.MULTILINE)
DECISION_PARTS = ["## Context", "## Decision", "## Consequences"]


@pytest.fixture(scope="session")
def decisions(repository: Path) -> list[Path]:
    return sorted((repository / "docs" / "decisions").iterdir())


def slug(heading: str) -> str:
    """The anchor that code hosts give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_relative_links_lead_to_files_and_headings(project_files: list[Path]) -> None:
    broken = []
    for page in (path for path in project_files if path.suffix == ".md"):
        for target in LINK.findall(FENCE.sub("", page.read_text())):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (page.parent / name) if name else page
            if not file.exists():
                broken.append(f"{page.name}: {target}")
            elif anchor and file.suffix == ".md":
                headings = re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text()), re.MULTILINE)
                if anchor not in map(slug, headings):
                    broken.append(f"{page.name}: {target}")
    assert broken == []


def test_decisions_are_numbered_without_gaps(decisions: list[Path]) -> None:
    numbers = [int(found[1]) if (found := DECISION_NAME.match(path.name)) else path.name for path in decisions]
    assert numbers == list(range(1, len(decisions) + 1))


def test_decisions_have_the_same_parts(decisions: list[Path]) -> None:
    """A title with the file's number, a status with a date, then context, decision and consequences in that order."""
    for path in decisions:
        text = path.read_text()
        assert re.match(rf"# {int(path.name[:4])}\. \S", text), path.name
        assert DECISION_STATUS.search(text), path.name
        assert re.findall(r"^## .+$", text, re.MULTILINE) == DECISION_PARTS, path.name


def test_changelog_speaks_of_the_version(repository: Path) -> None:
    version = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["version"]
    assert f"## {version}" in (repository / "CHANGELOG.md").read_text()
