"""go-ethereum, built once into a folder outside of the tree."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

GETH = "github.com/ethereum/go-ethereum/cmd/geth@v1.13.15"
"""The last version with Clique. Its link needs the flag below."""


def build_geth() -> Path:
    """The program. Skips where there is no Go, or where it cannot build this."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no Go on this machine to build go-ethereum with")
    folder = Path(tempfile.gettempdir()) / "tunuk-tests" / "geth-1.13.15"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "geth").exists():
            command = [go, "install", "-ldflags=-checklinkname=0", GETH]
            environment = {**os.environ, "GOBIN": str(folder)}
            built = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=900)
            if built.returncode != 0:
                pytest.skip(f"Go cannot build {GETH}: {built.stderr.decode().strip()[-200:]}")
    return folder / "geth"
