"""A signed head of a log that has ended, held against the succession that hands over from it."""

from ledger.observer.findings import Finding
from ledger.observer.tree import Tree
from ledger.primitives import Hash
from ledger.rulings import Succession


def judge_former(size: int, root: Hash, index: int, body: Succession, tree: Tree) -> Finding | None:
    """What is wrong with the succession at ``index``, if the log before has signed this head; ``tree`` is its own.

    Up to what was taken again both logs have one tree; beyond, the record names the last head that was signed.
    """
    if size > body.last_size:
        return Finding("SUCCESSION_HIDES", index, None, {"size": size, "named": body.last_size})
    known = tree.root_at(size) if size <= body.tree_size else body.last_root if size == body.last_size else root
    return None if root == known else Finding("SUCCESSION_DIFFERS", index, None, {"size": size, "signed": root.hex()})
