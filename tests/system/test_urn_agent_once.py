"""``urn-agent run --once``: it ends when there is nothing to wait for any more, and its status says how it went."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.serial_line import SerialLine
from tests.system.urn_agent_process import AgentDesk, UrnThread, agent_desk, end, kill, wait_until
from tests.unit.ledger.election_factory import small_night
from tests.unit.urn_agent.agent_factory import KEY, final_report, journal_report, turnout_report, zero_report
from tests.unit.urn_agent.tls_server import FakeServer, running_server

DAY = zero_report(), journal_report(), turnout_report(0, 12), turnout_report(1, 20), final_report()
UNORDERED = final_report(units=("102", "101"))


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


def test_a_whole_day_becomes_entries_that_the_fold_takes(desk: AgentDesk, server: FakeServer, line: SerialLine) -> None:
    agent = desk.start(line.agent_path, server.url, "--once")
    urn = UrnThread(line.urn_path, *DAY)
    urn.join()
    assert end(agent) == 0, desk.words.read_text()
    night = small_night()
    statuses = [night.take(entry).status for entry in server.log.entries]
    assert statuses == ["applied", "counted", "applied", "applied", "applied", "applied"]
    assert night.fold.gaps == []
    assert [code for _, _, _, code in night.fold.events] == ["power_lost", "power_restored"]
    assert sorted(night.fold.turnout.values()) == [12, 20]


def interrupt(server: FakeServer) -> None:
    """The server takes nothing for now, so that the agent has still something to do."""
    server.interfere = lambda body: (503, {"Retry-After": "1"}, b"")


def test_killed_after_the_urn_has_gone_it_delivers_and_ends(
    desk: AgentDesk, server: FakeServer, line: SerialLine
) -> None:
    """The urn said goodbye to the agent before, which noted it: nobody is waited for."""
    interrupt(server)
    first = desk.start(line.agent_path, server.url, "--once")
    urn = UrnThread(line.urn_path, *DAY)
    urn.join()
    wait_until(lambda: desk.said("URN_LEFT") == 1, "the urn has left")
    [sitting] = desk.urns()
    assert sitting["is_answered"] is True
    kill(first)
    server.interfere = lambda body: None
    assert end(desk.start(line.agent_path, server.url, "--once")) == 0, desk.words.read_text()
    assert len(server.log.entries) == 6


def test_a_final_report_that_was_refused_is_no_success(desk: AgentDesk, server: FakeServer, line: SerialLine) -> None:
    """What was stored is delivered; the last line names the report and the code."""
    agent = desk.start(line.agent_path, server.url, "--once")
    urn = UrnThread(line.urn_path, zero_report(), UNORDERED)
    urn.join()
    assert urn.urn.refused == {2: "REPORT_UNORDERED"}
    assert end(agent) == 1
    last = desk.words.read_text().splitlines()[-1]
    assert last.startswith("NOT_ALL_DELIVERED: ")
    assert last.endswith("report 2 (final) of urn u0 was refused: REPORT_UNORDERED")
    assert len(server.log.entries) == 1
    refused = desk.status()["refused_reports"]
    assert refused == [{"urn": "u0", "session": 1, "number": 2, "kind": "final", "code": "REPORT_UNORDERED"}]


def test_a_refusal_is_not_forgotten_by_the_next_agent(desk: AgentDesk, server: FakeServer, line: SerialLine) -> None:
    interrupt(server)
    first = desk.start(line.agent_path, server.url, "--once")
    UrnThread(line.urn_path, zero_report(), UNORDERED).join()
    wait_until(lambda: desk.said("URN_LEFT") == 1, "the urn has left")
    kill(first)
    server.interfere = lambda body: None
    assert end(desk.start(line.agent_path, server.url, "--once")) == 1
    assert desk.words.read_text().splitlines()[-1].endswith("report 2 (final) of urn u0 was refused: REPORT_UNORDERED")
    assert len(server.log.entries) == 1


def test_a_report_made_anew_heals_the_refusal(desk: AgentDesk, server: FakeServer, line: SerialLine) -> None:
    """The same number with another content, after the technician has seen to the urn."""
    assert_ends = [(UNORDERED, 1), (final_report(), 0)]
    for seed, (report, status) in enumerate(assert_ends):
        agent = desk.start(line.agent_path, server.url, "--once")
        UrnThread(line.urn_path, zero_report(), report, seed=seed).join()
        assert end(agent) == status, desk.words.read_text()
    assert len(server.log.entries) == 2
