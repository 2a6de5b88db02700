"""The hash-locked requirements: complete, in step with pyproject.toml and with each other, and free of hosts."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

EXTRAS = ["agent", "chain", "dev", "observer", "server"]
LOCKS = [*EXTRAS, "build"]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)(?: ; (.+?))?(?: \\)?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def read_lock(repository: Path, name: str) -> dict[str, set[Version]]:
    """Pinned versions by package; a package may have several, told apart by markers."""
    pins: dict[str, set[Version]] = {}
    for line in (repository / f"requirements-{name}.lock").read_text().splitlines():
        if found := PIN.match(line):
            pins.setdefault(canonicalize_name(found[1]), set()).add(Version(found[2]))
    return pins


def expand(requirements: list[str], extras: dict[str, list[str]]) -> Iterator[Requirement]:
    """The direct requirements of an extra, with the project's own extras unfolded."""
    for text in requirements:
        requirement = Requirement(text)
        if requirement.name == "tunuk":
            for extra in requirement.extras:
                yield from expand(extras[extra], extras)
        else:
            yield requirement


@pytest.fixture(scope="session")
def pyproject(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text())


def test_every_extra_has_its_lock_and_no_other(repository: Path, pyproject: dict[str, Any]) -> None:
    assert sorted(pyproject["project"]["optional-dependencies"]) == EXTRAS
    assert sorted(path.name for path in repository.glob("requirements*")) == sorted(
        f"requirements-{name}.lock" for name in LOCKS
    )


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_hashed(repository: Path, name: str) -> None:
    """Nothing but pins, hashes and comments: so no address of a package, and no options."""
    hashes = 1
    for number, line in enumerate((repository / f"requirements-{name}.lock").read_text().splitlines(), 1):
        if HASH.match(line):
            hashes += 1
        elif PIN.match(line):
            assert hashes > 0, f"line {number}: the requirement above has no hash"
            hashes = 0
        else:
            assert line.lstrip().startswith("#"), f"line {number} is neither a pin nor a hash: {line}"
            assert "://" not in line, f"line {number} names an address: {line}"
    assert hashes > 0, "the last requirement has no hash"


@pytest.mark.parametrize("name", EXTRAS)
def test_locks_are_in_step_with_pyproject(repository: Path, pyproject: dict[str, Any], name: str) -> None:
    """Every direct requirement is in its lock, at a version that the project allows."""
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    pins = read_lock(repository, name)
    for requirement in expand([*project["dependencies"], *extras[name]], extras):
        versions = pins.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement} is not in requirements-{name}.lock"
        assert all(requirement.specifier.contains(version, prereleases=True) for version in versions), requirement


def test_build_lock_is_the_build_systems_requirement(repository: Path, pyproject: dict[str, Any]) -> None:
    pins = read_lock(repository, "build")
    locked = sorted(f"{name}=={version}" for name, versions in pins.items() for version in versions)
    assert locked == pyproject["build-system"]["requires"]


@pytest.mark.parametrize("name", LOCKS)
def test_locks_agree_with_each_other(repository: Path, name: str) -> None:
    """What is developed and tested with is what is installed: each lock is a part of the dev lock."""
    dev = read_lock(repository, "dev")
    differing = {package for package, versions in read_lock(repository, name).items() if dev.get(package) != versions}
    assert differing == set()
