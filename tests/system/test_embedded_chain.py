"""The embedded chain as a process of its own: a stock client reads it, and killing it loses nothing acknowledged."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_typing import HexStr
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError, TransactionNotFound
from web3.types import RPCEndpoint

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.check import ChainPins, check_anchors
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.evm import AnchorContract, AnchorTarget, deploy_contract, open_contract
from ledger.anchor.evm_connection import EvmConnection
from ledger.anchor.evm_transactions import wait_for_receipt
from ledger.anchor.node_answers import NodeReceipt, RpcCall
from ledger.anchor.primitives import ChainError, ChainHash
from ledger.anchor.submitter import KeySubmitter
from ledger.anchor.transactions import contract_address
from ledger.merkle import CompactRange, consistency_proof, hash_leaf, merkle_root
from ledger.primitives import Hash, PublicKey, sha256
from ledger.store.contract import TreeHead

CHAIN_ID = 240_414
ANCHOR_KEY, SUBMITTER = AnchorKey(sha256(b"anchor key")), KeySubmitter(sha256(b"submitter key"))
LEAVES = [hash_leaf(b"entry %d" % number) for number in range(64)]


@dataclass
class Served:
    """A running chain process: its connection, and the process to end it."""

    process: subprocess.Popen[str]
    connection: EvmConnection
    url: str


@contextmanager
def serve(directory: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "ledger.anchor.chain_server", "--data", str(directory), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            connection = EvmConnection(url)
            yield Served(process, connection, url)
            connection.close()
        finally:
            process.kill()


@pytest.fixture
def target(tmp_path: Path) -> AnchorTarget:
    chain = EmbeddedChain.create(tmp_path, CHAIN_ID, {SUBMITTER.address: 10**18}, lambda: 1_790_000_000)
    genesis_hash = chain.genesis_hash
    chain.close()
    log_key = PublicKey(bytes(32))
    return AnchorTarget(
        CHAIN_ID, genesis_hash, contract_address(SUBMITTER.address), "cec.example/log", log_key, ANCHOR_KEY.address
    )


def wait(call: RpcCall, transaction_hash: ChainHash) -> NodeReceipt:
    return wait_for_receipt(call, transaction_hash, clock=lambda: 0.0, wait=lambda _: None, timeout=0, pause=0)


def deploy(served: Served, target: AnchorTarget) -> AnchorContract:
    return deploy_contract(served.connection.call, target, SUBMITTER, 0, wait)


def subtree(level: int, index: int) -> Hash:
    return CompactRange.EMPTY.extend(LEAVES[index << level : (index + 1) << level]).root()


def anchor(contract: AnchorContract, size: int) -> ChainHash:
    anchored, head = contract.head(), TreeHead(size, merkle_root(LEAVES[:size]))
    proof = consistency_proof(anchored.size if anchored else 0, size, subtree)
    return contract.submit(head, proof, ANCHOR_KEY.sign_anchor(contract.domain, head))


def ask_for_everything(call: RpcCall) -> list[Any]:
    """Every block with its receipts, as the JSON-RPC gives it."""
    last = call("eth_blockNumber", [])
    assert isinstance(last, str)
    numbers = range(int(last, 16) + 1)
    return [(call("eth_getBlockByNumber", [hex(n), True]), call("eth_getBlockReceipts", [hex(n)])) for n in numbers]


def test_a_clean_restart_changes_no_answer(tmp_path: Path, target: AnchorTarget) -> None:
    with serve(tmp_path) as served:
        contract = deploy(served, target)
        for size in (5, 8, 21):
            anchor(contract, size)
        before = ask_for_everything(served.connection.call)
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(60) == 0
    with serve(tmp_path) as served:
        assert ask_for_everything(served.connection.call) == before
        # The deployment is found, not done again.
        assert deploy(served, target).head() == TreeHead(21, merkle_root(LEAVES[:21]))
        assert len(ask_for_everything(served.connection.call)) == len(before)


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path, target: AnchorTarget) -> None:
    """Killed again and again while it executes a transaction: every answer that was given before stays true."""
    acknowledged: dict[int, ChainHash] = {}
    blocks: list[Any] = []
    for delay in range(0, 600_000, 100_000):
        with serve(tmp_path) as served:
            contract = deploy(served, target)
            assert ask_for_everything(served.connection.call)[: len(blocks)] == blocks
            size = contract_size(contract)
            assert size >= max(acknowledged, default=0)
            for _ in range(2):
                size += 1
                acknowledged[size] = anchor(contract, size)
                blocks = ask_for_everything(served.connection.call)
            with killed_while_sending(served, delay) as call:
                anchor(AnchorContract(call, target, SUBMITTER, 0), size + 1)
    with serve(tmp_path) as served:
        contract = open_contract(served.connection.call, target, SUBMITTER, 0)
        assert ask_for_everything(served.connection.call)[: len(blocks)] == blocks
        claims = contract.claims_after(None, contract.block_number())
        assert {claim.head.size: claim.transaction_hash for claim in claims}.items() >= acknowledged.items()
        pins = ChainPins(CHAIN_ID, target.genesis_hash, target.contract, target.runtime_code())
        assert check_anchors(served.connection.call, pins, claims) == []


def contract_size(contract: AnchorContract) -> int:
    head = contract.head()
    return head.size if head else 0


@contextmanager
def killed_while_sending(served: Served, delay: int) -> Iterator[RpcCall]:
    """Calls to a process that gets SIGKILL while it has a transaction at hand, some loops later in each round."""
    sending = threading.Event()

    def kill() -> None:
        sending.wait()
        for _ in range(delay):
            pass
        served.process.kill()

    def call(method: str, params: Sequence[object]) -> object:
        if method == "eth_sendRawTransaction":
            sending.set()
        return served.connection.call(method, params)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield call
    except ChainError as error:
        # Not raised where the answer came out before the blow.
        assert error.code == "CHAIN_UNREACHABLE", error
    killer.join()
    served.process.wait()


def test_a_stock_client_reads_all_of_it(tmp_path: Path, target: AnchorTarget, repository: Path) -> None:
    """web3.py with its high-level interface, as somebody would use it who knows nothing of this project."""
    artifact = json.loads((repository / "contracts" / "CheckpointAnchor.json").read_text(encoding="utf-8"))
    with serve(tmp_path) as served:
        contract = deploy(served, target)
        hashes = [anchor(contract, size) for size in (5, 8)]
        web3 = Web3(HTTPProvider(served.url))
        assert web3.is_connected()
        assert (web3.eth.chain_id, web3.eth.block_number, web3.eth.gas_price) == (CHAIN_ID, 3, 0)
        block = web3.eth.get_block("latest", full_transactions=True)
        assert web3.eth.get_block(block["hash"])["number"] == 3
        receipt = web3.eth.get_transaction_receipt(HexStr("0x" + hashes[1].hex()))
        transaction = web3.eth.get_transaction(receipt["transactionHash"])
        assert transaction["blockHash"] == receipt["blockHash"] == block["hash"]
        with pytest.raises(TransactionNotFound):
            web3.eth.get_transaction_receipt(HexStr("0x" + "11" * 32))
        address = web3.to_checksum_address("0x" + target.contract.hex())
        client = web3.eth.contract(address=address, abi=artifact["abi"])
        assert client.functions.head().call() == [8, merkle_root(LEAVES[:8])]
        assert client.functions.roots(5).call() == merkle_root(LEAVES[:5])
        events = client.events.Anchored().get_logs(from_block=0)
        assert [(event["args"]["size"], event["args"]["previous_size"]) for event in events] == [(5, 0), (8, 5)]
        with pytest.raises(ContractLogicError, match="size is not above the last"):
            client.functions.anchor(8, bytes(32), [], 27, bytes(32), bytes(32)).call()
        account = web3.to_checksum_address("0x" + SUBMITTER.address.hex())
        assert web3.eth.get_transaction_count(account) == 3
        assert web3.eth.get_balance(account) == 10**18
        assert web3.eth.estimate_gas({"from": account, "to": account}) == 21_000
        assert web3.provider.make_request(RPCEndpoint("eth_mining"), [])["error"]["code"] == -32601
