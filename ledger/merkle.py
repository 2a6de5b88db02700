"""The Merkle tree of RFC 6962, section 2.1: hashing, the compact range, and proofs made and checked.

Responsible for arithmetic on hashes and nothing else: no storage, no signatures, no idea of what an entry says. Proofs
are made from the roots of complete subtrees, asked for through a callable: a database, tiles or a list is behind it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from ledger.errors import ConsistencyError, FormatError, InclusionError
from ledger.primitives import Hash, sha256

Subtree = Callable[[int, int], Hash]
"""``subtree(level, index)``: root of the complete subtree of ``2**level`` leaves from leaf ``index * 2**level`` on."""

MAX_TREE_SIZE = 2**63 - 1
"""Sizes fit a signed 64-bit integer: what databases and the other implementations of these formats hold them in."""
EMPTY_ROOT: Hash = sha256(b"")


# Copying a begun hash takes less than beginning one, which looks the algorithm up each time.
_LEAF, _NODE = hashlib.sha256(b"\x00"), hashlib.sha256(b"\x01")


def hash_leaf(entry: bytes) -> Hash:
    state = _LEAF.copy()
    state.update(entry)
    # A digest has the right length. Asking again would take as long as the hash itself, several times for each entry.
    return bytes.__new__(Hash, state.digest())


def hash_children(left: bytes, right: bytes) -> Hash:
    state = _NODE.copy()
    state.update(left + right)
    return bytes.__new__(Hash, state.digest())


def hash_pairs(nodes: bytes) -> bytes:
    """The level above nodes of 32 bytes, which lie one after another in both; an odd last one has none above it."""
    digests = []
    for at in range(0, len(nodes) - 2 * Hash.SIZE + 1, 2 * Hash.SIZE):
        state = _NODE.copy()
        state.update(nodes[at : at + 2 * Hash.SIZE])
        digests.append(state.digest())
    return b"".join(digests)


def merkle_root(leaves: Sequence[Hash]) -> Hash:
    """The root over leaf hashes (made by hash_leaf); EMPTY_ROOT for none."""
    return CompactRange.EMPTY.extend(leaves).root()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """The frontier of a tree of ``size`` leaves: the roots of its complete subtrees, largest (leftmost) first.

    One node for each set bit of ``size``: all that is needed to append. Raises FormatError(``BAD_COMPACT_RANGE``).
    """

    EMPTY: ClassVar["CompactRange"]
    size: int
    nodes: tuple[Hash, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise FormatError("BAD_COMPACT_RANGE", f"a tree's size is from 0 to 2**63 - 1, not {self.size}")
        if len(self.nodes) != self.size.bit_count():
            raise FormatError("BAD_COMPACT_RANGE", f"{len(self.nodes)} nodes are no range of {self.size} leaves")

    @classmethod
    def parse(cls, size: int, data: bytes) -> Self:
        """Read the concatenated nodes that encode() wrote."""
        if len(data) % Hash.SIZE != 0:
            raise FormatError("BAD_COMPACT_RANGE", f"nodes are {Hash.SIZE} bytes each, so not {len(data)} in all")
        return cls(size, tuple(Hash(data[at : at + Hash.SIZE]) for at in range(0, len(data), Hash.SIZE)))

    def encode(self) -> bytes:
        return b"".join(self.nodes)

    def extend(self, leaves: Iterable[Hash]) -> "CompactRange":
        """The range after appending leaf hashes, in order."""
        size, nodes = self.size, list(self.nodes)
        for leaf in leaves:
            node = leaf
            # Each trailing one bit of the size is a complete subtree as large as the new one: the two become one.
            carry = size
            while carry & 1:
                node = hash_children(nodes.pop(), node)
                carry >>= 1
            nodes.append(node)
            size += 1
        return CompactRange(size, tuple(nodes))

    def root(self) -> Hash:
        return _fold(self.nodes[-1], self.nodes[-2::-1]) if self.nodes else EMPTY_ROOT


CompactRange.EMPTY = CompactRange(0, ())


def compact_range(size: int, subtree: Subtree) -> CompactRange:
    """The compact range of the first ``size`` leaves; its ``root()`` is that tree's root."""
    return CompactRange(size, tuple(subtree(*node) for node in _complete_subtrees(0, size)))


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[Hash, ...]:
    """PATH(index, D[size]), the leaf's sibling first. Raises FormatError(``OUT_OF_RANGE``) unless 0 <= index < size."""
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise FormatError("OUT_OF_RANGE", f"there is no leaf {index} in a tree of {size} leaves")
    siblings: list[tuple[int, int]] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            siblings.append((middle, high))
            high = middle
        else:
            siblings.append((low, middle))
            low = middle
    return tuple(range_root(*sibling, subtree) for sibling in reversed(siblings))


