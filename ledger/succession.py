"""What a ``succession/1`` record does: a log has ended, and another one, which took its entries again, goes on.

Everything before it stays as the log before had it, index for index: what was counted counts. From here on the log is
of the next generation, and the contract that anchors it is the one that the record names. Refusals, by code:
    PARTS_INCOMPLETE       a log that never had all parts of its election has nothing to hand on
    POLLS_ARE_OPEN         the election key alone acts until the polls open, as in ``amendments``
    NOT_THE_PLACE          the entries before it are not as many as it says were taken again
    NOT_NEXT_GENERATION    a generation follows the one before
    UNSOUND_KEY            the log's key is a canonical point of the prime-order group
Whether the entries before it are those that it names, and whether it is this very log that it speaks of, is seen from
the tree and from the log's name (``observer.successions``): a fold knows neither.
"""

from ledger.key_check import is_sound_key
from ledger.primitives import KeyId
from ledger.rulings import Succession
from ledger.state import APPLIED, Outcome, Ruled, State, held


def apply_succession(state: State, index: int, body: Succession, signers: tuple[KeyId, ...]) -> Outcome:
    """Let it take effect, or say why it does not."""
    if not state.definition.complete:
        return held("PARTS_INCOMPLETE", "a succession came before the election was complete")
    if len(signers) == 1 and state.polls_opened:
        return held("POLLS_ARE_OPEN", "once the polls are open it takes two officials")
    if body.tree_size != index:
        return held("NOT_THE_PLACE", f"{body.tree_size} entries were taken again, and this is entry {index}")
    if body.generation != state.generation + 1:
        return held("NOT_NEXT_GENERATION", f"generation {body.generation} does not follow {state.generation}")
    if not is_sound_key(body.log_key):
        return held("UNSOUND_KEY", "the log's key is not of the prime-order group")
    state.successions.append((index, body))
    state.definition.chains = [body.chain]
    state.rulings.append(Ruled(index, "succeed_log", str(body.generation), body.reason, body.document))
    return APPLIED
