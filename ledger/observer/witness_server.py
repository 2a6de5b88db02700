"""The witness on HTTP: ``POST /add-checkpoint`` and nothing else. Plain HTTP, for a proxy with TLS to stand before it.

Responsible for bounds against clients that are many, slow or endless: connections at once, the time that a request may
take to arrive and that a connection may be idle, the length of a body, requests a second from all together. What is
answered is for ``witness``.
"""

import io
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledger.errors import TunukError
from ledger.observer.rate_limit import RateLimit
from ledger.observer.witness import Answer, Witness
from ledger.witness_protocol import MAX_REQUEST

MAX_CONNECTIONS = 64
REQUEST_SECONDS = 10.0
"""For a whole request to arrive, and for each piece of an answer to leave."""
IDLE_SECONDS = 60.0
"""Logs keep their connections: one asks every few seconds."""

ADD_CHECKPOINT = "/add-checkpoint"

Tell = Callable[[str], None]


class _Arriving(io.RawIOBase):
    """What a connection receives, until a deadline that the handler sets for each request."""

    def __init__(self, connection: socket.socket, monotonic: Callable[[], float]) -> None:
        self._connection, self._monotonic = connection, monotonic
        self.deadline = monotonic() + IDLE_SECONDS
        self.begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(max(self.deadline - self._monotonic(), 0.001))
        count = self._connection.recv_into(buffer)
        if not self.begun:
            self.begun = True
            self.deadline = self._monotonic() + REQUEST_SECONDS
        self._connection.settimeout(REQUEST_SECONDS)
        return count

    def await_next(self) -> None:
        self.begun = False
        self.deadline = self._monotonic() + IDLE_SECONDS


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "tunuk-witness"
    sys_version = ""
    server: "WitnessServer"

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._arriving = _Arriving(self.connection, self.server.monotonic)
        self.rfile = io.BufferedReader(self._arriving)

    def handle_one_request(self) -> None:
        self._arriving.await_next()
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            # The client went away, or took longer than it may.
            self.close_connection = True

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        # Where the body is not read, what follows on the connection would be taken for another request.
        self.close_connection = True
        if self.path != ADD_CHECKPOINT:
            self._answer(_refusal(404, "NOT_FOUND", f"the one thing to ask for is POST {ADD_CHECKPOINT}"))
        elif "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self._answer(_refusal(411, "LENGTH_REQUIRED", "say how long the body is"))
        elif len(length) > 9 or int(length) > MAX_REQUEST:
            self._answer(_refusal(413, "TOO_LARGE", f"a request is at most {MAX_REQUEST} bytes long"))
        elif not self.server.limit.allows():
            self._answer(_refusal(429, "TOO_MANY_REQUESTS", "too many requests from all together; try again later"))
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self.close_connection = self.headers.get("Connection", "").lower() == "close"
                self._answer(self._ask(body))

    def _ask(self, body: bytes) -> Answer:
        try:
            return self.server.witness.add_checkpoint(body)
        except TunukError as error:
            self.server.tell(f"[{error.code}] {error.message}")
            return _refusal(503, "UNAVAILABLE", "the witness cannot store anything now")

    def _answer(self, answer: Answer) -> None:
        self.server.tell(f"{answer.status} {answer.code}")
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.status in (429, 503):
            self.send_header("Retry-After", "1")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *words: object) -> None:
        """What was answered is told by _answer(); the rest is noise that strangers make."""


def _refusal(status: int, code: str, words: str) -> Answer:
    return Answer(status, code, f"{code}: {words}\n".encode())


class WitnessServer(ThreadingHTTPServer):
    """A thread for each connection. ``tell`` takes a line for the operator; ``limit`` counts all requests together."""

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(
        self,
        address: tuple[str, int],
        witness: Witness,
        limit: RateLimit,
        monotonic: Callable[[], float],
        tell: Tell,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        """Raises OSError where the address cannot be listened at."""
        self.witness, self.limit, self.monotonic, self.tell = witness, limit, monotonic, tell
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._room = threading.BoundedSemaphore(max_connections)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()
