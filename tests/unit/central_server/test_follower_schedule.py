"""When things are due."""

import pytest

from central_server.follower_schedule import Rhythm, plan_checkpoint, plan_snapshot


@pytest.mark.parametrize(
    ("now", "last", "due"), [(100.0, None, True), (104.9, 100.0, False), (105.0, 100.0, True), (99.0, 100.0, True)]
)
def test_an_interval_passes_unless_the_clock_went_back(now: float, last: float | None, due: bool) -> None:
    assert Rhythm(now, closing=False).allows(last, 5.0) is due
    assert Rhythm(now, closing=True).allows(last, 5.0)


@pytest.mark.parametrize(("complete", "news"), [(True, False), (False, True), (False, False)])
def test_no_snapshot_without_an_election_or_without_news(complete: bool, news: bool) -> None:
    for closing in (True, False):
        rhythm = Rhythm(100.0, closing)
        assert not plan_snapshot(rhythm, complete=complete, news=news, last=None, minimum_seconds=5.0)
        assert plan_snapshot(rhythm, complete=True, news=True, last=None, minimum_seconds=5.0)


def test_a_checkpoint_is_published_for_another_head_once_a_second() -> None:
    rhythm = Rhythm(100.0, closing=False)
    assert plan_checkpoint(rhythm, head_size=5, published_size=4, last=99.0)
    assert not plan_checkpoint(rhythm, head_size=5, published_size=4, last=99.5)
    assert not plan_checkpoint(rhythm, head_size=5, published_size=5, last=None)
    # A folder that is ahead of the log is for the publication to refuse, loudly.
    assert plan_checkpoint(rhythm, head_size=4, published_size=5, last=None)
