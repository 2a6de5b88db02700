"""Promise: a checkpoint is anchored within two blocks on a network of four validators that make one a second.

Beside it, anchors a second on the embedded chain, where a block is made for each: signature, consistency proof,
transaction, contract and flush, all in one process. No budget: a checkpoint is published once a second at most.
"""

import statistics
import threading
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.conftest import Scale, Tell
from benchmarks.timing import run_once, timed
from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.evm import AnchorTarget, deploy_contract
from ledger.anchor.evm_connection import EvmConnection
from ledger.anchor.evm_transactions import wait_for_receipt
from ledger.anchor.node_answers import NodeReceipt, RpcCall, parse_block_hash
from ledger.anchor.primitives import ChainHash
from ledger.anchor.schedule import AnchorPace
from ledger.anchor.submitter import KeySubmitter
from ledger.anchor.transactions import contract_address
from ledger.anchor.worker import AnchorWorker
from ledger.primitives import sha256
from tests.system.network.clique import CHAIN_ID, PERIOD_S, CliqueNetwork
from tests.system.network.geth import build_geth
from tests.unit.ledger.anchor.chain_bench import LOG_KEY, ORIGIN, MemoryLog, make_bench

ANCHORS = 20
GAS_PRICE = 1
"""Here only: these validators take from each other what pays this much; those of a production network what pays 0."""


def test_anchors_a_second_on_the_embedded_chain(
    benchmark: BenchmarkFixture, tmp_path: Path, scale: Scale, tell: Tell
) -> None:
    bench = make_bench(tmp_path / "chain")
    sizes = range(1, 101 if scale.full else 4)
    seconds, claims = timed(lambda: run_once(benchmark, lambda: bench.anchor(*sizes)))
    assert len(claims) == len(sizes)
    tell("anchors a second on the embedded chain", len(sizes) / seconds, "/s", "")


def test_lag_on_four_validators(benchmark: BenchmarkFixture, tmp_path: Path, scale: Scale, tell: Tell) -> None:
    """From the moment a checkpoint is there until its claim is written, found by a worker that looks every 100 ms."""
    if not scale.full:
        pytest.skip("with the tests, tests/system/network anchors on such a network")
    program = build_geth()
    key, submitter, log = AnchorKey(sha256(b"anchor")), KeySubmitter(sha256(b"submitter")), MemoryLog()
    with CliqueNetwork(program, tmp_path / "network", [submitter.address]) as network:
        connection = EvmConnection(network.urls[0])
        genesis = parse_block_hash(connection.call("eth_getBlockByNumber", ["0x0", False]))
        contract = contract_address(submitter.address)
        target = AnchorTarget(CHAIN_ID, genesis, contract, ORIGIN, LOG_KEY, key.address)
        claims: list[AnchorClaim] = []
        worker = AnchorWorker(
            open_anchors=lambda: deploy_contract(connection.call, target, submitter, GAS_PRICE, wait),
            log=log,
            signer=key,
            last_claim=None,
            write_claim=claims.append,
            replace_claims=lambda claims: None,
            pace=AnchorPace(0.1, 0.1, 60.0),
            confirmations=0,
            clock=time.monotonic,
        )
        pause = threading.Event().wait
        worker.step()

        def anchor_next() -> float:
            log.published += 1
            begun, wanted = time.monotonic(), log.published
            while not claims or claims[-1].head.size != wanted:
                pause(min(worker.step(), 0.1))
            return time.monotonic() - begun

        lags = run_once(benchmark, lambda: [anchor_next() for _ in range(ANCHORS)])
        connection.close()
    tell("lag of an anchor on four validators: median", statistics.median(lags) / PERIOD_S, "blocks", "2")
    tell("the longest of them", max(lags) / PERIOD_S, "blocks", "")


def wait(call: RpcCall, transaction_hash: ChainHash) -> NodeReceipt:
    pause = threading.Event().wait
    return wait_for_receipt(call, transaction_hash, clock=time.monotonic, wait=pause, timeout=60, pause=0.1)
