"""Several monitors' states held against each other: a log that shows different people different histories is caught.

Responsible for finding a fork between them. States come from others and are not believed: every head must be signed by
the log, and a tree must lead to its head.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.checkpoint import VerifiedCheckpoint, verify_checkpoint
from ledger.errors import FormatError, VerificationError
from ledger.evidence import Fork
from ledger.observer.fork_search import find_fork
from ledger.observer.monitor_state import KeptHead, MonitorState
from ledger.observer.tree import Tree
from ledger.policy import Policy


@dataclass(frozen=True, slots=True)
class _View:
    """``tree`` is that of ``top``, None where the monitor has judged no tree yet."""

    heads: dict[int, KeptHead]
    top: VerifiedCheckpoint | None
    tree: Tree


@dataclass(frozen=True, slots=True)
class Comparison:
    """``fork``: the first contradiction. ``heads``: signed heads that were compared; ``uncovered``: with no tree."""

    fork: Fork | None
    heads: int
    uncovered: int


def compare_states(
    directories: Sequence[Path], policy: Policy, receipts: Sequence[VerifiedCheckpoint] = ()
) -> Comparison:
    """``receipts``: the heads that they carry.

    Raises StorageError, FormatError(``OTHER_LOG``), SignatureError, VerificationError(``STATE_DAMAGED``).
    """
    views = [_read_view(directory, policy) for directory in directories]
    views += [_View({head.size: KeptHead(head.size, head.root, head.note, 0)}, None, Tree()) for head in receipts]
    origins = {view.top.origin for view in views if view.top is not None} | {head.origin for head in receipts}
    if len(origins) > 1:
        raise FormatError("OTHER_LOG", f"the states are about different logs: {', '.join(sorted(origins))}")
    fork = next(_forks(views), None)
    tallest = max((view.top.size for view in views if view.top is not None), default=0)
    sizes = [size for view in views for size in view.heads]
    return Comparison(fork, len(sizes), sum(size > tallest for size in sizes))


def _forks(views: Sequence[_View]) -> Iterator[Fork]:
    # Two heads of one size need no tree.
    seen: dict[int, KeptHead] = {}
    for view in views:
        for size, head in view.heads.items():
            other = seen.setdefault(size, head)
            fork = find_fork(other, _as_checkpoint(head), Tree().content) if other.root != head.root else None
            if fork is not None:
                yield fork
    for view in views:
        for head in (head for other in views for head in other.heads.values()):
            if view.top is not None and 0 < head.size <= view.top.size:
                fork = find_fork(head, view.top, view.tree.content) if _differs(head, view.tree) else None
                if fork is not None:
                    yield fork


def _differs(head: KeptHead, tree: Tree) -> bool:
    return tree.root_at(head.size) != head.root


def _as_checkpoint(head: KeptHead) -> VerifiedCheckpoint:
    """A head of a view: its note has been verified."""
    return VerifiedCheckpoint("", head.size, head.root, head.note, ())


def _read_view(directory: Path, policy: Policy) -> _View:
    keys = [log.key for log in policy.logs]
    with MonitorState(directory, make=False) as state:
        heads, origin = {head.size: head for head in state.heads()}, state.origin()
        tree = state.tree()
    checkpoints = {}
    for size, head in heads.items():
        checkpoint = checkpoints[size] = verify_checkpoint(head.note, keys)
        if (checkpoint.size, checkpoint.root, checkpoint.origin) != (size, head.root, origin):
            raise VerificationError("STATE_DAMAGED", f"{directory}: a head is not the one that its note signs")
    top = checkpoints.get(tree.size)
    if top is not None and tree.root_at(tree.size) != top.root:
        raise VerificationError("STATE_DAMAGED", f"{directory}: its leaf hashes are not those of its head")
    return _View(heads, top, tree)
