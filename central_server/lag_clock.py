"""How long the oldest entry that a follower has not reached has been waiting. Pure: time is told, not read."""

from collections import deque

MAX_MARKS = 512
"""Remembered at a time. When there are more, every second one goes: the answer then errs by as much, not the memory."""


class LagClock:
    """Is told the size that is to be followed, again and again; times are in seconds, from any start."""

    def __init__(self) -> None:
        self._marks: deque[tuple[int, float]] = deque()

    def note(self, size: int, now: float) -> None:
        """The log has ``size`` entries now."""
        if not self._marks or size > self._marks[-1][0]:
            self._marks.append((size, now))
            if len(self._marks) > MAX_MARKS:
                # The oldest stays, for it is the answer.
                self._marks = deque(list(self._marks)[::2])

    def seconds(self, reached: int, now: float) -> float:
        """Since the first note of a size above ``reached``; 0.0 where there was none."""
        while self._marks and self._marks[0][0] <= reached:
            self._marks.popleft()
        return now - self._marks[0][1] if self._marks else 0.0
