"""A transaction that gets into no block: a halted chain, a dropped transaction, blocks that are not final at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.evm_transactions import TransactionState
from ledger.anchor.node_answers import NodeReceipt
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.schedule import AnchorPace
from ledger.anchor.statement import AnchorDomain, AnchorSignature
from ledger.anchor.worker import AnchorWorker
from ledger.primitives import Hash, sha256
from ledger.store.contract import TreeHead
from tests.unit.ledger.anchor.chain_bench import MemoryLog

PACE = AnchorPace(interval=10.0, poll=1.0, give_up=60.0)
DOMAIN = AnchorDomain(1, Address(b"\x01" * 20), sha256(b"origin"))


@dataclass
class HaltedChain:
    """Takes transactions and makes no blocks."""

    domain: AnchorDomain = DOMAIN
    block: int = 10
    anchored: TreeHead | None = None
    state: NodeReceipt | TransactionState = TransactionState.PENDING
    sent: list[TreeHead] = field(default_factory=list)
    claims_asked_up_to: list[int] = field(default_factory=list)

    def block_number(self) -> int:
        return self.block

    def head(self) -> TreeHead | None:
        return self.anchored

    def holds(self, claim: AnchorClaim) -> bool:
        return True

    def claims_after(self, known: AnchorClaim | None, block: int) -> list[AnchorClaim]:
        self.claims_asked_up_to.append(block)
        return []

    def submit(self, head: TreeHead, proof: Sequence[Hash], signature: AnchorSignature) -> ChainHash:
        self.sent.append(head)
        return ChainHash(head.root)

    def transaction_state(self, transaction_hash: ChainHash) -> NodeReceipt | TransactionState:
        return self.state


def make_worker(chain: HaltedChain, log: MemoryLog, clock: list[float], confirmations: int = 0) -> AnchorWorker:
    return AnchorWorker(
        open_anchors=lambda: chain,
        log=log,
        signer=AnchorKey(sha256(b"key")),
        last_claim=None,
        write_claim=lambda claim: None,
        replace_claims=lambda claims: None,
        pace=PACE,
        confirmations=confirmations,
        clock=lambda: clock[0],
    )


def test_a_halted_chain_gets_one_transaction_at_a_time() -> None:
    chain, log, clock = HaltedChain(), MemoryLog(published=5), [0.0]
    worker = make_worker(chain, log, clock)
    while clock[0] < 59:
        clock[0] += worker.step()
        log.published += 1
    assert [head.size for head in chain.sent] == [5]
    # Then it counts as lost, and the newest head takes its place.
    for _ in range(3):
        clock[0] += worker.step()
    assert len(chain.sent) == 2
    assert chain.sent[1].size > 60


def test_a_dropped_transaction_is_replaced_after_the_interval() -> None:
    chain, log, clock = HaltedChain(state=TransactionState.UNKNOWN), MemoryLog(published=5), [0.0]
    worker = make_worker(chain, log, clock)
    for _ in range(4):
        clock[0] += worker.step()
    assert [head.size for head in chain.sent] == [5, 5]
    assert clock[0] >= PACE.interval


def test_claims_wait_for_confirmations() -> None:
    """Where a block can still be replaced, its anchor is not on record yet."""
    chain, clock = HaltedChain(), [0.0]
    make_worker(chain, MemoryLog(), clock, confirmations=3).step()
    assert chain.claims_asked_up_to == [7]
    chain.block = 2
    make_worker(chain, MemoryLog(), clock, confirmations=3).step()
    assert chain.claims_asked_up_to == [7]
