"""The server's disk is full: nothing is receipted, everybody is told, nothing is lost, and with room all goes on."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ledger.primitives import Hash
from simulator.serial_line import SerialLine
from tests.system.real_desk import real_desk
from tests.system.test_urn_agent_disk import small_disk
from tests.system.urn_agent_process import UrnThread, wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import (
    ServerProcess,
    open_device,
    post_records,
    read_health,
    read_latest,
)
from tests.unit.urn_agent.agent_factory import final_report, zero_report
from urn_agent.delivery import RECORDS_TYPE


def fill(path: Path) -> None:
    with pytest.raises(OSError, match="No space"), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4_096))


def post_until_full(client: httpx.Client, election_id: Hash) -> tuple[dict[bytes, list[Any]], bytes]:
    """What was receipted in the room that was left, and the record that had none."""
    receipts: dict[bytes, list[Any]] = {}
    for seq in range(1, 10_000):
        record = small_tally(election_id, 1, seq=seq)
        body = msgspec.msgpack.encode([record])
        answer = client.post("/v1/records", content=body, headers={"Content-Type": RECORDS_TYPE})
        if answer.status_code != 200:
            assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_FULL")
            assert answer.json()["retry"] is True and "retry-after" in answer.headers
            assert str(client.base_url) not in answer.text and "/" not in answer.json()["message"]
            return receipts, record
        receipts[record] = msgspec.msgpack.decode(answer.content)[0]
    raise AssertionError("the disk does not get full")


def test_the_servers_disk_is_full_for_a_while(tmp_path: Path) -> None:
    """Its own log of errors lies on the same disk."""
    with small_disk(tmp_path / "disk", "24m") as disk, SerialLine() as line:
        directory = init_small(disk)
        election_id = Hash.from_hex(roster_small(directory).election_id)
        with ServerProcess(directory, "--min-free-mib", "1") as server, real_desk(tmp_path, directory, 0) as desk:
            with open_device(directory, server.url, 1) as client:
                ballast = disk / "ballast"
                fill(ballast)
                receipts, unreceipted = post_until_full(client, election_id)
                assert read_health(directory, server)["status"] == "failing"
                # An urn reports meanwhile: the agent has it, and says that the server does not.
                desk.start(line.agent_path, server.url)
                UrnThread(line.urn_path, zero_report(), final_report()).join()
                wait_until(lambda: "STORAGE_FULL" in desk.words.read_text(), "the agent says so")
                assert (desk.status()["pending"], desk.status()["receipted"]) == (2, 0)
                for record, verdict in receipts.items():
                    assert post_records(client, [record]) == [verdict], "what was receipted stays so"
                ballast.unlink()
                [[word, index, _]] = post_records(client, [unreceipted])
                assert word == "receipt" and index not in {verdict[1] for verdict in receipts.values()}
                wait_until(lambda: desk.status()["receipted"] == 2, "the agent delivers")
                wait_until(lambda: read_health(directory, server)["status"] == "ok", "all is well again")
            assert server.stop() == 0
        latest = read_latest(directory)
        assert latest["repeats"] == len(receipts)
        assert (latest["contests"][0]["cells_reported"], latest["contests"][0]["ballots"]) == (2, 36)


def test_a_server_killed_with_a_full_disk_starts_when_there_is_room(tmp_path: Path) -> None:
    """And what it receipted until then is there."""
    with small_disk(tmp_path / "disk", "24m") as disk:
        directory = init_small(disk)
        election_id = Hash.from_hex(roster_small(directory).election_id)
        with ServerProcess(directory) as server, open_device(directory, server.url, 1) as client:
            fill(disk / "ballast")
            receipts, unreceipted = post_until_full(client, election_id)
            server.kill()
        (disk / "ballast").unlink()
        with ServerProcess(directory) as server, open_device(directory, server.url, 1) as client:
            for record, verdict in receipts.items():
                assert post_records(client, [record]) == [verdict]
            assert post_records(client, [unreceipted])[0][0] == "receipt"
            assert server.stop() == 0
        assert read_latest(directory)["repeats"] == len(receipts)


def test_an_agent_whose_words_go_to_the_full_disk_serves_its_urn(tmp_path: Path) -> None:
    """The urn is told on the line; the agent lives, and stores the report when there is room."""
    directory = init_small(tmp_path)
    roster_small(directory)
    with (
        small_disk(tmp_path / "disk", "400k") as disk,
        ServerProcess(directory) as server,
        real_desk(disk, directory, 0) as desk,
        SerialLine() as line,
    ):
        agent = desk.start(line.agent_path, server.url)
        UrnThread(line.urn_path, zero_report()).join()
        wait_until(lambda: desk.status()["receipted"] == 1, "the zero report is delivered")
        fill(disk / "ballast")
        thread = UrnThread(line.urn_path, zero_report(), final_report(), seed=1)
        wait_until(lambda: thread.urn.refused == {2: "OUTBOX_FULL"}, "the urn is told")
        assert agent.poll() is None
        (disk / "ballast").unlink()
        thread.join()
        assert thread.urn.is_settled
        wait_until(lambda: desk.status()["receipted"] == 2, "all is delivered")
        assert server.stop() == 0
