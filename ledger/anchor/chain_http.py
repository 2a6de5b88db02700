"""HTTP for a JSON-RPC handler, on loopback, bounded, and deaf to web pages.

Responsible for connections, bodies and headers. It takes no request that a page in a browser could cause (a foreign
Host, any Origin, another content type than JSON): a page must not send transactions through a visitor's machine. Knows
nothing of chains.
"""

import contextlib
import functools
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ledger.anchor.json_rpc import MAX_REQUEST, Handler, answer_request

MAX_CONNECTIONS = 32
"""Connections at a time, one thread each; more are closed at once. The clients are the server and a few observers."""

IDLE_SECONDS = 30
"""A connection that says nothing for so long is closed, and its thread ends."""

Connection = socket.socket | tuple[bytes, socket.socket]
"""As socketserver has it; over TCP it is always a socket."""


class RpcHandler(BaseHTTPRequestHandler):
    """One connection. ``hosts`` are the values of the Host header that name this server."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    # Headers and body leave in one packet.
    wbufsize = -1

    def __init__(
        self,
        handle: Handler,
        hosts: frozenset[str],
        request: Connection,
        client_address: object,
        server: ThreadingHTTPServer,
    ) -> None:
        self._handle = handle
        self._hosts = hosts
        super().__init__(request, client_address, server)

    def do_POST(self) -> None:
        if self.headers.get("Host", "").lower() not in self._hosts or "Origin" in self.headers:
            self._refuse(403, "this chain answers programs on its own machine, not web pages")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(415, "send application/json")
        elif not (length := self.headers.get("Content-Length", "")).isdecimal():
            self._refuse(411, "say the length of the request")
        elif len(length) > 9 or int(length) > MAX_REQUEST:
            self._refuse(413, f"a request has at most {MAX_REQUEST} bytes")
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._answer(200, "application/json", answer_request(body, self._handle))

    def _refuse(self, status: int, message: str) -> None:
        # The body was not read: the connection cannot be used again.
        self.close_connection = True
        self._answer(status, "text/plain; charset=utf-8", message.encode() + b"\n")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """No line for each request: the anchor worker asks every few seconds."""


class LoopbackServer(ThreadingHTTPServer):
    """A threading server with a bounded number of connections that can all be ended at once."""

    # Threads are joined when the server is closed: nothing touches the chain afterwards.
    daemon_threads = False
    request_queue_size = MAX_CONNECTIONS

    def __init__(self, address: tuple[str, int], handle: Handler) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._connections: set[Connection] = set()
        self._connections_lock = threading.Lock()
        super().__init__(address, BaseHTTPRequestHandler)
        names = {"localhost", "127.0.0.1", "[::1]", f"[{address[0]}]" if ":" in address[0] else address[0]}
        hosts = frozenset(names | {f"{name}:{self.server_port}" for name in names})
        self._make_handler = functools.partial(RpcHandler, handle, hosts)

    def finish_request(self, request: Connection, client_address: object) -> None:
        self._make_handler(request, client_address, self)

    def process_request(self, request: Connection, client_address: object) -> None:
        with self._connections_lock:
            full = len(self._connections) >= MAX_CONNECTIONS
            if not full:
                self._connections.add(request)
        if full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Connection) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Close every connection; what a request is doing to the chain is done to the end, unanswered."""
        with self._connections_lock:
            open_now = [one for one in self._connections if isinstance(one, socket.socket)]
        for connection in open_now:
            # A client may have closed it at the same moment.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Connection, client_address: object) -> None:
        """A client that went away is no failure of ours; anything else is reported as usual."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
