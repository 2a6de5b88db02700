"""Shares on the results pages never add up to more than everything, whatever the votes are."""

from hypothesis import given
from hypothesis import strategies as st

from central_server.pages.figures import share, width


@given(st.lists(st.integers(0, 2**53 - 1), min_size=1, max_size=30))
def test_shares_never_exceed_a_hundred_percent(votes: list[int]) -> None:
    total = sum(votes)
    shares = [share(count, total) for count in votes]
    if total == 0:
        assert shares == [None] * len(votes)
        return
    hundredths = [row for row in shares if row is not None]
    # Each loses less than a hundredth of a percent by being rounded down.
    assert 10_000 - len(votes) < sum(hundredths) <= 10_000
    assert all(
        10_000 * count - total < row * total <= 10_000 * count for count, row in zip(votes, hundredths, strict=True)
    )


@given(st.integers(0, 2**53 - 1), st.integers(1, 2**53 - 1))
def test_all_of_it_is_shown_only_when_all_is_there(part: int, whole: int) -> None:
    hundredths = share(part, whole)
    assert hundredths is not None
    assert (hundredths >= 10_000) == (part >= whole)
    assert (width(hundredths) == "100") == (part >= whole)
