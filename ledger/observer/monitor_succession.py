"""What a monitor remembers of a log that has ended, held against the successor that claims to go on from it.

A monitor saw heads that the old log signed, and was given its receipts. The successor has the same tree as far as it
took entries again, and its record names the last head that was signed: a head that fits neither shows that the record
is wrong, or hides something.
"""

from collections.abc import Iterator, Sequence

from ledger.errors import FormatError
from ledger.observer.findings import Finding
from ledger.observer.former_heads import judge_former
from ledger.observer.monitor_state import FormerHead, MonitorState
from ledger.observer.origin import parse_origin
from ledger.observer.tree import Tree
from ledger.rulings import Succession


def is_later(origin: str, known: str | None) -> bool:
    """Whether the log ``origin`` is of a later generation than the log ``known``, of the same election."""
    try:
        new, old = parse_origin(origin), parse_origin(known or "")
    except FormatError:
        return False
    return new.of_generation(1) == old.of_generation(1) and new.generation > old.generation


def hold_former(
    state: MonitorState, tree: Tree, successions: Sequence[tuple[int, Succession]]
) -> Iterator[tuple[Finding, FormerHead]]:
    """Heads that do not fit. Those that the tree contains need no watching any more, and are forgotten."""
    by_generation = {body.generation: (index, body) for index, body in successions}
    contained: list[FormerHead] = []
    for former in state.former_heads():
        after = by_generation.get(parse_origin(former.origin).generation + 1)
        if after is None:
            # Of a generation that was never handed over: the audit has said that the log's name is wrong.
            continue
        finding = judge_former(former.head.size, former.head.root, *after, tree)
        if finding is not None:
            yield finding, former
        elif former.head.size <= after[1].tree_size:
            contained.append(former)
    state.drop_former(contained)
