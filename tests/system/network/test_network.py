"""A server that anchors on four validators: the same program, with other addresses, keys and pins; what fails there.

The tests share one network, and leave all of its validators running.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from eth_account import Account

from central_server.directory import ElectionDirectory
from central_server.init_network import NetworkOptions
from central_server.roster import finish_roster
from ledger.anchor.claim import AnchorClaim
from tests.system.conftest import Verify, tool
from tests.system.network.clique import CHAIN_ID, NODES, CliqueNetwork, until
from tests.system.operated_server import read_metrics, send_tally, well
from tests.system.test_central_server_chain import read_claims, verify_anchors
from tests.unit.central_server.server_factory import init_small, write_enrolments
from tests.unit.central_server.server_process import ServerProcess

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def whole(network: CliqueNetwork) -> Iterator[None]:
    yield
    stopped = [node for node in network.nodes if node.process is None]
    network.start(stopped)


def make_election(
    root: Path, network: CliqueNetwork, password: Path | None = None, **changes: object
) -> ElectionDirectory:
    """``changes`` are of the network's options."""
    options = {"rpc": tuple(network.urls), "chain_id": CHAIN_ID, **changes}
    directory = init_small(root, network=NetworkOptions(**options))  # type: ignore[arg-type]  # as the tests give them
    finish_roster(directory, write_enrolments(root / "enrolments"), time.time, time.monotonic, password)
    return directory


def origin_of(directory: ElectionDirectory) -> str:
    return str(json.loads(directory.roster.read_bytes())["origin"])


@contextmanager
def serving(directory: ElectionDirectory, *arguments: str) -> Iterator[ServerProcess]:
    with ServerProcess(directory, *arguments) as server:
        yield server
        assert server.stop() == 0, server.errors.read_text()


def verify_once_each(directory: ElectionDirectory, url: str) -> list[AnchorClaim]:
    """All is anchored, and no head twice."""
    claims = verify_anchors(directory, url, origin_of(directory))
    sizes = [claim.head.size for claim in claims]
    assert sizes == sorted(set(sizes))
    return claims


def observer(directory: ElectionDirectory, *arguments: object) -> bytes:
    command = [tool("observer"), *map(str, arguments), "--policy", str(directory.policy)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60).stdout


def test_it_anchors_and_everyone_can_check_it(tmp_path: Path, network: CliqueNetwork, verify: Verify) -> None:
    directory = make_election(tmp_path, network)
    with serving(directory) as server:
        for place in (0, 1):
            send_tally(directory, server, place)
            until(lambda: well(server), "all is anchored")
    for node in network.nodes:
        network.grow(node, 1)
        assert len(verify_once_each(directory, node.url)) >= 2
    status, report = verify(directory.publication, directory.policy, network.urls[1])
    assert (status, report["ok"]) == (0, True), report
    proof = tmp_path / "101.proof"
    made = ("prove", directory.publication, "--precinct", "101", "--rpc", network.urls[2], "--out", proof)
    observer(directory, *made)
    proved = json.loads(observer(directory, "check", proof, "--json"))["anchor"]
    block = network.nodes[3].ask("eth_getBlockByNumber", hex(proved["block"]), False)
    assert proved["block_hash"] == block["hash"] and proved["validators"] == 0


def test_one_validator_less_is_enough_and_another_node_is_asked(tmp_path: Path, network: CliqueNetwork) -> None:
    directory = make_election(tmp_path, network)
    network.nodes[0].stop()
    with serving(directory) as server:
        until(lambda: well(server), "all is anchored without the first node")
        metrics = read_metrics(server)
        assert (metrics["tunuk_chain_nodes"], metrics["tunuk_chain_nodes_failing"]) == (NODES, 1)
    verify_once_each(directory, network.urls[1])


