"""What holds for every tree: proofs verify, nothing else does, and the way that a tree grew leaves no trace."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.batch_proofs import batch_inclusion_proofs
from ledger.errors import ConsistencyError, InclusionError
from ledger.merkle import (
    CompactRange,
    compact_range,
    consistency_proof,
    hash_children,
    hash_leaf,
    inclusion_proof,
    merkle_root,
    verify_consistency,
    verify_inclusion,
)
from ledger.primitives import Hash

LARGEST = 40
LEAVES = [hash_leaf(b"%d" % index) for index in range(LARGEST)]
SIZES = range(LARGEST + 1)

splits = st.lists(st.integers(0, 17), max_size=12)


def definition(leaves: Sequence[Hash]) -> Hash:
    """MTH as RFC 6962 writes it down, for at least one leaf."""
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return hash_children(definition(leaves[:middle]), definition(leaves[middle:]))


def subtree(level: int, index: int) -> Hash:
    return definition(LEAVES[index << level : (index + 1) << level])


ROOTS = [merkle_root(LEAVES[:size]) for size in SIZES]


def flipped(value: Hash, bit: int) -> Hash:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return Hash(bytes(changed))


def test_roots_follow_the_definition() -> None:
    assert ROOTS[1:] == [definition(LEAVES[:size]) for size in SIZES if size]
    assert [compact_range(size, subtree).root() for size in SIZES] == ROOTS


def test_every_leaf_of_every_size_is_shown() -> None:
    for size in SIZES:
        for index in range(size):
            verify_inclusion(LEAVES[index], index, size, inclusion_proof(index, size, subtree), ROOTS[size])


def test_every_pair_of_sizes_is_consistent() -> None:
    for new in SIZES:
        for old in range(new + 1):
            verify_consistency(old, ROOTS[old], new, ROOTS[new], consistency_proof(old, new, subtree))


def test_no_proof_serves_another_place_or_size() -> None:
    """Each leaf's proof in a tree of 13, tried for every other leaf, index and size up to 16."""
    for index in range(13):
        proof = inclusion_proof(index, 13, subtree)
        for other in range(16):
            for size in range(1, 17):
                if (other, size) != (index, 13):
                    with pytest.raises(InclusionError):
                        verify_inclusion(LEAVES[index], other, size, proof, ROOTS[size])
                    if other != index:
                        with pytest.raises(InclusionError):
                            verify_inclusion(LEAVES[other], index, 13, proof, ROOTS[13])


@given(splits)
def test_the_way_of_growing_leaves_no_trace(parts: list[int]) -> None:
    grown = CompactRange.EMPTY
    total = 0
    for part in parts:
        leaves = [LEAVES[(total + at) % LARGEST] for at in range(part)]
        grown = grown.extend(leaves)
        total += part
    assert grown == CompactRange.EMPTY.extend(LEAVES[at % LARGEST] for at in range(total))
    assert grown.size == total


@given(st.integers(0, LARGEST), st.data())
def test_batch_proofs_are_the_plain_ones(old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(old, LARGEST))
    proofs = batch_inclusion_proofs(CompactRange.EMPTY.extend(LEAVES[:old]), LEAVES[old:new])
    assert proofs == [inclusion_proof(index, new, subtree) for index in range(old, new)]


@given(st.integers(1, LARGEST), st.integers(0, 255), st.data())
def test_any_flipped_bit_refuses_inclusion(size: int, bit: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = list(inclusion_proof(index, size, subtree))
    leaf, root = LEAVES[index], ROOTS[size]
    for at in range(len(proof)):
        with pytest.raises(InclusionError):
            verify_inclusion(leaf, index, size, [*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]], root)
    with pytest.raises(InclusionError):
        verify_inclusion(flipped(leaf, bit), index, size, proof, root)
    with pytest.raises(InclusionError):
        verify_inclusion(leaf, index, size, proof, flipped(root, bit))
    for wrong in (proof[1:], proof[:-1], [*proof, leaf], [leaf, *proof]):
        if wrong != proof:
            with pytest.raises(InclusionError):
                verify_inclusion(leaf, index, size, wrong, root)


@given(st.integers(2, LARGEST), st.integers(0, 255), st.data())
def test_any_flipped_bit_refuses_consistency(new: int, bit: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof = list(consistency_proof(old, new, subtree))
    attempts = [
        (ROOTS[old], ROOTS[new], [*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]]) for at in range(len(proof))
    ]
    attempts += [(flipped(ROOTS[old], bit), ROOTS[new], proof), (ROOTS[old], flipped(ROOTS[new], bit), proof)]
    attempts += [(ROOTS[old], ROOTS[new], wrong) for wrong in (proof[1:], proof[:-1], [*proof, LEAVES[0]])]
    for old_root, new_root, wrong in attempts:
        with pytest.raises(ConsistencyError):
            verify_consistency(old, old_root, new, new_root, wrong)
