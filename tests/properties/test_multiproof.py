"""One proof for several entries: it holds for exactly these entries of exactly this tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InclusionError
from ledger.merkle import CompactRange, hash_leaf, inclusion_proof, merkle_root
from ledger.multiproof import multi_proof, verify_multi_proof
from ledger.primitives import Hash, sha256

LEAVES = [hash_leaf(b"entry %d" % number) for number in range(300)]


def subtree(level: int, index: int) -> Hash:
    return CompactRange.EMPTY.extend(LEAVES[index << level : (index + 1) << level]).root()


@st.composite
def trees(draw: st.DrawFn) -> tuple[int, list[int]]:
    size = draw(st.integers(1, len(LEAVES)))
    return size, sorted(draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=12)))


@given(trees())
def test_what_is_proved_verifies(tree: tuple[int, list[int]]) -> None:
    size, indices = tree
    proof = multi_proof(indices, size, subtree)
    verify_multi_proof({one: LEAVES[one] for one in indices}, size, proof, merkle_root(LEAVES[:size]))
    assert len(proof) <= sum(len(inclusion_proof(one, size, subtree)) for one in indices)


@given(trees())
def test_of_one_entry_it_has_the_hashes_of_an_inclusion_proof(tree: tuple[int, list[int]]) -> None:
    size, indices = tree
    assert sorted(multi_proof(indices[:1], size, subtree)) == sorted(inclusion_proof(indices[0], size, subtree))


@given(trees(), st.data())
def test_nothing_else_verifies(tree: tuple[int, list[int]], data: st.DataObject) -> None:
    size, indices = tree
    root, proof = merkle_root(LEAVES[:size]), list(multi_proof(indices, size, subtree))
    leaves = {one: LEAVES[one] for one in indices}
    change = data.draw(st.sampled_from(["leaf", "place", "beyond", "root", "hash", "fewer", "more"]))
    if change == "leaf":
        leaves[data.draw(st.sampled_from(indices))] = sha256(b"other")
    elif change == "place":
        moved = data.draw(st.sampled_from(indices))
        other = data.draw(st.integers(0, size + 1).filter(lambda one: one not in leaves))
        leaves[other] = leaves.pop(moved)
    elif change == "beyond":
        # Of the sizes above, a proof of this form may hold for more than one: the checkpoint signs the size.
        size = data.draw(st.integers(0, max(indices)))
    elif change == "root":
        root = sha256(root)
    elif change == "hash" and proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        proof[place] = sha256(proof[place])
    elif change == "fewer" and proof:
        del proof[data.draw(st.integers(0, len(proof) - 1))]
    else:
        proof.append(sha256(b"more"))
    with pytest.raises(InclusionError):
        verify_multi_proof(leaves, size, proof, root)


def test_no_entry_proves_nothing() -> None:
    with pytest.raises(InclusionError):
        verify_multi_proof({}, 1, [LEAVES[0]], LEAVES[0])
