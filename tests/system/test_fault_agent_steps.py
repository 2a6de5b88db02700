"""An agent killed at each durable step: the urn's reports become records once each, whatever it was told before."""

import itertools
import signal
import sys
from pathlib import Path

import pytest

from simulator.serial_line import SerialLine
from tests.system.test_urn_agent_kill import stored, verify_log
from tests.system.urn_agent_process import UrnThread, agent_desk, wait_until
from tests.unit.urn_agent.agent_factory import KEY, final_report, turnout_report, zero_report
from tests.unit.urn_agent.tls_server import running_server
from urn_agent.report_records import count_records

DAY = zero_report(), final_report(), turnout_report()
RECORDS = sum(count_records(report) for report in DAY)
MOST = 200
"""Steps that a day has at most: more would mean that the end is not noticed."""


def is_killed_at(step: int, root: Path) -> bool:
    """Serve a day with an agent that dies at this step, and with another after it; whether it came to that."""
    root.mkdir()
    journal = root / "journal"
    Path(f"{journal}.armed").touch()
    program = [sys.executable, "-m", "tests.system.dying_process", str(journal), str(step), "urn_agent.cli"]
    with (
        running_server(root / "server", KEY.public_key) as server,
        agent_desk(root, server) as desk,
        SerialLine() as line,
    ):
        first = desk.start(line.agent_path, server.url, program=program)
        urn = UrnThread(line.urn_path, *DAY)
        wait_until(lambda: first.poll() is not None or len(server.log.entries) == RECORDS, "killed, or all is there")
        if first.poll() is not None:
            assert first.returncode == -signal.SIGKILL, desk.words.read_text()
            assert urn.urn.settled <= stored(desk), "acknowledged, and lost"
            desk.start(line.agent_path, server.url)
        urn.join()
        assert urn.urn.is_settled
        wait_until(lambda: desk.status()["receipted"] == RECORDS or first.poll() is not None, "all is receipted")
        if len(desk.agents) == 1 and first.poll() is not None:
            desk.start(line.agent_path, server.url)
            wait_until(lambda: desk.status()["receipted"] == RECORDS, "all is receipted")
        verify_log(server, desk, RECORDS)
        return first.poll() is not None


def test_the_agent_is_killed_at_some_steps(tmp_path: Path) -> None:
    for step in itertools.takewhile(lambda step: is_killed_at(step, tmp_path / str(step)), range(1, MOST, 7)):
        assert step + 7 < MOST


@pytest.mark.slow
def test_the_agent_is_killed_at_each_step(tmp_path: Path) -> None:
    for step in itertools.takewhile(lambda step: is_killed_at(step, tmp_path / str(step)), range(1, MOST)):
        assert step + 1 < MOST
