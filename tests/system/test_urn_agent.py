"""The agent as a process: from the urn's line to the server's receipts, through what happens to ports and servers."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.record import parse_record
from simulator.serial_line import LineFaults, SerialLine
from tests.system.urn_agent_process import MODULE, AgentDesk, UrnThread, agent_desk, end, wait_until
from tests.unit.ledger.election_factory import small_night
from tests.unit.urn_agent.agent_factory import KEY, final_report, zero_report
from tests.unit.urn_agent.tls_server import FakeServer, running_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeServer]:
    with running_server(tmp_path / "server", KEY.public_key) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: FakeServer) -> Iterator[AgentDesk]:
    with agent_desk(tmp_path, server) as opened:
        yield opened


@pytest.fixture
def line() -> Iterator[SerialLine]:
    with SerialLine() as opened:
        yield opened


def test_reports_become_entries_of_the_log(
    desk: AgentDesk, server: FakeServer, line: SerialLine, tmp_path: Path
) -> None:
    """The fold takes them, status tells of them, and each receipt can be taken out and checked."""
    agent = desk.start(line.agent_path, server.url, "--once")
    urn = UrnThread(line.urn_path, zero_report(), final_report())
    assert end(agent) == 0, desk.words.read_text()
    urn.join()
    assert urn.urn.is_settled
    night = small_night()
    assert [night.take(entry).status for entry in server.log.entries] == ["applied", "counted"]
    assert (desk.said("REPORT_STORED"), desk.said("ALL_DELIVERED")) == (2, 1)

    status = desk.status()
    assert (status["pending"], status["receipted"], status["refused"]) == (0, 2, 0)
    out = tmp_path / "out"
    out.mkdir()
    command = [*MODULE, "receipt", "--data", str(desk.folder.root), "--seq", "2", "--to", str(out)]
    subprocess.run(command, check=True)
    entry = (out / "2.record").read_bytes()
    assert entry == server.log.entries[1]
    assert server.log.prove((out / "2.tlog-proof").read_bytes(), entry) == 1
    text = subprocess.run([*MODULE, "status", "--data", str(desk.folder.root)], capture_output=True, check=True).stdout
    assert b"0 pending, 2 with receipts, 0 refused" in text


def test_a_terrible_line_delays_and_doubles_nothing(desk: AgentDesk, server: FakeServer) -> None:
    faults = LineFaults(3, loss=0.1, truncation=0.05, flip=0.05, garbage=0.2, duplication=0.1, delay=0.1)
    final = final_report(units=tuple(f"1{number:02}" for number in range(90)))
    with SerialLine(faults, faults) as line:
        agent = desk.start(line.agent_path, server.url, "--once")
        urn = UrnThread(line.urn_path, zero_report(), final)
        assert end(agent) == 0, desk.words.read_text()
        urn.join()
    assert urn.urn.is_settled
    assert len(server.log.entries) == 91
    assert desk.said("LINE_NOISE")


def test_the_urn_is_served_during_an_outage(desk: AgentDesk, server: FakeServer, line: SerialLine) -> None:
    """Overloaded, then cut off, then there: the urn has its acknowledgement long before the log has the record."""
    is_down = True
    server.interfere = lambda body: (503, {"Retry-After": "1"}, b"") if is_down else None
    agent = desk.start(line.agent_path, server.url, "--once")
    urn = UrnThread(line.urn_path, final_report())
    urn.join()
    assert urn.urn.is_settled
    wait_until(lambda: desk.said("DELIVERY_WAITS") > 0, "the outage is told")
    assert (server.log.entries, agent.poll()) == ([], None)
    is_down = False
    assert end(agent) == 0
    assert len(server.log.entries) == 1


def test_a_device_unknown_to_the_server_keeps_its_reports(
    desk: AgentDesk, server: FakeServer, line: SerialLine
) -> None:
    """People are asked for; after they have helped, all goes out without anything done at the agent."""
    server.known.clear()
    agent = desk.start(line.agent_path, server.url, "--once")
    UrnThread(line.urn_path, final_report()).join()
    wait_until(lambda: desk.said("DELIVERY_NEEDS_PEOPLE") > 0, "the operator is asked for")
    assert "UNKNOWN_DEVICE" in desk.words.read_text()
    server.known.add(KEY.public_key)
    assert end(agent) == 0
    assert len(server.log.entries) == 1


def test_a_pulled_cable_is_waited_for(desk: AgentDesk, server: FakeServer, tmp_path: Path) -> None:
    port, urn_port = tmp_path / "agent-port", tmp_path / "urn-port"

    def plug(line: SerialLine) -> None:
        for link, path in ((port, line.agent_path), (urn_port, line.urn_path)):
            link.unlink(missing_ok=True)
            link.symlink_to(path)

    agent = desk.start(port, server.url, "--once")
    wait_until(lambda: desk.said("SERIAL_NOT_FOUND") == 1, "the missing port is told, once")
    with SerialLine() as first:
        plug(first)
        urn = UrnThread(urn_port, zero_report())
        wait_until(lambda: urn.urn.is_settled, "the zero report is settled")
        urn.cut()
        urn.join()
        # A new line before the old one goes: otherwise it may get the same path, and the agent not notice the change.
        with SerialLine() as second:
            plug(second)
            first.close()
            wait_until(lambda: desk.said("SERIAL_OPEN") == 2, "the new line is opened")
            UrnThread(urn_port, zero_report(), final_report(), seed=1).join()
            assert end(agent) == 0
    assert desk.said("SERIAL_LOST") == 1
    assert len(server.log.entries) == 2


def test_a_second_agent_at_the_port_is_kept_out(desk: AgentDesk, server: FakeServer, line: SerialLine) -> None:
    first = desk.start(line.agent_path, server.url)
    wait_until(lambda: desk.said("SERIAL_OPEN") == 1, "the port is open")
    second = desk.start(line.agent_path, server.url)
    wait_until(lambda: desk.said("SERIAL_BUSY") == 1, "the port is busy")
    for agent in (first, second):
        agent.send_signal(signal.SIGTERM)
        assert end(agent) == 0


def test_once_asked_to_stop_before_the_end_is_no_success(desk: AgentDesk, server: FakeServer, line: SerialLine) -> None:
    agent = desk.start(line.agent_path, server.url, "--once")
    wait_until(lambda: desk.said("SERIAL_OPEN") == 1, "the port is open")
    agent.send_signal(signal.SIGINT)
    assert end(agent) == 1
    assert "NOT_ALL_DELIVERED" in desk.words.read_text()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda desk: desk.folder.key.chmod(0o644), "FILE_OPEN_TO_OTHERS"),
        (lambda desk: desk.folder.settings.unlink(), "FILE_MISSING"),
        (lambda desk: (desk.bundle / "policy").write_bytes(b""), "BUNDLE_POLICY"),
        (lambda desk: desk.folder.outbox.write_bytes(os.urandom(9_000)), "OUTBOX_DAMAGED"),
    ],
)
def test_a_folder_that_is_not_sound_is_refused_by_code(
    desk: AgentDesk, server: FakeServer, line: SerialLine, spoil: object, code: str
) -> None:
    assert callable(spoil)
    spoil(desk)
    assert end(desk.start(line.agent_path, server.url)) == 1
    assert desk.words.read_text().startswith(f"{code}: ")


def test_init_and_its_help(tmp_path: Path) -> None:
    command = [*MODULE, "init", "--data", str(tmp_path / "device"), "--device", "d7", "--language", "ky"]
    first = subprocess.run(command, capture_output=True, check=True)
    again = subprocess.run(command, capture_output=True, check=True)
    assert first.stdout == again.stdout
    assert (tmp_path / "device" / "enrolment.json").exists()
    assert subprocess.run(MODULE, capture_output=True, check=False).returncode == 2


def test_what_enters_the_log_is_what_was_signed(desk: AgentDesk, server: FakeServer, line: SerialLine) -> None:
    """Byte for byte the outbox's record, under the device's key."""
    agent = desk.start(line.agent_path, server.url, "--once")
    UrnThread(line.urn_path, final_report()).join()
    assert end(agent) == 0
    record = parse_record(server.log.entries[0])
    assert [line.key_id for line in record.signatures] == [KEY.public_key.key_id]
