"""The tree holds nothing that works on one machine only, and no file that has grown past one idea."""

import re
from collections.abc import Callable
from pathlib import Path

LONGEST_PYTHON_FILE = 250
# Path -> why this file may be longer. Every entry must still be needed.
LONGER_FILES: dict[str, str] = {}

# Spelled apart, so that this file does not contain what it forbids.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("deb", "debian", "org"),
        ("maven", "org"),
        ("docker", "io"),
    ]
]
TOP_FOLDERS = ["wor" + "k", "roo" + "t", "hom" + "e", "User" + "s"]
MACHINE_PATH = re.compile(r"(?<![\w.\-/])/(?:" + "|".join(TOP_FOLDERS) + r")/")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def find_lines(texts: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_python_files_are_short(texts: dict[str, str]) -> None:
    lengths = {name: len(text.splitlines()) for name, text in texts.items() if name.endswith(".py")}
    too_long = {name for name, length in lengths.items() if length > LONGEST_PYTHON_FILE}
    assert too_long == set(LONGER_FILES), {name: lengths.get(name) for name in too_long ^ set(LONGER_FILES)}


def test_no_path_of_one_machine(texts: dict[str, str]) -> None:
    assert find_lines(texts, MACHINE_PATH) == []


def test_no_registry_is_named(texts: dict[str, str]) -> None:
    """Where packages come from is the machine's setting."""
    assert find_lines(texts, re.compile("|".join(map(re.escape, REGISTRY_HOSTS)))) == []


def test_nothing_sleeps(texts: dict[str, str]) -> None:
    """Code and tests wait for conditions, never for time to pass."""
    python = {name: text for name, text in texts.items() if name.endswith(".py")}
    assert find_lines(python, re.compile(r"\btime\." + r"sleep\(|from time import .*\bsleep\b")) == []


def test_modules_have_telling_names(python_files: list[Path]) -> None:
    assert [path for path in python_files if VAGUE_NAMES & {path.stem, path.parent.name}] == []


def test_test_folders_are_no_packages(texts: dict[str, str]) -> None:
    """With import mode importlib an __init__.py under tests would give modules two names."""
    assert [name for name in texts if name.startswith("tests/") and name.endswith("__init__.py")] == []


def test_one_way_to_lock(texts: dict[str, str]) -> None:
    others = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml", "requirements.txt"}
    assert [name for name in texts if Path(name).name in others] == []


def test_files_are_found_without_git(
    project_files: list[Path],
    repository: Path,
    project_copy: Path,
    files_without_git: Callable[[Path], list[Path]],
) -> None:
    """An unpacked archive has no .git folder: the same files must be found in it, and nothing that was generated."""
    for generated in (".venv/lib/x.py", "ledger/__pycache__/x.pyc", "tunuk.egg-info/PKG-INFO", "demo-out/checkpoint"):
        (project_copy / generated).parent.mkdir(parents=True, exist_ok=True)
        (project_copy / generated).touch()
    found = [path.relative_to(project_copy) for path in files_without_git(project_copy)]
    assert sorted(found) == sorted(path.relative_to(repository) for path in project_files)
