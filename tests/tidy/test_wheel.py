"""What is built holds what runs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

FOLDERS = ("ledger", "urn_agent", "central_server", "contracts", "simulator")


@pytest.mark.slow
def test_wheel_holds_every_file_of_the_packages(project_copy: Path, tmp_path: Path) -> None:
    """A contract's ABI or a page that is missing in the wheel would be missed on the night only."""
    expected = {
        path.relative_to(project_copy).as_posix()
        for folder in FOLDERS
        for path in (project_copy / folder).rglob("*")
        if path.is_file()
    }
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            tmp_path,
            project_copy,
        ],
        capture_output=True,
        check=True,
    )
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == expected
