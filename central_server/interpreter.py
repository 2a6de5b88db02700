"""How Python itself is set for a server: the garbage collector, and how threads take turns.

Measured, not guessed: see ``docs/performance.md``.
"""

import gc
import sys

COLLECT_AFTER = 50_000
"""New objects before the garbage collector looks at them: what some batches of records make. A few MiB."""

SWITCH_SECONDS = 0.0001
"""After so long a thread that computes lets another run. With Python's own 5 ms an answer that asks for the interpreter
ten times waits 50 ms for a publisher that is rendering a snapshot."""


def settle_interpreter() -> None:
    """Call once, when all that stays for good is there: code, roster. The collector leaves it alone from then on.

    Looking through all of it again and again took a sixth of what a record costs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    sys.setswitchinterval(SWITCH_SECONDS)