def test_a_chain_that_halts_keeps_nobody_waiting_and_is_caught_up_with(tmp_path: Path, network: CliqueNetwork) -> None:
    directory = make_election(tmp_path, network)
    with serving(directory) as server:
        until(lambda: well(server), "the first anchor")
        before = read_claims(directory)
        for node in network.nodes[2:]:
            node.stop()
        until(lambda: _stands(network), "two of four make no blocks")
        index = send_tally(directory, server)
        until(lambda: read_metrics(server)["tunuk_published_entries"] > index, "publication goes on")
        until(lambda: read_metrics(server)["tunuk_anchor_lag_seconds"] > 1, "the alarm's metric rises")
        assert read_metrics(server)["tunuk_anchor_lag_entries"] > 0
        assert read_metrics(server)["tunuk_ready"] == 1
        send_tally(directory, server, 1)
        assert read_claims(directory) == before
        network.start(network.nodes[2:])
        until(lambda: well(server), "it catches up", seconds=120)
    assert verify_once_each(directory, network.urls[3])[: len(before)] == before


def _stands(network: CliqueNetwork) -> bool:
    height = network.nodes[0].height()
    try:
        until(lambda: network.nodes[0].height() > height, "", seconds=4)
    except TimeoutError:
        return True
    return False


def test_all_validators_lose_their_power(tmp_path: Path, network: CliqueNetwork) -> None:
    directory = make_election(tmp_path, network)
    with serving(directory) as server:
        until(lambda: well(server), "the first anchor")
        before = read_claims(directory)
        for node in network.nodes:
            node.stop()
        send_tally(directory, server)
        until(lambda: read_metrics(server)["tunuk_chain_nodes_failing"] == NODES, "all nodes fail")
        network.start(network.nodes)
        until(lambda: well(server), "it catches up", seconds=120)
    assert verify_once_each(directory, network.urls[0])[: len(before)] == before


def test_an_anchor_in_a_block_that_the_chain_leaves(tmp_path: Path, network: CliqueNetwork) -> None:
    """All validators go back behind the last anchor, as after a long split of the network."""
    directory = make_election(tmp_path, network)
    with serving(directory) as server:
        until(lambda: well(server), "the first anchor")
        send_tally(directory, server)
        until(lambda: well(server), "the second anchor")
        last = read_claims(directory)[-1]
        for node in network.nodes:
            node.ask("miner_stop")
        for node in network.nodes:
            node.ask("debug_setHead", hex(last.block_number - 1))
        for node in network.nodes:
            node.seal()
        until(lambda: last not in read_claims(directory), "the claim is taken back", seconds=120)
        send_tally(directory, server, 1)
        until(lambda: well(server), "all is anchored", seconds=120)
    verify_once_each(directory, network.urls[0])


def test_the_submitters_key_is_in_a_keystore(tmp_path: Path, network: CliqueNetwork) -> None:
    keystore, password = tmp_path / "keystore.json", tmp_path / "password"
    keystore.write_text(json.dumps(Account.encrypt(bytes([77]) * 32, "secret", kdf="scrypt", iterations=2)))
    password.write_text("secret\n")
    password.chmod(0o600)
    directory = make_election(tmp_path, network, password, keystore=keystore)
    with serving(directory, "--submitter-password-file", str(password)) as server:
        until(lambda: well(server), "it is anchored")
    claims = verify_once_each(directory, network.urls[0])
    # Without the password anchors wait; records do not.
    with serving(directory) as server:
        send_tally(directory, server)
        until(lambda: "KEYSTORE_LOCKED" in server.errors.read_text(), "it is said")
        assert read_metrics(server)["tunuk_ready"] == 1
    assert read_claims(directory) == claims


def test_the_submitters_key_is_with_an_external_signer(tmp_path: Path, network: CliqueNetwork) -> None:
    """A node with an unlocked account speaks as Clef and Web3Signer do."""
    signer = network.nodes[3]
    address = f"0x{signer.address.hex()}"
    nonce = int(signer.ask("eth_getTransactionCount", address, "latest"), 16)
    assert nonce == 0
    directory = make_election(tmp_path, network, signer=(signer.url, address))
    with serving(directory) as server:
        send_tally(directory, server)
        until(lambda: well(server), "it is anchored")
    verify_once_each(directory, network.urls[0])
