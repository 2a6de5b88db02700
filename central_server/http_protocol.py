"""One client's connection: uvicorn's HTTP protocol, with the peer's certificate, and with bounds that it lacks.

uvicorn neither hands a certificate to the application nor bounds a request's head, in length or in time. Responsible
for these; everything else is uvicorn's.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from central_server.ingest import MAX_BODY

PEER_CERTIFICATE = "tunuk.peer_certificate"
"""Name in ``scope["extensions"]``; the value is the certificate in DER, or None."""

MAX_HEAD = 32 * 1024
"""Bytes of a request's line and headers: ours are below 1 KiB, a proxy may add some."""

MAX_MESSAGE = MAX_HEAD + 2 * MAX_BODY
"""Bytes of a whole request, with all that chunked encoding may add. A longer one ends the connection."""

MAX_UNREAD = 16 * 1024 * 1024
"""Bytes that are still taken in, and thrown away, from a client whose request was refused while it was being sent."""

HEAD_SECONDS = 15.0
"""A client that has not sent a request's head by then is gone, or holds a place on purpose."""

UNREAD_SECONDS = 5.0
"""How long a client may go on sending what was refused: cut off at once, it would never see the answer."""

CLOSE_SECONDS = 0.5
"""For the last bytes to an idle client when the server is told to stop."""


class ClientProtocol(HttpToolsProtocol):
    """Made by uvicorn for each connection, once its TLS handshake is done."""

    _peer: bytes | None = None
    _writes: "JoinedWrites"
    _in_head = True
    _received = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._writes = JoinedWrites(transport, self.loop)
        super().connection_made(self._writes)
        connection = transport.get_extra_info("ssl_object")
        if connection is not None:
            self._peer = connection.getpeercert(True)
        self._start_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._writes.lingering:
            if self._received > MAX_UNREAD:
                self.transport.abort()
            return
        super().data_received(data)
        if self._received > (MAX_HEAD if self._in_head else MAX_MESSAGE) and not self.transport.is_closing():
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_head()
        extensions: dict[str, Any] = {PEER_CERTIFICATE: self._peer}
        self.scope["extensions"] = extensions

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        self._writes.peer_is_sending = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._writes.peer_is_sending = False
        super().on_message_complete()

    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing():
            # An idle client does not answer the end of TLS until it uses the connection again.
            self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def _start_head(self) -> None:
        self._in_head = True
        self._received = 0
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


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


def peer_certificate(scope: Mapping[str, Any]) -> bytes | None:
    """The client's certificate in DER, as the TLS handshake verified it; None where it presented none."""
    value = scope.get("extensions", {}).get(PEER_CERTIFICATE)
    return value if isinstance(value, bytes) else None
