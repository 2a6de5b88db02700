"""What the operator reads while the server runs: one line an event on standard error, and no flood of the same one."""

import contextlib
import threading
from collections.abc import Callable
from typing import TextIO

from ledger.errors import TunukError

REPEAT_SECONDS = 60.0
"""A fault that stays is told again after this long."""


class OperatorLog:
    """For any thread. ``monotonic`` is in seconds."""

    def __init__(self, stream: TextIO, monotonic: Callable[[], float]) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], float] = {}

    def tell(self, source: str, words: str) -> None:
        """A line that cannot be written is lost: it may go to a file on the very disk that is full. Serving goes on."""
        with self._lock, contextlib.suppress(OSError):
            print(f"{source}: {words}", file=self._stream, flush=True)

    def tell_error(self, source: str, error: TunukError) -> None:
        """The same code from the same source is told once a minute. Sources and codes are few: nothing grows."""
        now, key = self._monotonic(), (source, error.code)
        with self._lock:
            if now - self._told.get(key, -REPEAT_SECONDS) < REPEAT_SECONDS:
                return
            self._told[key] = now
        self.tell(source, f"{error.code}: {error.message}")
