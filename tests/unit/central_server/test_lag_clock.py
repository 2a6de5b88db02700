"""A lag is how long the oldest missing entry has waited, whatever comes and goes meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from central_server.lag_clock import MAX_MARKS, LagClock

STEPS = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4), st.integers(0, 8)), max_size=60)


@given(STEPS)
def test_it_says_what_a_full_memory_would(steps: list[tuple[int, int, int]]) -> None:
    """Each step: so many entries come, so much time passes, so many are reached."""
    clock, arrived = LagClock(), list[int]()
    now = reached = 0
    for new, seconds, followed in steps:
        now += seconds
        arrived += [now] * new
        reached = min(len(arrived), reached + followed)
        clock.note(len(arrived), now)
        assert clock.seconds(reached, now) == (now - arrived[reached] if reached < len(arrived) else 0)


def test_its_memory_is_bounded_and_its_answer_stays() -> None:
    clock = LagClock()
    for now in range(10 * MAX_MARKS):
        clock.note(now + 1, now)
    assert len(clock._marks) <= MAX_MARKS
    assert clock.seconds(0, 10 * MAX_MARKS) == 10 * MAX_MARKS
    assert 0 <= clock.seconds(5 * MAX_MARKS, 10 * MAX_MARKS) <= 5 * MAX_MARKS
    assert clock.seconds(10 * MAX_MARKS, 10 * MAX_MARKS) == 0
