"""An observer has heads anchored by an account of his own; a stolen anchor key is seen, and its contract succeeded."""

import json
import subprocess
from pathlib import Path

import pytest

from central_server.anchor_keys import load_anchor_key
from central_server.chain_node import anchor_target
from central_server.devices import read_roster
from central_server.directory import ElectionDirectory
from central_server.log_access import open_signer
from ledger.anchor.evm import open_contract
from ledger.anchor.evm_connection import EvmConnection
from ledger.anchor.submitter import KeySubmitter
from ledger.log import read_entries
from ledger.merkle import hash_leaf
from ledger.primitives import sha256
from ledger.store.sqlite import SqliteStore
from tests.contracts.contract_harness import Tree
from tests.system.commission_desk import found_commission
from tests.system.conftest import Verify, tool
from tests.system.operated_server import ask_ops, send_tally, well
from tests.system.test_central_server_chain import read_claims
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import init_small, roster_small
from tests.unit.central_server.server_process import ServerProcess


def observe(directory: ElectionDirectory, rpc: str, key: Path, publication: Path | None = None) -> tuple[int, str, str]:
    words = [tool("observer"), "anchor", publication or directory.publication, "--policy", directory.policy]
    done = subprocess.run(
        [*map(str, words), "--rpc", rpc, "--key", str(key)], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def account(tmp_path: Path) -> Path:
    path = tmp_path / "account.key"
    path.write_text("0x" + "05" * 32 + "\n")
    path.chmod(0o600)
    return path


def test_what_is_anchored_already_is_not_sent_again(tmp_path: Path, account: Path) -> None:
    directory = init_small(tmp_path)
    roster_small(directory)
    with ServerProcess(directory) as server:
        wait_until(lambda: well(server), "all is anchored")
        rpc = server.addresses["rpc"]
        status, _, errors = observe(directory, rpc, account)
        assert (status, errors.partition(":")[0]) == (2, "ANCHORED_ALREADY")
        account.chmod(0o644)
        status, _, errors = observe(directory, rpc, account)
        assert (status, errors.partition(":")[0]) == (2, "KEY_NOT_PRIVATE")
        account.chmod(0o600)
        assert server.stop() == 0
    status, _, errors = observe(directory, "http://127.0.0.1:1", account)
    assert status == 2 and errors
    (directory.publication / "anchors" / "signed.json").unlink()
    status, _, errors = observe(directory, rpc, account)
    assert (status, errors.partition(":")[0]) == (1, "NO_STATEMENT")


def test_an_observer_anchors_what_the_server_keeps_back(tmp_path: Path, account: Path, verify: Verify) -> None:
    """The server's own submitter is broken: its statements are public all the same."""
    directory = init_small(tmp_path)
    roster_small(directory)
    kept = directory.key("submitter").read_bytes()
    directory.key("submitter").write_bytes(b"secp256k1 nothing\n")
    with ServerProcess(directory) as server:
        send_tally(directory, server)
        signed = directory.publication / "anchors" / "signed.json"
        wait_until(signed.exists, "a signed statement")
        status, said, errors = observe(directory, server.addresses["rpc"], account)
        assert status == 0, errors
        anchored = json.loads(said)
        assert anchored["size"] <= json.loads(signed.read_bytes())["size"]
        server.kill()
    directory.key("submitter").write_bytes(kept)
    with ServerProcess(directory) as server:
        wait_until(lambda: well(server), "the server goes on from there")
        sizes = [claim.head.size for claim in read_claims(directory)]
        assert sizes[0] == anchored["size"] and sizes == sorted(set(sizes))
        status, report = verify(directory.publication, directory.policy, server.addresses["rpc"])
        assert (status, report["ok"]) == (0, True), report


@pytest.mark.slow
def test_a_stolen_anchor_key_is_seen_and_its_contract_succeeded(tmp_path: Path, verify: Verify) -> None:
    commission = found_commission(tmp_path)
    directory = commission.directory
    chain = tmp_path / "chain.json"
    with ServerProcess(directory) as server:
        wait_until(lambda: well(server), "all is anchored")
        claims = read_claims(directory)
        steal(directory, server.addresses["rpc"])
        send_tally(directory, server)
        wait_until(lambda: problem_of(server) in ("ANCHOR_AHEAD", "ANCHOR_FORK"), "the server sees it")
        assert [claim.head.size for claim in read_claims(directory)] == [claim.head.size for claim in claims]
        status, report = verify(directory.publication, directory.policy, server.addresses["rpc"])
        codes = {failure["code"] for failure in report["failures"]}
        assert status == 1 and codes & {"ANCHOR_NOT_IN_TREE", "CHECKPOINT_BEHIND_ANCHOR"}, report
        # The way out: a contract with another key, which two officials put in the place of the spoiled one.
        pins = commission.run("new-contract", "--dir", directory.root)
        del pins["words"]
        assert commission.run("new-contract", "--dir", directory.root)["contract"] == pins["contract"]
        chain.write_text(json.dumps(pins))
        kept = directory.key("anchor-2").rename(tmp_path / "anchor-2.key")
        commission.rule(server, tmp_path / "ruling.json", "succeed-chain", "--part", chain)
        wait_until(lambda: problem_of(server) == "ANCHOR_KEY_MISSING", "the server has no key of the new contract")
        kept.rename(directory.key("anchor-2"))
        wait_until(lambda: well(server), "all is anchored on the new contract")
        last = read_claims(directory)[-1]
        assert f"0x{last.contract.hex()}" == pins["contract"] != f"0x{claims[-1].contract.hex()}"
        status, report = verify(directory.publication, directory.policy, server.addresses["rpc"])
        assert (status, report["ok"]) == (0, True), report
        assert commission.run("new-contract", "--dir", directory.root)["contract"] != pins["contract"]
        assert server.stop() == 0
    with ServerProcess(directory) as server:
        send_tally(directory, server, 1)
        wait_until(lambda: well(server), "and after a start")


def problem_of(server: ServerProcess) -> object:
    return ask_ops(server, "/healthz").json()["anchoring"]["problem"]


def steal(directory: ElectionDirectory, rpc: str) -> None:
    """Whoever has the anchor key can have a later head anchored, of entries that never were. Nothing earlier."""
    with SqliteStore(directory.log, json.loads(directory.roster.read_bytes())["origin"]) as store:
        election = read_roster(store).election
        leaves = [hash_leaf(entry) for _, entry in read_entries(store, 0, store.head().size)]
    target = anchor_target(election.chain, election.origin(), open_signer(directory, "log").public_key)
    connection = EvmConnection(rpc)
    contract = open_contract(connection.call, target, KeySubmitter(sha256(b"thief")), 0)
    anchored = contract.head()
    assert anchored is not None
    tree = Tree([*leaves[: anchored.size], sha256(b"never said")])
    head = tree.head(anchored.size + 1)
    key = load_anchor_key(directory)
    contract.submit(head, tree.proof(anchored.size, head.size), key.sign_anchor(contract.domain, head))
    assert contract.head() == head
    connection.close()
