"""Writes notices for people: time, code, sentence, cause, details, one line each.

A noisy line or a long outage repeats itself many times a minute: the same code is written once in a while, with the
number of times that it was passed over, so that it can fill neither a journal nor an evening.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from urn_agent.messages import Language, say
from urn_agent.session import Notice

QUIET_MS = 30_000
REPEATING = frozenset(
    {"LINE_NOISE", "LINK_FAULT", "DELIVERY_WAITS", "DELIVERY_NEEDS_PEOPLE", "URN_NOT_OURS", "AGENT_CLOCK_OFF"}
)
MAX_DETAILS = 400
"""Characters of details in a line; some come from the peer."""


class NoticeWriter:
    """``write`` takes one line without its end; ``clock_ms`` is Unix time in milliseconds. Any thread may notify."""

    def __init__(self, write: Callable[[str], None], clock_ms: Callable[[], int], language: Language) -> None:
        self._write = write
        self._clock_ms = clock_ms
        self._language: Language = language
        self._lock = threading.Lock()
        self._written_ms: dict[str, int] = {}
        self._passed_over: dict[str, int] = {}

    def notify(self, notice: Notice) -> None:
        with self._lock:
            self._notify(notice)

    def _notify(self, notice: Notice) -> None:
        now_ms = self._clock_ms()
        if notice.code in REPEATING:
            if now_ms - self._written_ms.get(notice.code, -QUIET_MS) < QUIET_MS:
                self._passed_over[notice.code] = self._passed_over.get(notice.code, 0) + 1
                return
            self._written_ms[notice.code] = now_ms
        passed_over = self._passed_over.pop(notice.code, 0)
        more = f" (+{passed_over})" if passed_over else ""
        time = datetime.fromtimestamp(now_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        # Details may quote a peer: nothing of theirs may steer the terminal.
        cause = "" if notice.cause is None else f" {notice.cause}: {say(notice.cause, self._language)}:"
        line = f"{time} {notice.code}{more} {say(notice.code, self._language)}:{cause} {notice.details[:MAX_DETAILS]}"
        self._write("".join(letter if letter.isprintable() else "?" for letter in line))
