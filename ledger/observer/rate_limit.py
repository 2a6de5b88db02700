"""How often somebody may ask: so many times a second on average, and some more at once. No clock of its own."""

import threading
from collections.abc import Callable


class RateLimit:
    """A bucket of tokens for each name. For few names: the logs that a witness knows, or one for all."""

    def __init__(self, per_second: float, at_once: int, clock: Callable[[], float]) -> None:
        self._per_second, self._at_once, self._clock = per_second, at_once, clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def allows(self, name: str = "") -> bool:
        """Take a token; False where there is none."""
        now = self._clock()
        with self._lock:
            tokens, then = self._buckets.get(name, (float(self._at_once), now))
            tokens = min(float(self._at_once), tokens + (now - then) * self._per_second)
            allowed = tokens >= 1.0
            self._buckets[name] = (tokens - allowed, now)
            return allowed
