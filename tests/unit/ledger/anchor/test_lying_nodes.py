"""A node that lies, or keeps what it is given, beside one that does not: anchors go on through the other one."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.anchor.claim import AnchorClaim
from ledger.anchor.evm import open_contract
from ledger.anchor.nodes import ChainNode, ChainNodes
from ledger.anchor.schedule import AnchorPace
from ledger.anchor.worker import AnchorWorker
from tests.unit.ledger.anchor.chain_bench import Bench, Node

PACE = AnchorPace(interval=10.0, poll=1.0, give_up=60.0)


def lie(method: str, change: Callable[[Any], object]) -> Callable[[str, object], object]:
    return lambda asked, result: change(result) if asked == method else result


def flip(text: str) -> str:
    return text[:-1] + ("1" if text[-1] != "1" else "2")


LIES: dict[str, Callable[[str, object], object]] = {
    "another chain": lie("eth_chainId", lambda _: "0x1"),
    "another first block": lie("eth_getBlockByNumber", lambda block: {**block, "hash": flip(block["hash"])}),
    "another contract": lie("eth_getCode", flip),
    "no contract": lie("eth_getCode", lambda _: "0x"),
    "a larger head": lie("eth_call", lambda data: data and "0x" + "00" * 31 + "63" + "11" * 32),
    "another event": lie("eth_getLogs", lambda logs: [{**log, "data": flip(log["data"])} for log in logs]),
    "another block height": lie("eth_blockNumber", lambda _: "0x0"),
    "nonsense": lie("eth_blockNumber", lambda _: {"block": []}),
    "a receipt of failure": lie("eth_getTransactionReceipt", lambda one: one and {**one, "status": "0x0"}),
    "no receipt ever": lie("eth_getTransactionReceipt", lambda _: None),
}


@pytest.mark.parametrize("what", LIES)
def test_it_is_left_for_the_other_one_and_nothing_is_anchored_twice(bench: Bench, what: str) -> None:
    lying, honest = Node(bench.chain), Node(bench.chain)
    lying.after = LIES[what]
    nodes = ChainNodes([ChainNode("lying", lying.call), ChainNode("honest", honest.call)])
    written: list[AnchorClaim] = []
    now = 0.0
    worker = AnchorWorker(
        open_anchors=lambda: nodes.open(lambda call: open_contract(call, bench.target, bench.submitter, 0)),
        log=bench.log,
        signer=bench.anchor_key,
        last_claim=None,
        write_claim=written.append,
        replace_claims=lambda claims: written.__setitem__(slice(None), claims),
        pace=PACE,
        confirmations=0,
        clock=lambda: now,
    )
    for size in (5, 9, 14):
        bench.log.published = size
        end = now + 400
        while now < end:
            now += max(worker.step(), 1.0)
    contract = bench.deploy()
    on_chain = contract.claims_after(None, contract.block_number())
    assert [claim.head.size for claim in on_chain] == [5, 9, 14]
    assert {claim.head.size: claim for claim in written} == {claim.head.size: claim for claim in on_chain}
    assert len(written) == len(on_chain)


def test_a_transaction_that_a_node_keeps_to_itself_goes_through_the_other_one(bench: Bench) -> None:
    class Keeping(Node):
        def call(self, method: str, params: Any) -> object:
            if method == "eth_sendRawTransaction":
                return "0x" + "00" * 32
            return super().call(method, params)

    keeping, honest = Keeping(bench.chain), Node(bench.chain)
    nodes = ChainNodes([ChainNode("keeping", keeping.call), ChainNode("honest", honest.call)])
    written: list[AnchorClaim] = []
    now = 0.0
    worker = AnchorWorker(
        open_anchors=lambda: nodes.open(lambda call: open_contract(call, bench.target, bench.submitter, 0)),
        log=bench.log,
        signer=bench.anchor_key,
        last_claim=None,
        write_claim=written.append,
        replace_claims=lambda claims: None,
        pace=PACE,
        confirmations=0,
        clock=lambda: now,
    )
    bench.log.published = 5
    while now < 60:
        now += max(worker.step(), 1.0)
    assert [claim.head.size for claim in written] == [5]
