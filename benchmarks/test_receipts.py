"""Promise: a receipt is made from the compact range and its batch alone, whatever the size of the tree.

Budget: 500 µs a round, which is a batch of 50 entries at a tree of a million: 10 µs an entry, so that the receipts of a
million records take one processor 10 s.
"""

from pytest_benchmark.fixture import BenchmarkFixture

from ledger.batch_proofs import batch_inclusion_proofs
from ledger.merkle import CompactRange, hash_leaf

TREE_SIZE = 1_000_000
BATCH = 50


def test_inclusion_proofs_of_a_batch(benchmark: BenchmarkFixture) -> None:
    before = CompactRange(TREE_SIZE, tuple(hash_leaf(bytes([bit])) for bit in range(TREE_SIZE.bit_count())))
    leaves = [hash_leaf(number.to_bytes(4)) for number in range(BATCH)]
    proofs = benchmark(batch_inclusion_proofs, before, leaves)
    assert len(proofs) == BATCH
