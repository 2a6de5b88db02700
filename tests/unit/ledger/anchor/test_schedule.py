"""What is anchored when: decided from values alone."""

import pytest

from ledger.anchor.schedule import AnchorNow, AnchorPace, Wait, plan_anchor, plan_pending, plan_retry
from ledger.primitives import sha256
from ledger.store.contract import TreeHead

PACE = AnchorPace(interval=10.0, poll=1.0, give_up=60.0)
SMALL, LARGE = TreeHead(5, sha256(b"5")), TreeHead(8, sha256(b"8"))


@pytest.mark.parametrize(
    ("anchored", "newest", "sent_at", "expected"),
    [
        (None, None, None, Wait(10.0)),
        (None, TreeHead(0, sha256(b"")), None, Wait(10.0)),
        (None, SMALL, None, AnchorNow(SMALL)),
        (SMALL, SMALL, None, Wait(10.0)),
        (LARGE, SMALL, None, Wait(10.0)),
        (SMALL, LARGE, None, AnchorNow(LARGE)),
        (SMALL, LARGE, 97.0, Wait(7.0)),
        (SMALL, LARGE, 90.0, AnchorNow(LARGE)),
    ],
)
def test_the_newest_larger_head_once_an_interval(
    anchored: TreeHead | None, newest: TreeHead | None, sent_at: float | None, expected: AnchorNow | Wait
) -> None:
    assert plan_anchor(PACE, anchored=anchored, newest=newest, sent_at=sent_at, now=100.0) == expected


def test_a_transaction_under_way_is_waited_for_within_bounds() -> None:
    assert plan_pending(PACE, dropped=False, sent_at=41.0, now=100.0) == Wait(1.0)
    assert plan_pending(PACE, dropped=False, sent_at=40.0, now=100.0) is None
    assert plan_pending(PACE, dropped=True, sent_at=99.0, now=100.0) is None


def test_retries_slow_down_to_a_minute() -> None:
    assert [plan_retry(failures) for failures in (1, 2, 3, 6, 7, 100_000)] == [1.0, 2.0, 4.0, 32.0, 60.0, 60.0]