def consistency_proof(old_size: int, new_size: int, subtree: Subtree) -> tuple[Hash, ...]:
    """PROOF(old_size, D[new_size]); empty for an old size of 0 or equal sizes. Raises FormatError(``OUT_OF_RANGE``)."""
    if not 0 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise FormatError("OUT_OF_RANGE", f"a tree of {new_size} leaves does not extend one of {old_size}")
    if old_size == 0:
        return ()
    ranges: list[tuple[int, int]] = []
    low, high = 0, new_size
    while high != old_size:
        middle = low + split(high - low)
        if old_size <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    # The old tree's last subtree is named, unless it is the whole old tree, whose root the verifier holds already.
    if low > 0:
        ranges.append((low, high))
    return tuple(range_root(*part, subtree) for part in reversed(ranges))


def verify_inclusion(leaf_hash: Hash, index: int, size: int, proof: Sequence[Hash], root: Hash) -> None:
    """Raises InclusionError(``BAD_INCLUSION_PROOF``) unless ``proof`` leads from the leaf at ``index`` to ``root``."""
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise InclusionError("BAD_INCLUSION_PROOF", f"there is no leaf {index} in a tree of {size} leaves")
    # Below the level where the paths of this leaf and the last leaf meet, each level has a sibling, on the side that a
    # bit of the index tells. Above it, this node is on the right edge, and only siblings on the left exist.
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise InclusionError("BAD_INCLUSION_PROOF", f"the proof has {len(proof)} hashes, not {inner + border}")
    if _fold(_climb(leaf_hash, index, proof[:inner]), proof[inner:]) != root:
        raise InclusionError("BAD_INCLUSION_PROOF", f"the proof of leaf {index} leads to another root than the tree's")


def verify_consistency(old_size: int, old_root: Hash, new_size: int, new_root: Hash, proof: Sequence[Hash]) -> None:
    """Raises ConsistencyError(``BAD_CONSISTENCY_PROOF``) unless the new tree is shown to begin with the old one.

    Any tree extends the empty one and each extends itself; in both cases the proof must be empty.
    """
    if not 0 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise _inconsistent(f"a tree of {new_size} leaves does not extend one of {old_size}")
    if old_size == 0 or old_size == new_size:
        if proof:
            raise _inconsistent(f"the proof from {old_size} to {new_size} must be empty, but has {len(proof)} hashes")
        if old_size == 0 and old_root != EMPTY_ROOT:
            raise _inconsistent("the root of an empty tree is the hash of nothing")
        if old_size == new_size and old_root != new_root:
            raise _inconsistent(f"two roots for the same size of {old_size}")
        return
    # Both trees share the old tree's last complete subtree, ``2**skipped`` leaves wide. From it the proof climbs as an
    # inclusion proof does; the old root follows from the left siblings alone.
    last = old_size - 1
    skipped = (old_size & -old_size).bit_length() - 1
    inner = (last ^ (new_size - 1)).bit_length() - skipped
    border = (last >> (inner + skipped)).bit_count()
    whole = old_size == 1 << skipped
    expected = inner + border + (0 if whole else 1)
    if len(proof) != expected:
        raise _inconsistent(f"the proof from {old_size} to {new_size} has {len(proof)} hashes, not {expected}")
    seed, path = (old_root, proof) if whole else (proof[0], proof[1:])
    left = [sibling for bit, sibling in enumerate(path[:inner]) if last >> (bit + skipped) & 1]
    if _fold(seed, [*left, *path[inner:]]) != old_root:
        raise _inconsistent(f"the proof leads to another old root at {old_size}")
    if _fold(_climb(seed, last >> skipped, path[:inner]), path[inner:]) != new_root:
        raise _inconsistent(f"the proof leads to another new root at {new_size}")


def _inconsistent(message: str) -> ConsistencyError:
    return ConsistencyError("BAD_CONSISTENCY_PROOF", message)


def _climb(node: Hash, index: int, siblings: Sequence[Hash]) -> Hash:
    for sibling in siblings:
        node = hash_children(sibling, node) if index & 1 else hash_children(node, sibling)
        index >>= 1
    return node


def _fold(node: Hash, siblings: Sequence[Hash]) -> Hash:
    """Up the right edge, where each sibling is on the left."""
    for sibling in siblings:
        node = hash_children(sibling, node)
    return node


def split(count: int) -> int:
    """The largest power of two smaller than ``count`` (at least 2): where RFC 6962 divides a tree."""
    return 1 << ((count - 1).bit_length() - 1)


def _complete_subtrees(low: int, high: int) -> Iterator[tuple[int, int]]:
    """(level, index) of the complete subtrees that make up leaves low … high - 1, largest first; low is aligned."""
    for level in reversed(range((high - low).bit_length())):
        if (high - low) >> level & 1:
            yield level, low >> level
            low += 1 << level


def range_root(low: int, high: int, subtree: Subtree) -> Hash:
    """The root of leaves low … high - 1, one part of a tree that RFC 6962 divides."""
    *left, last = [subtree(*node) for node in _complete_subtrees(low, high)]
    return _fold(last, left[::-1])
