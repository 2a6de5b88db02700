"""The contract and ledger.merkle give the same verdict on any proof, however it was tampered with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.anchor.contract_code import encode_anchor_call
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.errors import ConsistencyError
from ledger.merkle import verify_consistency
from ledger.primitives import Hash, sha256
from tests.contracts.contract_harness import CHAIN_ID, START, Deployed, Tree, deploy

LARGEST = 70


class Contracts:
    """One contract for each size that was anchored last."""

    def __init__(self, chain: EmbeddedChain, tree: Tree) -> None:
        self.chain, self.tree = chain, tree
        self._by_size: dict[int, Deployed] = {}

    def anchored_at(self, size: int) -> Deployed:
        if size not in self._by_size:
            self._by_size[size], _ = deploy(self.chain, b"%d" % size)
            assert self._by_size[size].anchor(self.tree.head(size), ())[0]
        return self._by_size[size]


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory, tree: Tree) -> Iterator[Contracts]:
    directory: Path = tmp_path_factory.mktemp("chain")
    chain = EmbeddedChain.create(directory, CHAIN_ID, {}, lambda: START)
    yield Contracts(chain, tree)
    chain.close()


@st.composite
def tampered_proofs(draw: st.DrawFn) -> tuple[int, int, tuple[int, int], list[tuple[str, int]]]:
    """An old and a new size, the sizes that the proof is really for, and edits to it."""
    old = draw(st.integers(1, LARGEST - 1))
    new = draw(st.integers(old + 1, LARGEST))
    other_old = draw(st.one_of(st.just(old), st.integers(1, new - 1)))
    other_new = draw(st.one_of(st.just(new), st.integers(other_old + 1, LARGEST)))
    edit = st.tuples(st.sampled_from(["drop", "swap", "change", "repeat"]), st.integers(0, 63))
    return old, new, (other_old, other_new), draw(st.lists(edit, max_size=2))


def apply_edits(proof: tuple[Hash, ...], edits: list[tuple[str, int]]) -> tuple[Hash, ...]:
    hashes = list(proof)
    for how, place in edits:
        if not hashes:
            break
        at = place % len(hashes)
        if how == "drop":
            del hashes[at]
        elif how == "swap":
            hashes[at], hashes[0] = hashes[0], hashes[at]
        elif how == "change":
            hashes[at] = sha256(hashes[at])
        else:
            hashes.insert(at, hashes[at])
    return tuple(hashes)


@settings(max_examples=200)
@given(case=tampered_proofs())
def test_contract_agrees_with_the_library(
    contracts: Contracts, case: tuple[int, int, tuple[int, int], list[tuple[str, int]]]
) -> None:
    old, new, real, edits = case
    tree, deployed = contracts.tree, contracts.anchored_at(old)
    proof, old_head, head = apply_edits(tree.proof(*real), edits), tree.head(old), tree.head(new)
    try:
        verify_consistency(old, old_head.root, new, head.root, proof)
    except ConsistencyError:
        expected = False
    else:
        expected = True
    reason = deployed.refusal(encode_anchor_call(head, proof, deployed.sign(head)))
    assert (reason is None) == expected, reason
