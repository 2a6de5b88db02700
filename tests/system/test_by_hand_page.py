"""docs/by-hand.md works as it is written: its commands are run in their order, each terminal a shell.

What a reader puts in is put in here: the paths of the line, the chain's address, and ports that are free.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

WAIT_S = 120
COMMANDS = ("central-server", "urn-agent", "simulator", "observer", "python3")


@pytest.fixture
def folder(repository: Path, tmp_path: Path) -> Path:
    """What the commands need of a clone, so that nothing is written into this one."""
    (tmp_path / "docs").symlink_to(repository / "docs")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in COMMANDS:
        # A link to Python itself would not find its libraries.
        script = tmp_path / ".venv" / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).parent / name}" "$@"\n')
        script.chmod(0o755)
    return tmp_path


@pytest.fixture
def blocks(repository: Path) -> list[str]:
    """The page's commands, with free ports."""
    page = (repository / "docs" / "by-hand.md").read_text()
    for port in ("8443", "8000"):
        page = page.replace(port, str(free_port()))
    return re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def run(folder: Path, *scripts: str) -> tuple[int, str]:
    """The blocks in one shell that stops at the first failure; its status and its words."""
    ended = subprocess.run(
        ["bash", "-ec", "".join(scripts)], cwd=folder, capture_output=True, timeout=WAIT_S, check=False, text=True
    )
    return ended.returncode, ended.stdout + ended.stderr


@contextlib.contextmanager
def terminal(folder: Path, *scripts: str) -> Iterator[dict[str, str]]:
    """Blocks that go on until Ctrl-C: what their first line of JSON says. Ctrl-C ends them with status 0."""
    with subprocess.Popen(
        ["bash", "-ec", "".join(scripts)], cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as shell:
        killing = threading.Timer(WAIT_S, os.killpg, (shell.pid, signal.SIGKILL))
        killing.start()
        try:
            assert shell.stdout is not None
            yield json.loads(shell.stdout.readline())
            os.killpg(shell.pid, signal.SIGINT)
            assert shell.wait(WAIT_S) == 0
        finally:
            killing.cancel()
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)


@contextlib.contextmanager
def web_server(folder: Path, *scripts: str) -> Iterator[None]:
    """The block that starts one in the background; it listens while this runs."""
    with subprocess.Popen(
        ["bash", "-ec", "".join(scripts) + "wait"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
    ) as shell:
        try:
            assert shell.stdout is not None
            assert "Serving HTTP" in shell.stdout.readline()
            yield
        finally:
            os.killpg(shell.pid, signal.SIGTERM)


def await_results(latest: Path) -> None:
    """A snapshot is taken every few seconds: the one after the urn's report."""
    pause = threading.Event()
    for _ in range(WAIT_S * 10):
        with contextlib.suppress(OSError):
            if json.loads(latest.read_bytes())["contests"][0]["cells_reported"] == 1:
                return
        pause.wait(0.1)
    raise AssertionError(f"{latest} never had the report")


def test_the_page_works_as_it_is_written(folder: Path, blocks: list[str]) -> None:
    """From the definition to the forger who is found."""
    path, init, enrol, policy, serve, line, reports, play, status, pages, check, check_chain, forge, end = blocks
    done = run(folder, path, init, enrol, policy)
    assert done[0] == 0, done[1]
    with terminal(folder, path, serve) as server, terminal(folder, path, line) as ends:
        # At once: the line's paths may be those of the page the other way round.
        paths = {"/dev/pts/6": ends["agent"], "/dev/pts/5": ends["urn"]}
        play = re.sub("|".join(paths), lambda found: paths[found[0]], play)
        done = run(folder, path, reports, play, status)
        assert done[0] == 0, done[1]
        assert re.search(r"^records: 0 pending, 2 with receipts, 0 refused$", done[1], re.MULTILINE), done[1]
        await_results(folder / "hand" / "publication" / "results" / "latest.json")
        with web_server(folder, path, pages):
            done = run(folder, path, check)
            assert done[0] == 0, done[1]
        done = run(folder, path, check_chain.replace("ADDRESS", server["rpc"]))
        assert done[0] == 0, done[1]
        done = run(folder, path, forge)
        assert done[0] == 1 and "RESULT_DIFFERS" in done[1], done[1]
    assert end.splitlines() == ["kill %1", "rm -r hand"]
