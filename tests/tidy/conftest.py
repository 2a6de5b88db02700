"""The files that belong to the project: what git tracks or would track, or every file of an unpacked archive."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# What .gitignore names, for trees that are not under git.
GENERATED = {
    ".venv", ".git", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis",
    ".import_linter_cache", ".benchmarks", "build", "dist", "demo-out",
}  # fmt: skip


def walk_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in GENERATED or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from walk_files(path)
        else:
            yield path


def list_files(root: Path) -> list[Path]:
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return list(walk_files(root))
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout.decode()
    paths = (root / name for name in sorted(set(listing.split("\0"))) if name)
    # A file that was deleted and not yet committed is still listed.
    return [path for path in paths if path.is_file()]


@pytest.fixture(scope="session")
def files_without_git() -> Callable[[Path], list[Path]]:
    """Lists the files of a tree that is not under git."""
    return list_files


@pytest.fixture(scope="session")
def project_files(repository: Path) -> list[Path]:
    """Absolute paths of the project's own files, sorted."""
    return list_files(repository)


@pytest.fixture(scope="session")
def python_files(project_files: list[Path]) -> list[Path]:
    return [path for path in project_files if path.suffix == ".py"]


@pytest.fixture(scope="session")
def texts(project_files: list[Path], repository: Path) -> dict[str, str]:
    """The project's text files by their path from the root; files that are not UTF-8 are left out."""
    found = {}
    for path in project_files:
        try:
            found[path.relative_to(repository).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


@pytest.fixture
def project_copy(project_files: list[Path], repository: Path, tmp_path: Path) -> Path:
    """The project's own files in a fresh folder without git, whose path has a space in it."""
    copy = tmp_path / "a copy"
    for path in project_files:
        target = copy / path.relative_to(repository)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return copy
