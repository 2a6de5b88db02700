"""A chain whose blocks are not final, and which leaves one with an anchor in it."""

from dataclasses import dataclass, field, replace

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.evm_transactions import TransactionState
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.schedule import AnchorPace
from ledger.anchor.statement import AnchorDomain, AnchorSignature
from ledger.anchor.worker import AnchorWorker
from ledger.primitives import sha256
from ledger.store.contract import TreeHead
from tests.unit.ledger.anchor.chain_bench import MemoryLog

PACE = AnchorPace(interval=10.0, poll=1.0, give_up=60.0)
DOMAIN = AnchorDomain(1, Address(b"\x01" * 20), sha256(b"origin"))


@dataclass
class Chain:
    """Every transaction is a block; ``fork`` makes the blocks differ from those before."""

    claims: list[AnchorClaim] = field(default_factory=list)
    domain: AnchorDomain = DOMAIN
    fork: int = 0
    blocks_without_anchors: int = 0

    def block_number(self) -> int:
        return len(self.claims) + self.blocks_without_anchors

    def head(self) -> TreeHead | None:
        return self.claims[-1].head if self.claims else None

    def holds(self, claim: AnchorClaim) -> bool:
        return claim in self.claims

    def claims_after(self, known: AnchorClaim | None, block: int) -> list[AnchorClaim]:
        return self.claims[0 if known is None else self.claims.index(known) + 1 : block]

    def submit(self, head: TreeHead, proof: object, signature: AnchorSignature) -> ChainHash:
        block = sha256(b"%d %d %d" % (self.fork, len(self.claims), head.size))
        number = len(self.claims) + 1
        self.claims.append(AnchorClaim(head, 1, DOMAIN.contract, ChainHash(block), number, ChainHash(block), 0))
        return ChainHash(block)

    def transaction_state(self, transaction_hash: ChainHash) -> TransactionState:
        return TransactionState.UNKNOWN

    def leave_last_block(self) -> AnchorClaim:
        self.fork += 1
        return self.claims.pop()


@dataclass
class Follower:
    chain: Chain = field(default_factory=Chain)
    log: MemoryLog = field(default_factory=lambda: MemoryLog(published=5))
    record: list[AnchorClaim] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.worker = AnchorWorker(
            open_anchors=lambda: self.chain,
            log=self.log,
            signer=AnchorKey(sha256(b"key")),
            last_claim=self.record[-1] if self.record else None,
            write_claim=self.record.append,
            replace_claims=lambda claims: self.record.__setitem__(slice(None), claims),
            pace=PACE,
            confirmations=0,
            clock=lambda: self.now,
        )

    def steps(self, count: int = 4) -> None:
        for _ in range(count):
            self.now += self.worker.step()

    @property
    def sizes(self) -> list[int]:
        return [claim.head.size for claim in self.record]


def follow(*sizes: int) -> Follower:
    follower = Follower()
    for size in sizes:
        follower.log.published = size
        follower.steps()
    return follower


def test_an_anchor_that_the_chain_has_left_is_taken_back_and_made_again() -> None:
    follower = follow(5, 8)
    assert follower.sizes == [5, 8]
    follower.chain.leave_last_block()
    follower.log.published = 9
    follower.steps(6)
    assert follower.sizes == [5, 9] and follower.record == follower.chain.claims
    assert follower.worker.status.problem is None


def test_an_anchor_that_is_in_another_block_now_is_on_record_with_that_one() -> None:
    follower = follow(5)
    left = follower.chain.leave_last_block()
    moved = replace(left, block_number=1, block_hash=ChainHash(bytes(32)))
    follower.chain.claims.append(moved)
    follower.steps()
    assert follower.record == [moved]


def test_the_only_anchor_may_go() -> None:
    """Another block takes the place of its block before the worker can send it again."""
    follower = follow(5)
    follower.chain.leave_last_block()
    follower.chain.blocks_without_anchors = 1
    follower.worker.step()
    assert follower.record == [] and follower.worker.status.claimed is None
    follower.steps()
    assert follower.sizes == [5]


def test_a_node_that_is_behind_takes_nothing_back() -> None:
    follower = follow(5, 8)
    behind, before = follower.chain.claims.pop(), list(follower.record)
    follower.log.published = 8
    follower.worker.step()
    assert follower.record == before and follower.worker.status.problem is None
    follower.chain.claims[:] = [follower.chain.claims[0], behind]
    follower.steps()
    assert follower.record == before


def test_it_is_noticed_after_a_restart_too() -> None:
    follower = follow(5, 8)
    follower.chain.leave_last_block()
    again = Follower(follower.chain, follower.log, follower.record, follower.now + 60)
    again.steps(6)
    assert again.record == again.chain.claims
