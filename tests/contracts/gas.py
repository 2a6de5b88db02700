"""What each call of the contract costs: ``python -m tests.contracts.gas`` prints the table of ``docs/contract.md``.

Gas is not time: it is the same on every machine, so that a test may hold the page to it.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.merkle import compact_range, consistency_proof, hash_children, hash_leaf
from ledger.primitives import Hash
from ledger.store.contract import TreeHead
from tests.contracts.contract_harness import CHAIN_ID, START, deploy

CASES = ((1_000, 1_300), (1_000_000, 1_000_001), (1_000_000, 1_002_500), (999_999, 1_048_577), (2**62 - 1, 2**63 - 1))
USUAL = (1_000_000, 1_002_500)
BUDGET = 90_000
"""Of a usual anchor at a million entries."""


def even_subtree(level: int, index: int) -> Hash:
    """Of a log whose entries are all the same: the root of any complete subtree depends on its height only."""
    node = hash_leaf(b"the same entry")
    for _ in range(level):
        node = hash_children(node, node)
    return node


def head(size: int) -> TreeHead:
    return TreeHead(size, compact_range(size, even_subtree).root())


def measure(chain: EmbeddedChain) -> Iterator[tuple[str, int, int]]:
    """What was done, the hashes of its proof, and its gas."""
    deployed, gas = deploy(chain, b"gas")
    yield "deployment", 0, gas
    for old, new in CASES:
        deployed, _ = deploy(chain, b"%d %d" % (old, new))
        accepted, gas = deployed.anchor(head(old), ())
        assert accepted
        if (old, new) == USUAL:
            yield "the first anchor", 0, gas
        proof = consistency_proof(old, new, even_subtree)
        accepted, gas = deployed.anchor(head(new), proof)
        assert accepted
        yield f"from {old:,} to {new:,} entries", len(proof), gas


def make_table() -> str:
    with tempfile.TemporaryDirectory() as folder:
        chain = EmbeddedChain.create(Path(folder) / "chain", CHAIN_ID, {}, lambda: START)
        rows = [f"| {what} | {hashes or ''} | {gas:,} |" for what, hashes, gas in measure(chain)]
        chain.close()
    return "\n".join(["| Call | Hashes | Gas |", "|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    print(make_table(), end="")
