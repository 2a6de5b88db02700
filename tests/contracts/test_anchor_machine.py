"""Whatever is sent to the contract, in whatever order and by whom: it holds what a list of heads holds."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.contract_code import (
    encode_anchor_call,
    encode_head_call,
    encode_roots_call,
    parse_anchored_event,
    parse_head_answer,
    parse_root_answer,
)
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.primitives import Address
from ledger.anchor.statement import AnchorDomain, origin_hash
from ledger.merkle import hash_leaf
from ledger.primitives import Hash, sha256
from ledger.store.contract import TreeHead
from tests.contracts.contract_harness import CHAIN_ID, START, Deployed, Tree, deploy

LARGEST = 300
LEAVES = [hash_leaf(b"entry %d" % number) for number in range(LARGEST)]
SIZES = st.integers(0, LARGEST)


class Anchoring(RuleBasedStateMachine):
    """The model: ``heads``, those that were accepted. A history may be forked, by whoever has the anchor key."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.chain = EmbeddedChain.create(Path(self._folder.name) / "chain", CHAIN_ID, {}, lambda: START)
        self.heads: list[TreeHead] = []
        self.sent = 0

    def teardown(self) -> None:
        self.chain.close()
        self._folder.cleanup()

    @initialize()
    def deploy(self) -> None:
        self.deployed, _ = deploy(self.chain, b"machine")
        self.tree = Tree(LEAVES)

    @property
    def last(self) -> int:
        return self.heads[-1].size if self.heads else 0

    def send(self, data: bytes, sender: int) -> bool:
        """By one of several accounts; the gas costs nothing."""
        self.sent += 1
        key = self.deployed.submitter_key if sender == 0 else bytes(31) + bytes([sender])
        by = Deployed(self.chain, self.deployed.anchor_key, key, self.deployed.domain)
        return by.send(data, self.deployed.domain.contract)[0]

    def proof(self, size: int) -> tuple[Hash, ...]:
        return self.tree.proof(self.last, size) if 0 < self.last < size else ()

    @rule(size=SIZES, sender=st.integers(0, 3))
    def anchor(self, size: int, sender: int) -> None:
        head = self.tree.head(size)
        accepted = self.send(encode_anchor_call(head, self.proof(size), self.deployed.sign(head)), sender)
        assert accepted == (size > self.last)
        if accepted:
            self.heads.append(head)

    @rule(size=SIZES, sender=st.integers(0, 3))
    def anchor_with_another_key(self, size: int, sender: int) -> None:
        head = self.tree.head(size)
        signature = AnchorKey(sha256(b"another")).sign_anchor(self.deployed.domain, head)
        assert not self.send(encode_anchor_call(head, self.proof(size), signature), sender)

    @rule(size=SIZES, which=st.sampled_from(["chain", "contract", "log"]))
    def replay_from_elsewhere(self, size: int, which: str) -> None:
        domain, head = self.deployed.domain, self.tree.head(size)
        other = {
            "chain": AnchorDomain(domain.chain_id + 1, domain.contract, domain.origin_hash),
            "contract": AnchorDomain(domain.chain_id, Address(bytes(20)), domain.origin_hash),
            "log": AnchorDomain(domain.chain_id, domain.contract, origin_hash("another/log")),
        }[which]
        signature = self.deployed.anchor_key.sign_anchor(other, head)
        assert not self.send(encode_anchor_call(head, self.proof(size), signature), 0)

    @precondition(lambda self: self.heads)
    @rule(place=st.integers(0, 1_000), sender=st.integers(0, 3))
    def replay_an_accepted_one(self, place: int, sender: int) -> None:
        head = self.heads[place % len(self.heads)]
        assert not self.send(encode_anchor_call(head, (), self.deployed.sign(head)), sender)

    @precondition(lambda self: 0 < self.last < LARGEST)
    @rule(more=st.integers(1, 100), at=st.integers(0, 63), how=st.sampled_from(["drop", "change", "add"]))
    def anchor_with_a_spoiled_proof(self, more: int, at: int, how: str) -> None:
        head = self.tree.head(min(self.last + more, LARGEST))
        proof = list(self.proof(head.size))
        place = at % (len(proof) + (how == "add"))
        if how == "add":
            proof.insert(place, sha256(b"more"))
        elif how == "drop":
            del proof[place]
        else:
            proof[place] = sha256(proof[place])
        assert not self.send(encode_anchor_call(head, proof, self.deployed.sign(head)), 0)

    @precondition(lambda self: 0 < self.last < LARGEST)
    @rule(at=st.integers(0, LARGEST), more=st.integers(1, 50))
    def anchor_another_history(self, at: int, more: int) -> None:
        """With the anchor key itself: entries that were anchored cannot change; later ones can."""
        place, size = at % LARGEST, min(self.last + more, LARGEST)
        other = Tree([*self.tree.leaves[:place], sha256(b"changed %d" % self.sent), *self.tree.leaves[place + 1 :]])
        head = other.head(size)
        proof = other.proof(self.last, size)
        accepted = self.send(encode_anchor_call(head, proof, self.deployed.sign(head)), 0)
        assert accepted == (place >= self.last)
        if accepted:
            self.heads.append(head)
            self.tree = other

    @rule(data=st.binary(max_size=400))
    def send_anything(self, data: bytes) -> None:
        assert not self.send(data, 1)

    @invariant()
    def it_holds_what_the_model_holds(self) -> None:
        if not self.sent:
            return
        head = parse_head_answer(self.deployed.view(encode_head_call()))
        assert head == (self.heads[-1] if self.heads else None)
        for known in self.heads:
            assert parse_root_answer(self.deployed.view(encode_roots_call(known.size))) == known.root
        block = self.chain.read_block(self.chain.head_number())
        assert block is not None
        for log in block.receipts[0].logs:
            event = parse_anchored_event([topic.to_bytes(32, "big") for topic in log.topics], log.data)
            assert (event.size, event.root) == (self.heads[-1].size, self.heads[-1].root)
            before = self.heads[-2] if len(self.heads) > 1 else TreeHead(0, Hash(bytes(32)))
            assert (event.previous_size, event.previous_root) == (before.size, before.root)


Anchoring.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestAnchoring = Anchoring.TestCase
