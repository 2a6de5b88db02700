"""The server is killed at any moment and started again: nothing receipted is lost, and nothing is counted twice."""

import random
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from central_server.directory import ElectionDirectory
from ledger.policy import parse_policy
from ledger.primitives import Hash
from ledger.proof import verify_tlog_proof
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, read_latest

ROUNDS = 4
PER_ROUND = 60


class Night:
    """Devices that send until they are cut off, and remember every receipt."""

    def __init__(self, root: Path) -> None:
        self.directory: ElectionDirectory = init_small(root)
        self.election_id = Hash.from_hex(roster_small(self.directory).election_id)
        self.sent: dict[int, list[bytes]] = {0: [], 1: []}
        self.receipts: dict[bytes, tuple[int, bytes]] = {}

    def send(self, url: str, place: int, first: int, receipted: threading.Semaphore) -> None:
        """Send new records in small batches, then all of before again, until the server is gone."""
        try:
            with open_device(self.directory, url, place) as client:
                for start in range(first, first + PER_ROUND, 5):
                    # After the first of each device these are repeats: other envelopes of the same counts.
                    batch = [small_tally(self.election_id, place, seq=start + offset + 1) for offset in range(5)]
                    self.sent[place] += batch
                    self.take(batch, post_records(client, batch))
                    receipted.release()
                while True:
                    for start in range(0, len(self.sent[place]), 50):
                        batch = self.sent[place][start : start + 50]
                        self.take(batch, post_records(client, batch))
        except httpx.HTTPError:
            return

    def take(self, records: list[bytes], verdicts: list[list[Any]]) -> None:
        assert [verdict[0] for verdict in verdicts] == ["receipt"] * len(records)
        for record, (_, index, proof) in zip(records, verdicts, strict=True):
            # The same receipt at all times, whatever happened in between.
            assert self.receipts.setdefault(record, (index, proof)) == (index, proof)


@pytest.mark.parametrize("seed", range(2))
def test_nothing_receipted_is_lost_and_nothing_counts_twice(tmp_path: Path, seed: int) -> None:
    night, chance = Night(tmp_path), random.Random(seed)
    for round_number in range(ROUNDS):
        with ServerProcess(night.directory) as server:
            receipted = threading.Semaphore(0)
            senders = [
                threading.Thread(target=night.send, args=(server.url, place, round_number * PER_ROUND, receipted))
                for place in night.sent
            ]
            for sender in senders:
                sender.start()
            for _ in range(chance.randrange(2, 2 * PER_ROUND // 5)):
                assert receipted.acquire(timeout=60)
            server.kill()
            for sender in senders:
                sender.join(60)
                assert not sender.is_alive()
    with ServerProcess(night.directory) as server:
        for place, records in night.sent.items():
            with open_device(night.directory, server.url, place) as client:
                for start in range(0, len(records), 50):
                    night.take(records[start : start + 50], post_records(client, records[start : start + 50]))
        assert server.stop() == 0, server.errors.read_text()
    policy = parse_policy(night.directory.policy.read_bytes())
    for record, (index, proof) in night.receipts.items():
        assert verify_tlog_proof(proof, record, policy).leaf_index == index
    everything = [record for records in night.sent.values() for record in records]
    assert night.receipts.keys() == set(everything)
    assert len({index for index, _ in night.receipts.values()}) == len(everything)
    latest = read_latest(night.directory)
    assert latest["contests"][0]["ballots"] == 36
    assert latest["repeats"] == len(everything) - 2
    assert "Traceback" not in server.errors.read_text()
