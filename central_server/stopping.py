"""How the server is told to stop: by SIGTERM or SIGINT, once to end in order, and once more to hurry.

Told once, it answers what it has begun, and followers catch up. Told twice, nobody is waited for: what is left undone
is done after the next start.
"""

import contextlib
import signal
from collections.abc import Callable, Iterator

_JUMP_SECONDS = 3_600.0


class StopSignals:
    """``on_signal`` may be set; it is called in the main thread for each signal that comes."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ahead = 0.0
        self._told = 0
        self.on_signal: Callable[[], None] | None = None

    @property
    def asked(self) -> bool:
        return self._told > 0

    @property
    def hurried(self) -> bool:
        return self._told > 1

    def patience(self) -> float:
        """A monotonic clock in seconds for all that waits with a bound: once hurried, every bound is over at once."""
        if self.hurried:
            self._ahead += _JUMP_SECONDS
        return self._monotonic() + self._ahead

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """Take the signals until the end. From the main thread only."""
        numbers = signal.SIGTERM, signal.SIGINT
        before = [signal.signal(number, self._take) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def _take(self, *_: object) -> None:
        self._told += 1
        if self.on_signal is not None:
            self.on_signal()
