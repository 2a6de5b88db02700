"""The writing side of one client's connection: answers leave whole, and a refused client gets to see why."""

import asyncio
from typing import Any

UNREAD_SECONDS = 5.0
"""How long a client may go on sending what was refused: cut off at once, it would never see the answer."""


class JoinedWrites(asyncio.Transport):
    """A connection whose writes of one turn of the event loop leave as one, and that ends when its peer is heard out.

    uvicorn writes an answer's head and its body apart: two TLS records, two system calls and two packets. It also
    closes at once, and a client that was still sending would then get a reset instead of the answer.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        self.peer_is_sending = False
        self.lingering = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(bytes(data))

    def close(self) -> None:
        self._flush()
        if self.peer_is_sending and not self.is_closing():
            self.lingering = True
            self._transport.resume_reading()
            self._loop.call_later(UNREAD_SECONDS, self._transport.abort)
        elif not self.lingering:
            self._transport.close()

    def abort(self) -> None:
        self._waiting.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self.lingering or self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _flush(self) -> None:
        if self._waiting and not self.is_closing():
            self._transport.write(b"".join(self._waiting))
        self._waiting.clear()
