"""Inclusion of several entries in one tree, by one proof that has each hash once.

The tree is divided as RFC 6962 divides it. Walked from the left, a part that holds none of the entries stands as its
hash, in this order; a part that holds some is divided further. So the hashes need no places, and there is one proof.
"""

from collections.abc import Iterator, Mapping, Sequence

from ledger.errors import InclusionError
from ledger.merkle import MAX_TREE_SIZE, Subtree, hash_children, range_root, split
from ledger.primitives import Hash


def multi_proof(indices: Sequence[int], size: int, subtree: Subtree) -> tuple[Hash, ...]:
    """``indices`` are distinct, ascending, and below ``size``."""
    return tuple(_prove(sorted(indices), 0, size, subtree))


def verify_multi_proof(leaves: Mapping[int, Hash], size: int, proof: Sequence[Hash], root: Hash) -> None:
    """``leaves``: leaf hash by index. Raises InclusionError(``BAD_INCLUSION_PROOF``)."""
    indices = sorted(leaves)
    if not indices or not 0 <= indices[0] <= indices[-1] < size <= MAX_TREE_SIZE:
        raise InclusionError("BAD_INCLUSION_PROOF", f"entries {indices[:3]}… are not those of a tree of {size}")
    rest = iter(proof)
    if _root(indices, leaves, 0, size, rest) != root or next(rest, None) is not None:
        raise InclusionError("BAD_INCLUSION_PROOF", "the entries and hashes do not lead to the root")


def _prove(indices: Sequence[int], low: int, high: int, subtree: Subtree) -> Iterator[Hash]:
    if not indices:
        yield range_root(low, high, subtree)
    elif high - low > 1:
        middle = low + split(high - low)
        yield from _prove([one for one in indices if one < middle], low, middle, subtree)
        yield from _prove([one for one in indices if one >= middle], middle, high, subtree)


def _root(indices: Sequence[int], leaves: Mapping[int, Hash], low: int, high: int, rest: Iterator[Hash]) -> Hash:
    if not indices:
        known = next(rest, None)
        if known is None:
            raise InclusionError("BAD_INCLUSION_PROOF", "the proof has too few hashes")
        return known
    if high - low == 1:
        return leaves[low]
    middle = low + split(high - low)
    left = _root([one for one in indices if one < middle], leaves, low, middle, rest)
    return hash_children(left, _root([one for one in indices if one >= middle], leaves, middle, high, rest))
