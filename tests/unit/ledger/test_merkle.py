"""The tree's hashes, range and proofs: against another implementation's vectors, and at the edges of each argument."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ledger.batch_proofs import batch_inclusion_proofs
from ledger.errors import ConsistencyError, FormatError, InclusionError
from ledger.merkle import (
    EMPTY_ROOT,
    MAX_TREE_SIZE,
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

LARGEST = 70_000
EVERY_SIZE = 70


@pytest.fixture(scope="module")
def vectors(repository: Path) -> Any:
    return json.loads((repository / "tests/vectors/rfc6962/tree.json").read_text())


@pytest.fixture(scope="module")
def leaves() -> list[Hash]:
    return [hash_leaf(b"entry %d" % index) for index in range(LARGEST)]


@pytest.fixture(scope="module")
def subtree(leaves: list[Hash]) -> Callable[[int, int], Hash]:
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([hash_children(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return lambda level, index: levels[level][index]


def digest(proofs: Sequence[Sequence[Hash]]) -> str:
    return hashlib.sha256(b"".join(bytes([len(path)]) + b"".join(path) for path in proofs)).hexdigest()


@pytest.mark.independent
def test_roots_are_those_of_another_implementation(vectors: Any, leaves: list[Hash]) -> None:
    assert len(vectors["roots"]) == 78
    for size, root in vectors["roots"].items():
        assert merkle_root(leaves[: int(size)]).base64() == root


@pytest.mark.independent
def test_all_inclusion_proofs_are_those_of_another_implementation(
    vectors: Any, subtree: Callable[[int, int], Hash]
) -> None:
    found = [
        digest([inclusion_proof(index, size, subtree) for index in range(size)]) for size in range(1, EVERY_SIZE + 1)
    ]
    assert found == vectors["inclusion_digests"]


@pytest.mark.independent
def test_all_consistency_proofs_are_those_of_another_implementation(
    vectors: Any, subtree: Callable[[int, int], Hash]
) -> None:
    found = [
        digest([consistency_proof(old, size, subtree) for old in range(1, size + 1)])
        for size in range(1, EVERY_SIZE + 1)
    ]
    assert found == vectors["consistency_digests"]


@pytest.mark.independent
def test_single_proofs_are_those_of_another_implementation(vectors: Any, subtree: Callable[[int, int], Hash]) -> None:
    for case in vectors["inclusions"]:
        path = inclusion_proof(case["index"], case["size"], subtree)
        assert [node.base64() for node in path] == case["path"]
        root = Hash.from_base64(vectors["roots"][str(case["size"])])
        verify_inclusion(subtree(0, case["index"]), case["index"], case["size"], path, root)
    for case in vectors["consistencies"]:
        path = consistency_proof(case["old"], case["size"], subtree)
        assert [node.base64() for node in path] == case["path"]
        if {str(case["old"]), str(case["size"])} <= set(vectors["roots"]):
            old, new = (Hash.from_base64(vectors["roots"][str(case[name])]) for name in ("old", "size"))
            verify_consistency(case["old"], old, case["size"], new, path)


def test_a_batch_on_a_large_tree_has_the_plain_proofs(leaves: list[Hash], subtree: Callable[[int, int], Hash]) -> None:
    before = compact_range(65_500, subtree)
    proofs = batch_inclusion_proofs(before, leaves[65_500:65_600])
    assert proofs == [inclusion_proof(index, 65_600, subtree) for index in range(65_500, 65_600)]


def test_the_empty_tree() -> None:
    assert merkle_root([]) == EMPTY_ROOT == hashlib.sha256().digest()
    assert CompactRange.EMPTY.root() == EMPTY_ROOT
    assert CompactRange.EMPTY.extend([]) == CompactRange.EMPTY
    assert batch_inclusion_proofs(CompactRange.EMPTY, []) == []


def test_a_leaf_is_no_inner_node() -> None:
    """The prefixes keep a node's content from passing for an entry."""
    left, right = hash_leaf(b"a"), hash_leaf(b"b")
    assert hash_leaf(left + right) != hash_children(left, right)


def test_range_survives_encoding(leaves: list[Hash]) -> None:
    found = CompactRange.EMPTY.extend(leaves[:13])
    assert len(found.nodes) == 3
    assert CompactRange.parse(13, found.encode()) == found


@pytest.mark.parametrize(("size", "length"), [(13, 64), (13, 128), (13, 95), (0, 32), (-1, 32), (2**63, 32), (1, 0)])
def test_range_with_other_nodes_than_its_size_has_is_refused(size: int, length: int) -> None:
    with pytest.raises(FormatError) as caught:
        CompactRange.parse(size, bytes(length))
    assert caught.value.code == "BAD_COMPACT_RANGE"


def test_range_does_not_grow_past_the_largest_size(leaves: list[Hash]) -> None:
    full = CompactRange(MAX_TREE_SIZE, tuple(leaves[:63]))
    with pytest.raises(FormatError):
        full.extend(leaves[:1])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (0, 2**63), (5, 4)])
def test_no_inclusion_proof_outside_the_tree(
    index: int, size: int, subtree: Callable[[int, int], Hash], leaves: list[Hash]
) -> None:
    with pytest.raises(FormatError):
        inclusion_proof(index, size, subtree)
    with pytest.raises(InclusionError):
        verify_inclusion(leaves[0], index, size, (), leaves[0])


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (1, 2**63), (1, 0)])
def test_no_consistency_proof_between_such_sizes(
    old: int, new: int, subtree: Callable[[int, int], Hash], leaves: list[Hash]
) -> None:
    with pytest.raises(FormatError):
        consistency_proof(old, new, subtree)
    with pytest.raises(ConsistencyError):
        verify_consistency(old, leaves[0], new, leaves[0], ())


def test_a_proof_longer_than_the_tree_is_high_is_refused_even_where_it_leads_to_the_root(leaves: list[Hash]) -> None:
    leaf, other, third = leaves[:3]
    with pytest.raises(InclusionError):
        verify_inclusion(leaf, 0, 1, (other,), hash_children(other, leaf))
    with pytest.raises(InclusionError):
        verify_inclusion(leaf, 0, 2, (other, third), hash_children(third, hash_children(leaf, other)))
    old, new = merkle_root(leaves[:3]), merkle_root(leaves[:4])
    proof = (third, leaves[3], hash_children(leaf, other))
    verify_consistency(3, old, 4, new, proof)
    with pytest.raises(ConsistencyError):
        verify_consistency(3, hash_children(leaf, old), 4, hash_children(leaf, new), (*proof, leaf))


def test_consistency_with_an_empty_tree_or_an_equal_one_is_strict(leaves: list[Hash]) -> None:
    one, two = leaves[0], leaves[1]
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    verify_consistency(0, EMPTY_ROOT, 1, one, ())
    verify_consistency(1, one, 1, one, ())
    refused: list[tuple[int, Hash, int, Hash, tuple[Hash, ...]]] = [
        (0, one, 1, one, ()),
        (0, EMPTY_ROOT, 0, one, ()),
        (0, one, 0, one, ()),
        (0, EMPTY_ROOT, 1, one, (two,)),
        (1, one, 1, two, ()),
        (1, one, 1, one, (two,)),
    ]
    for arguments in refused:
        with pytest.raises(ConsistencyError) as caught:
            verify_consistency(*arguments)
        assert caught.value.code == "BAD_CONSISTENCY_PROOF"
