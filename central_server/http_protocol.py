"""One client's connection: uvicorn's HTTP protocol, with the peer's certificate, and with bounds that it lacks.

uvicorn neither hands a certificate to the application nor bounds a request, in length or in time, nor tells clients
with a certificate from the others. Responsible for these; everything else is uvicorn's.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from central_server.http_errors import REQUEST_REFUSALS, RequestError, encode_refusal, refusal_headers
from central_server.ingest import MAX_BODY
from central_server.joined_writes import JoinedWrites
from central_server.strangers import STRANGER_SECONDS, Strangers

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

BODY_SECONDS = 45.0
"""After a head its body is there by then, whoever reads it. The route for records gives it up earlier."""

CLOSE_SECONDS = 0.5
"""For the last bytes to an idle client when its connection is ended."""


class ClientProtocol(HttpToolsProtocol):
    """Made by uvicorn for each connection, once its TLS handshake is done."""

    strangers: ClassVar[Strangers]
    max_connections: ClassVar[int]

    _peer: bytes | None = None
    _writes: JoinedWrites
    _in_head = True
    _has_begun = False
    _received = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._writes = JoinedWrites(transport, self.loop)
        super().connection_made(self._writes)
        connection = transport.get_extra_info("ssl_object")
        if connection is not None:
            self._peer = connection.getpeercert(True)
        if self._peer is None:
            self.strangers.admit(self._writes)
            self.timeout_keep_alive = STRANGER_SECONDS
        if len(self.connections) > self.max_connections:
            self.app = _refuse_as_busy
        self._start_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.strangers.leave(self._writes)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._writes.lingering:
            if self._received > MAX_UNREAD:
                self.transport.abort()
            return
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._received > MAX_HEAD:
            self._writes.peer_is_sending = True
            self._end("HEAD_TOO_LONG")
        elif self._received > MAX_MESSAGE:
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun = True
        self._start_head()
        extensions: dict[str, Any] = {PEER_CERTIFICATE: self._peer}
        self.scope["extensions"] = extensions

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        self._timer = self.loop.call_later(self._bounded(BODY_SECONDS), self.transport.abort)
        self._writes.peer_is_sending = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_timer()
        self._writes.peer_is_sending = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what is not HTTP, with a code."""
        self._end("BAD_REQUEST")

    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing():
            # An idle client does not answer the end of TLS until it uses the connection again.
            self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def _start_head(self) -> None:
        self._in_head = True
        self._received = 0
        if self._timer is None:
            self._timer = self.loop.call_later(self._bounded(HEAD_SECONDS), self._end_slow_head)

    def _end_slow_head(self) -> None:
        if not self._has_begun:
            self.transport.abort()
            return
        self._end("TOO_SLOW")
        self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def _end(self, code: str) -> None:
        """Refuse what is not a whole request, and end the connection. An answer under way is not mixed with another."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_encode_last_answer(code))
            self.transport.close()
        else:
            self.transport.abort()

    def _bounded(self, seconds: float) -> float:
        return seconds if self._peer is not None else min(seconds, STRANGER_SECONDS)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def make_protocol(max_connections: int) -> type[ClientProtocol]:
    """The protocol of one server, whose connections are counted together. Over ``max_connections`` all get BUSY."""
    return type("ServersProtocol", (ClientProtocol,), {"strangers": Strangers(), "max_connections": max_connections})


def _encode_last_answer(code: str) -> bytes:
    """A whole HTTP answer that refuses, and says that none follows."""
    error = RequestError(code, REQUEST_REFUSALS[code].meaning)
    body, status = encode_refusal(error), error.answer.status
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), **refusal_headers(error)}
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in {**fields, "Connection": "close"}.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


async def _refuse_as_busy(scope: Scope, receive: Receive, send: Send) -> None:
    """The application of a connection that is one too many."""
    error = RequestError("BUSY", "the server has as many connections as it can; try again later")
    headers = {"content-type": "application/json", "connection": "close", **refusal_headers(error)}
    raw = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.answer.status.value, "headers": raw})
    await send({"type": "http.response.body", "body": encode_refusal(error)})


def peer_certificate(scope: Mapping[str, Any]) -> bytes | None:
    """The client's certificate in DER, as the TLS handshake verified it; None where it presented none."""
    value = scope.get("extensions", {}).get(PEER_CERTIFICATE)
    return value if isinstance(value, bytes) else None
