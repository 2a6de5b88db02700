"""Connections without a client's certificate: monitors, and anybody. They have a small room of their own.

Whoever may open connections for nothing could take the devices' room by opening many. So strangers are few, have little
time, and when their room is full the one that came first gives way.
"""

from typing import Protocol

MAX_STRANGERS = 256
"""At a time: monitors, and agents that ask whether the server is well."""

STRANGER_SECONDS = 5
"""For a stranger's head, for its body, and for its silence between requests."""


class Connection(Protocol):
    """What can be ended at once."""

    def abort(self) -> None: ...


class Strangers:
    """Those that are connected, in the order in which they came. Used from the event loop alone."""

    def __init__(self) -> None:
        self._connected: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._connected)

    def admit(self, connection: Connection) -> None:
        """Take one in; the first of them ends where there are too many."""
        if len(self._connected) >= MAX_STRANGERS:
            first = next(iter(self._connected))
            del self._connected[first]
            first.abort()
        self._connected[connection] = None

    def leave(self, connection: Connection) -> None:
        self._connected.pop(connection, None)
