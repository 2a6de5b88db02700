"""What the tests of anchoring stand on: a log in memory, an embedded chain, and a node whose faults can be chosen."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.chain_methods import ChainMethods
from ledger.anchor.check import ChainPins
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.evm import AnchorContract, AnchorTarget, deploy_contract
from ledger.anchor.evm_transactions import wait_for_receipt
from ledger.anchor.json_rpc import MethodError
from ledger.anchor.node_answers import NodeReceipt, RpcCall
from ledger.anchor.primitives import ChainError, ChainHash, RpcError
from ledger.anchor.submitter import KeySubmitter
from ledger.anchor.transactions import contract_address
from ledger.merkle import CompactRange, consistency_proof, hash_leaf, merkle_root
from ledger.primitives import Hash, PublicKey, sha256
from ledger.store.contract import TreeHead

ORIGIN = "cec.example/" + "cd" * 32 + "/1"
LOG_KEY = PublicKey(bytes(range(32)))
CHAIN_ID = 240_413
START = 1_790_000_000


@dataclass
class MemoryLog:
    """A published log: ``published`` entries of it are under the newest checkpoint."""

    leaves: list[Hash] = field(default_factory=lambda: [hash_leaf(b"entry %d" % number) for number in range(400)])
    published: int = 0

    def head(self, size: int) -> TreeHead:
        return TreeHead(size, merkle_root(self.leaves[:size]))

    def newest_head(self) -> TreeHead | None:
        return self.head(self.published) if self.published else None

    def consistency_proof(self, old_size: int, new_size: int) -> Sequence[Hash]:
        return consistency_proof(old_size, new_size, self._subtree)

    def root_at(self, size: int) -> Hash:
        return self.head(size).root

    def _subtree(self, level: int, index: int) -> Hash:
        return CompactRange.EMPTY.extend(self.leaves[index << level : (index + 1) << level]).root()


class Node:
    """JSON-RPC calls to a chain in this process. ``before`` and ``after`` may raise for a method, or alter its result:
    a request that is lost before it takes effect, and an answer that is lost after it did."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._methods = ChainMethods(chain)
        self.down = False
        self.before: Callable[[str], None] = lambda method: None
        self.after: Callable[[str, object], object] = lambda method, result: result
        self.asked: list[str] = []

    def call(self, method: str, params: Sequence[object]) -> object:
        self.asked.append(method)
        if self.down:
            raise ChainError("CHAIN_UNREACHABLE", "down", retryable=True)
        self.before(method)
        try:
            result = self._methods(method, json.loads(json.dumps(list(params))))
        except MethodError as error:
            data = bytes.fromhex(error.data[2:]) if isinstance(error.data, str) else None
            raise RpcError(error.number, error.message, data) from error
        return self.after(method, result)


@dataclass
class Bench:
    chain: EmbeddedChain
    node: Node
    log: MemoryLog
    target: AnchorTarget
    anchor_key: AnchorKey
    submitter: KeySubmitter

    def deploy(self, submitter: KeySubmitter | None = None) -> AnchorContract:
        """The contract, given heads by its deployer or by somebody else."""
        return deploy_contract(self.node.call, self.target, submitter or self.submitter, 0, wait_in_tests)

    def anchor(self, *sizes: int, submitter: KeySubmitter | None = None) -> list[AnchorClaim]:
        """Anchor these sizes one after another; all the claims on the chain."""
        contract = self.deploy(submitter)
        for size in sizes:
            anchored = contract.head()
            proof = () if anchored is None else self.log.consistency_proof(anchored.size, size)
            head = self.log.head(size)
            contract.submit(head, proof, self.anchor_key.sign_anchor(contract.domain, head))
        return contract.claims_after(None, contract.block_number())

    @property
    def pins(self) -> ChainPins:
        return ChainPins(CHAIN_ID, self.chain.genesis_hash, self.target.contract, self.target.runtime_code())


def wait_in_tests(call: RpcCall, transaction_hash: ChainHash) -> NodeReceipt:
    """A block is made for each transaction before the call returns: there is nothing to wait for."""
    return wait_for_receipt(call, transaction_hash, clock=lambda: 0.0, wait=lambda seconds: None, timeout=0, pause=0)


def make_bench(directory: Path) -> Bench:
    anchor_key, submitter = AnchorKey(sha256(b"anchor key")), KeySubmitter(sha256(b"submitter key"))
    chain = EmbeddedChain.create(directory, CHAIN_ID, {submitter.address: 10**18}, lambda: START)
    contract = contract_address(submitter.address)
    target = AnchorTarget(CHAIN_ID, chain.genesis_hash, contract, ORIGIN, LOG_KEY, anchor_key.address)
    bench = Bench(chain, Node(chain), MemoryLog(), target, anchor_key, submitter)
    bench.deploy()
    return bench
