"""Which signed head is anchored next, and when: decisions only, from values that are passed in.

A head is anchored when it is larger than the contract's, at most once in an interval, and one at a time: while a
transaction is under way nothing else is sent. The newest head is taken; heads between are covered by its proof.
"""

from dataclasses import dataclass

from ledger.store.contract import TreeHead

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0
"""A chain that comes back is noticed within a minute."""


@dataclass(frozen=True, slots=True)
class AnchorPace:
    """``interval``: least time between two anchors. ``poll``: between two looks at a transaction under way.

    ``give_up``: when a transaction that is in no block by then counts as lost, and another may replace it. In seconds.
    """

    interval: float
    poll: float
    give_up: float


@dataclass(frozen=True, slots=True)
class AnchorNow:
    """Anchor this head."""

    head: TreeHead


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again in so many seconds."""

    seconds: float


def plan_anchor(
    pace: AnchorPace, *, anchored: TreeHead | None, newest: TreeHead | None, sent_at: float | None, now: float
) -> AnchorNow | Wait:
    """``anchored``: the contract's head. ``newest``: the newest published one. ``sent_at``: of the last transaction."""
    if sent_at is not None and now < sent_at + pace.interval:
        return Wait(sent_at + pace.interval - now)
    if newest is None or newest.size == 0 or (anchored is not None and newest.size <= anchored.size):
        return Wait(pace.interval)
    return AnchorNow(newest)


def plan_pending(pace: AnchorPace, *, dropped: bool, sent_at: float, now: float) -> Wait | None:
    """What to do about a transaction that is in no block: wait, or (None) count it as lost.

    Counting it as lost is safe even if it is executed later: the next attempt has the same nonce, and the contract
    takes no size twice.
    """
    if not dropped and now < sent_at + pace.give_up:
        return Wait(pace.poll)
    return None


def plan_retry(failures: int) -> float:
    """Seconds to wait after so many failures in a row (at least 1): doubling, up to a minute."""
    # The exponent is bounded, so that a chain which is down for days does not overflow a float.
    return min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 10))
