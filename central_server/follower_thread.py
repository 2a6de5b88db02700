"""A thread for one follower of the log: it takes step after step, and a failed step delays nobody else.

Responsible for when a step is taken and for what is told of failures. What a step does is the follower's business; so
is that a step may be repeated after any failure.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from ledger.errors import TunukError

PAUSE_SECONDS = 0.2
"""Between two steps at least: a busy night wakes the follower all the time, and larger steps cost less."""

RETRY_SECONDS = 5.0

_T = TypeVar("_T")


class FollowerThread:
    """``step`` returns the seconds until the next one (less when woken); ``close`` does what is still to be done.

    Both run in the thread. ``close`` returns True when all is done, and is asked again while time remains.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], float],
        close: Callable[[], bool],
        report: Callable[[str, TunukError], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._name = name
        self._step = step
        self._close = close
        self._report = report
        self._monotonic = monotonic
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._deadline = 0.0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.problem: str | None = None
        """Code of the last step's failure; ``STOPPED`` once the thread has ended, whatever the reason."""

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the log."""
        self._wake.set()

    def stop(self, seconds: float) -> bool:
        """Let the follower finish what it can within these seconds; whether its thread has ended."""
        self._deadline = self._monotonic() + seconds
        self._stop.set()
        self._wake.set()
        self._thread.join(seconds + RETRY_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                seconds = self._attempt(self._step, RETRY_SECONDS)
                self._stop.wait(PAUSE_SECONDS)
                self._wake.wait(max(0.0, seconds - PAUSE_SECONDS))
                self._wake.clear()
            while not self._attempt(self._close, False) and self._monotonic() < self._deadline:
                # Nothing sets this once more: it is a pause.
                threading.Event().wait(PAUSE_SECONDS)
        finally:
            self.problem = self.problem or "STOPPED"

    def _attempt(self, action: Callable[[], _T], otherwise: _T) -> _T:
        try:
            result = action()
        except TunukError as error:
            self.problem = error.code
            self._report(self._name, error)
            return otherwise
        self.problem = None
        return result
