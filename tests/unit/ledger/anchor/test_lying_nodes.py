"""A node that lies, or keeps what it is given, beside one that does not: anchors go on through the other one."""

from collections.abc import Callable, Sequence
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


class Anchoring:
    """A worker with two nodes, the first of which is not to be trusted; ``written`` are its claims."""

    def __init__(self, bench: Bench, first: Node) -> None:
        nodes = ChainNodes([ChainNode("first", first.call), ChainNode("honest", Node(bench.chain).call)])
        self.bench, self.now = bench, 0.0
        self.written: list[AnchorClaim] = []
        self._worker = AnchorWorker(
            open_anchors=lambda: nodes.open(lambda call: open_contract(call, bench.target, bench.submitter, 0)),
            log=bench.log,
            signer=bench.anchor_key,
            last_claim=None,
            write_claim=self.written.append,
            replace_claims=lambda claims: self.written.__setitem__(slice(None), claims),
            pace=PACE,
            confirmations=0,
            clock=lambda: self.now,
        )

    def run(self, size: int, seconds: float) -> None:
        self.bench.log.published = size
        end = self.now + seconds
        while self.now < end:
            self.now += max(self._worker.step(), 1.0)


@pytest.mark.parametrize("what", LIES)
def test_it_is_left_for_the_other_one_and_nothing_is_anchored_twice(bench: Bench, what: str) -> None:
    lying = Node(bench.chain)
    lying.after = LIES[what]
    anchoring = Anchoring(bench, lying)
    for size in (5, 9, 14):
        anchoring.run(size, 400)
    contract = bench.deploy()
    on_chain = contract.claims_after(None, contract.block_number())
    assert [claim.head.size for claim in on_chain] == [5, 9, 14]
    assert anchoring.written == on_chain


def test_a_transaction_that_a_node_keeps_to_itself_goes_through_the_other_one(bench: Bench) -> None:
    class Keeping(Node):
        def call(self, method: str, params: Sequence[object]) -> object:
            return "0x" + "00" * 32 if method == "eth_sendRawTransaction" else super().call(method, params)

    anchoring = Anchoring(bench, Keeping(bench.chain))
    anchoring.run(5, 60)
    assert [claim.head.size for claim in anchoring.written] == [5]
