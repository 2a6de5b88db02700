"""No room on the disk: the urn is told so and keeps its report, nothing is half stored, and with room all goes on."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.tally import EventCode
from simulator.serial_line import SerialLine
from tests.system.urn_agent_process import UrnThread, agent_desk, end, wait_until
from tests.unit.urn_agent.agent_factory import (
    KEY,
    final_report,
    journal_report,
    open_outbox,
    turnout_report,
    zero_report,
)
from tests.unit.urn_agent.tls_server import running_server
from urn_agent.device_report import UrnReport

LONG = final_report(units=tuple(f"1{number:02}" for number in range(1, 60)))


JAMS: list[tuple[int, EventCode]] = [(1_800_000_000 + place, "paper_jam") for place in range(64)]


@pytest.mark.parametrize(
    ("report", "records"), [(LONG, len(LONG.units)), (journal_report(*JAMS), 64), (turnout_report(), 1)]
)
def test_the_system_refuses_to_let_files_grow(tmp_path: Path, report: UrnReport, records: int) -> None:
    """A limit on the size of files, set on the running agent and lifted again."""
    with (
        running_server(tmp_path / "server", KEY.public_key) as server,
        agent_desk(tmp_path, server) as desk,
        SerialLine() as line,
    ):
        agent = desk.start(line.agent_path, server.url)
        wait_until(lambda: desk.said("SERIAL_OPEN") == 1, "the agent is ready")
        size = max(path.stat().st_size for path in desk.folder.root.glob("outbox.sqlite*"))
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        thread = UrnThread(line.urn_path, report)
        wait_until(lambda: bool(thread.urn.refused), "the urn is told")
        assert thread.urn.refused[1] in ("OUTBOX_DISK_FAILED", "OUTBOX_FULL")
        assert thread.urn.settled == set()
        with open_outbox(desk.folder.outbox) as outbox:
            assert (outbox.settled("u0", 1), outbox.pending(100)) == ([], [])
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        thread.join()
        assert thread.urn.is_settled
        wait_until(lambda: desk.status()["receipted"] == records, "all is delivered")
        assert len(set(server.log.entries)) == len(server.log.entries) == records
        agent.terminate()
        assert end(agent) == 0, desk.words.read_text()


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    """A file system of its own in memory. Skips where that is not allowed."""
    path.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_the_disk_is_full(tmp_path: Path) -> None:
    """A real one: another file takes the room, and is removed by someone who read the message."""
    with (
        running_server(tmp_path / "server", KEY.public_key) as server,
        small_disk(tmp_path / "disk", "400k") as disk,
        agent_desk(disk, server) as desk,
        SerialLine() as line,
    ):
        desk.words = tmp_path / "agent.log"
        agent = desk.start(line.agent_path, server.url, "--once")
        first = UrnThread(line.urn_path, zero_report())
        first.join()
        assert first.urn.is_settled
        ballast = disk / "ballast"
        with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1_024))
        thread = UrnThread(line.urn_path, zero_report(), LONG, seed=1)
        wait_until(lambda: bool(thread.urn.refused), "the urn is told")
        assert thread.urn.refused == {2: "OUTBOX_FULL"}
        assert thread.urn.settled == {1}, "what was stored before is still there"
        assert "The disk is full" in desk.words.read_text()
        ballast.unlink()
        assert end(agent) == 0, desk.words.read_text()
        thread.join()
        assert len(set(server.log.entries)) == len(server.log.entries) == 1 + len(LONG.units)


def test_the_disk_is_full_during_the_day(tmp_path: Path) -> None:
    """Turnout and journal wait at the urn, which is told why, and are stored once there is room."""
    with (
        running_server(tmp_path / "server", KEY.public_key) as server,
        small_disk(tmp_path / "disk", "2m") as disk,
        agent_desk(disk, server) as desk,
        SerialLine() as line,
    ):
        desk.words = tmp_path / "agent.log"
        agent = desk.start(line.agent_path, server.url, "--once")
        UrnThread(line.urn_path, zero_report()).join()
        wait_until(lambda: desk.status()["receipted"] == 1, "the zero report is delivered")
        ballast = disk / "ballast"
        with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1_024))
        day = UrnThread(line.urn_path, zero_report(), turnout_report(), journal_report(*JAMS), seed=1)
        wait_until(lambda: 2 in day.urn.refused, "the urn is told")
        assert (day.urn.refused, day.urn.settled) == ({2: "OUTBOX_FULL"}, {1})
        ballast.unlink()
        day.join()
        assert day.urn.is_settled
        UrnThread(line.urn_path, zero_report(), final_report(), seed=2).join()
        assert end(agent) == 0, desk.words.read_text()
        assert len(set(server.log.entries)) == len(server.log.entries) == 1 + 1 + len(JAMS) + 1
