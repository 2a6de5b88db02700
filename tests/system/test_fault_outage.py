"""Server or chain down for a long time: what urns reported goes out when it is back, once, and nothing waits for it."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from central_server.directory import ElectionDirectory
from central_server.init_network import NetworkOptions
from ledger.anchor.chain_server import ChainServer
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.policy import parse_policy
from ledger.primitives import Hash
from ledger.proof import verify_tlog_proof
from simulator.serial_line import SerialLine
from tests.system.real_desk import free_port, real_desk
from tests.system.test_central_server_chain import read_claims, verify_anchors
from tests.system.urn_agent_process import UrnThread, wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import (
    ServerProcess,
    open_device,
    post_records,
    read_health,
    read_latest,
)
from tests.unit.ledger.election_factory import DEVICE_KEYS
from tests.unit.urn_agent.agent_factory import final_report, zero_report
from urn_agent.outbox import Outbox

FIRST_PORT = 20_000 + os.getpid() % 5_000


def test_urns_report_while_the_server_is_down(tmp_path: Path) -> None:
    """Three agents take what their urns have; each delivers all of it once the server is there, with true receipts."""
    directory = init_small(tmp_path)
    state = roster_small(directory)
    policy, port = parse_policy(directory.policy.read_bytes()), free_port(FIRST_PORT)
    with ExitStack() as stack:
        desks = [stack.enter_context(real_desk(tmp_path, directory, place)) for place in (0, 1, 2)]
        for place, desk in enumerate(desks):
            line = stack.enter_context(SerialLine())
            unit = "201" if place == 1 else "101"
            desk.start(line.agent_path, f"https://127.0.0.1:{port}")
            reports = zero_report(f"u{place}", (unit,)), final_report(f"u{place}", (unit,))
            urn = UrnThread(line.urn_path, *reports, seed=place)
            urn.join()
            assert urn.urn.is_settled, "acknowledged without a server"
        for desk in desks:
            wait_until(lambda desk=desk: desk.said("DELIVERY_WAITS") > 0, "the outage is told")  # type: ignore[misc]
            assert (desk.status()["pending"], desk.status()["receipted"]) == (2, 0)
        with ServerProcess(directory, "--port", str(port)) as server:
            for desk in desks:
                wait_until(lambda desk=desk: desk.status()["receipted"] == 2, "all is delivered")  # type: ignore[misc]
            assert server.stop() == 0
    indices = []
    for desk, key_place in zip(desks, range(3), strict=True):
        records = read_records(desk.folder.outbox, key_place, Hash.from_hex(state.election_id))
        indices += [verify_tlog_proof(proof, data, policy).leaf_index for data, proof in records]
    assert len(set(indices)) == 6
    latest = read_latest(directory)
    # The spare's tally waits for the primary's urn, which counts.
    assert (latest["repeats"], latest["contests"][0]["cells_reported"]) == (0, 2)


def read_records(path: Path, place: int, election_id: Hash) -> list[tuple[bytes, bytes]]:
    outbox = Outbox.open(path, DEVICE_KEYS[place].public_key.key_id, election_id)
    try:
        found = [outbox.record(row.seq) for row in outbox.rows()]
    finally:
        outbox.close()
    return [(data, proof) for data, proof in found if proof is not None]


class Network:
    """A chain of somebody else's, which can be down."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        EmbeddedChain.create(folder, 1337, {}, time.time).close()
        self._port = free_port(FIRST_PORT + 100)
        self._server: ChainServer | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        self._server = ChainServer(EmbeddedChain.open(self._folder, time.time), self._port)
        self._server.start()

    def down(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    chain = Network(tmp_path / "network")
    chain.up()
    yield chain
    chain.down()


def published_repeats(directory: ElectionDirectory) -> int | None:
    """How many of the published records are repeats; None before the first results."""
    return read_latest(directory)["repeats"] if (directory.publication / "results" / "latest.json").exists() else None


def test_the_chain_is_down_all_night(tmp_path: Path, network: Network) -> None:
    """Receipts and results go on, health says so; when it is back all is anchored, each head once."""
    directory = init_small(tmp_path, network=NetworkOptions((network.url,), 1337))
    state = roster_small(directory)
    election_id = Hash.from_hex(state.election_id)
    network.down()
    index = directory.publication / "anchors" / "index.json"
    with ServerProcess(directory) as server, open_device(directory, server.url, 0) as client:
        for seq in range(1, 6):
            assert post_records(client, [small_tally(election_id, seq=seq)])[0][0] == "receipt"
        wait_until(lambda: published_repeats(directory) == 4, "results go on")
        wait_until(lambda: read_health(directory, server)["status"] == "degraded", "health says so")
        anchoring = read_health(directory, server)["anchoring"]
        assert (anchoring["problem"], anchoring["size"]) == ("CHAIN_UNREACHABLE", None)
        assert not index.exists()
        network.up()
        wait_until(index.exists, "anchors catch up")
        assert read_health(directory, server)["status"] == "ok"
        first = read_claims(directory)
        network.down()
        post_records(client, [small_tally(election_id, seq=9)])
        wait_until(lambda: read_health(directory, server)["status"] == "degraded", "down again")
        network.up()
        assert server.stop() == 0, server.errors.read_text()
    claims = verify_anchors(directory, network.url, state.origin)
    assert claims[: len(first)] == first
    sizes = [claim.head.size for claim in claims]
    assert sizes == sorted(set(sizes)), "each head once"
