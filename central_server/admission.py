"""How much all requests together may hold in memory, and how much of it one device may take.

A request is charged for its body before the body is read, until it is answered. Who does not fit is told to come again
later, at once and at no cost.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from central_server.http_errors import RequestError

MAX_HELD_BYTES = 256 * 1024 * 1024
"""Bodies of all requests at a time. Parsed and waiting entries add at most as much again."""

MAX_REQUESTS_OF_DEVICE = 2
"""The request that a device waits for, and one that it gave up a moment ago. So one device cannot take all the room."""


class Admission:
    """Used from the event loop alone."""

    def __init__(self, max_held_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_held_bytes = max_held_bytes
        self._held = 0
        self._requests: Counter[str] = Counter()

    @contextmanager
    def admit(self, device: str, length: int) -> Iterator[None]:
        """Hold ``length`` bytes for a request of ``device``. Raises RequestError(``BUSY``)."""
        if self._requests[device] >= MAX_REQUESTS_OF_DEVICE:
            raise RequestError("BUSY", f"{MAX_REQUESTS_OF_DEVICE} requests of this device are still being answered")
        if self._held + length > self._max_held_bytes:
            raise RequestError("BUSY", "the server is answering as many requests as it can; try again later")
        self._held += length
        self._requests[device] += 1
        try:
            yield
        finally:
            self._held -= length
            self._requests[device] -= 1
            if not self._requests[device]:
                del self._requests[device]
