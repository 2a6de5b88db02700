"""The inclusion proofs of a whole batch of leaves at once, in the tree right after it: what receipts are made of.

Pure arithmetic, as ``merkle``; leaves share the work of the nodes above them.
"""

from collections.abc import Sequence

from ledger.merkle import CompactRange, hash_children
from ledger.primitives import Hash


def batch_inclusion_proofs(before: CompactRange, leaves: Sequence[Hash]) -> list[tuple[Hash, ...]]:
    """The proof of each of the batch's leaves in the tree right after the batch, from the range before it alone."""
    levels = _batch_levels(before, leaves)
    if not levels:
        return []
    # Paths grow from the root down, so that leaves share the work of the nodes above them.
    paths: list[tuple[Hash, ...]] = [()]
    start_above = 0
    for start, nodes in reversed(levels):
        paths_here = []
        for index in range(start, start + len(nodes)):
            above, sibling = paths[(index >> 1) - start_above], (index ^ 1) - start
            # The rightmost node of an odd level has no sibling and moves up unchanged.
            paths_here.append((nodes[sibling], *above) if sibling < len(nodes) else above)
        paths, start_above = paths_here, start
    return paths[before.size - start_above :]


def _batch_levels(before: CompactRange, leaves: Sequence[Hash]) -> list[tuple[int, list[Hash]]]:
    """Each level's nodes from the batch's left edge rightwards, with the first one's index; leaves first, no root.

    The left edge needs one node of the range exactly where its index is odd: where the size before has that bit set.
    """
    if not leaves:
        return []
    frontier = list(before.nodes)
    start, nodes = before.size, list(leaves)
    levels: list[tuple[int, list[Hash]]] = []
    while start > 0 or len(nodes) > 1:
        if start & 1:
            nodes.insert(0, frontier.pop())
            start -= 1
        levels.append((start, nodes))
        above = [hash_children(nodes[at], nodes[at + 1]) for at in range(0, len(nodes) - 1, 2)]
        if len(nodes) & 1:
            above.append(nodes[-1])
        start, nodes = start >> 1, above
    return levels or [(0, nodes)]
