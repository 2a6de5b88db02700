"""What the server publishes is anchored, on its embedded chain or on a given node; records wait for neither."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from central_server.chain_node import anchor_target
from central_server.devices import read_roster
from central_server.directory import ElectionDirectory
from central_server.init_network import NetworkOptions
from central_server.log_access import open_signer
from ledger.anchor.chain_server import ChainServer
from ledger.anchor.check import ChainPins, check_anchors, read_anchored_head
from ledger.anchor.claim import AnchorClaim, parse_claim
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.evm_connection import EvmConnection
from ledger.primitives import Hash
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import read_published
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import COMMAND, ServerProcess, open_device, post_records, trust


def read_claims(directory: ElectionDirectory) -> list[AnchorClaim]:
    folder = directory.publication / "anchors"
    sizes = json.loads((folder / "index.json").read_bytes())["sizes"]
    return [parse_claim((folder / f"{size}.json").read_bytes()) for size in sizes]


def verify_anchors(directory: ElectionDirectory, rpc: str, origin: str) -> list[AnchorClaim]:
    """The published claims hold on this node, and the last one is of the published checkpoint."""
    with SqliteStore(directory.log, origin) as store:
        election = read_roster(store).election
    target = anchor_target(election.chain, election.origin(), open_signer(directory, "log").public_key)
    pins = ChainPins(target.chain_id, target.genesis_hash, target.contract, target.runtime_code())
    connection = EvmConnection(rpc)
    claims = read_claims(directory)
    assert check_anchors(connection.call, pins, claims) == []
    assert read_anchored_head(connection.call, pins) == read_published(directory.publication, origin)
    connection.close()
    assert claims[-1].head == read_published(directory.publication, origin)
    return claims


@contextmanager
def serve_chain(directory: ElectionDirectory) -> Iterator[str]:
    """``central-server chain``, as an auditor starts it afterwards."""
    process = subprocess.Popen([*COMMAND, "chain", "--dir", str(directory.root)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["rpc"]
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_last_checkpoint_is_anchored_before_the_server_ends(tmp_path: Path) -> None:
    directory = init_small(tmp_path, anchor_seconds=3600)
    state = roster_small(directory)
    election_id, anchored = Hash.from_hex(state.election_id), []
    for device in (0, 1):
        with ServerProcess(directory) as server, open_device(directory, server.url, device) as client:
            post_records(client, [small_tally(election_id, device)])
            assert server.stop() == 0
        with serve_chain(directory) as rpc:
            anchored.append(verify_anchors(directory, rpc, state.origin))
    first, second = anchored
    assert second[: len(first)] == first
    assert len(second) > len(first)


def test_anchors_are_found_again_after_a_kill(tmp_path: Path) -> None:
    """Killed while it anchors, the server publishes after the next start what the chain holds, and goes on."""
    directory = init_small(tmp_path)
    state = roster_small(directory)
    with ServerProcess(directory) as server:
        with httpx.Client(verify=trust(directory), base_url=server.url) as client:
            while client.get("/healthz").json()["anchoring"]["size"] is None:
                pass
        server.kill()
    # As if the server had died between the anchor and its claim.
    for path in (directory.publication / "anchors").glob("*"):
        path.unlink()
    with ServerProcess(directory) as server:
        assert server.stop() == 0
    with serve_chain(directory) as rpc:
        assert verify_anchors(directory, rpc, state.origin)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[ChainServer, int]]:
    """A node that is not the server's own, with its chain id."""
    chain = EmbeddedChain.create(tmp_path / "network", 1337, {}, time.time)
    server = ChainServer(chain, 0)
    server.start()
    yield server, 1337
    server.stop()


def test_a_node_of_an_external_network_is_used_the_same_way(tmp_path: Path, node: tuple[ChainServer, int]) -> None:
    network, chain_id = node
    directory = init_small(tmp_path, network=NetworkOptions((network.url,), chain_id))
    state = roster_small(directory)
    with ServerProcess(directory) as server:
        assert server.addresses["rpc"] == network.url
        assert server.stop() == 0
    assert verify_anchors(directory, network.url, state.origin)
    assert not directory.chain.exists()


def test_records_are_taken_where_the_chain_is_gone(tmp_path: Path) -> None:
    directory = init_small(tmp_path)
    election_id = Hash.from_hex(roster_small(directory).election_id)
    (directory.chain / "chain.sqlite").rename(tmp_path / "elsewhere")
    with ServerProcess(directory) as server:
        assert server.addresses["rpc"] is None
        with open_device(directory, server.url, 0) as client:
            assert post_records(client, [small_tally(election_id)])[0][0] == "receipt"
            health = client.get("/healthz")
            assert (health.status_code, health.json()["status"]) == (200, "degraded")
            assert health.json()["anchoring"]["problem"] == "CHAIN_MISSING"
        assert server.stop() == 0
    assert "anchoring: CHAIN_MISSING" in server.errors.read_text()
