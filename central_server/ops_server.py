"""The address for monitoring, apart from the devices' one: ``/metrics`` and ``/healthz``, without TLS, on loopback.

It has threads of its own, so that it answers while the event loop does not. Responsible for HTTP only.
"""

import contextlib
import ipaddress
import json
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import ClassVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

MAX_REQUESTS = 8
"""At a time; who comes when they are all taken is hung up on. A monitor asks a few times a minute."""

REQUEST_SECONDS = 5.0
"""Of silence, after which a client is hung up on."""

Page = Callable[[], tuple[int, str, bytes]]
"""Status, media type and body of an answer."""


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_SECONDS
    server_version, sys_version = "tunuk", ""
    pages: ClassVar[Mapping[str, Page]]

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        status, media_type, body = page() if page is not None else (404, "text/plain", b"nothing is served here\n")
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *_: object) -> None:
        """Requests are not told: a monitor asks all the time."""


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True

    def __init__(self, listening: socket.socket, pages: Mapping[str, Page]) -> None:
        handler = type("PagesHandler", (_Handler,), {"pages": pages})
        super().__init__(listening.getsockname()[:2], handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self._room = threading.BoundedSemaphore(MAX_REQUESTS)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is no event; a defect of ours is."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            logging.getLogger("ops").error("a page could not be made", exc_info=error)


def make_pages(
    registry: CollectorRegistry, read_health: Callable[[], Mapping[str, object]], is_live: Callable[[], bool]
) -> dict[str, Page]:
    """``read_health`` gives the whole object; ``is_live`` says whether the event loop turns."""

    def health() -> tuple[int, str, bytes]:
        document = read_health()
        return 503 if document["status"] == "failing" else 200, "application/json", json.dumps(document).encode()

    def ready() -> tuple[int, str, bytes]:
        document = read_health()
        found = {"ready": document["ready"], "reasons": document["reasons"]}
        return 200 if document["ready"] else 503, "application/json", json.dumps(found).encode()

    def live() -> tuple[int, str, bytes]:
        alive = is_live()
        return 200 if alive else 503, "application/json", json.dumps({"live": alive}).encode()

    def metrics() -> tuple[int, str, bytes]:
        return 200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)

    return {"/healthz": health, "/healthz/ready": ready, "/healthz/live": live, "/metrics": metrics}


def _local_address(host: str, port: int) -> str:
    """At which a monitor on this machine reaches it, whatever it listens on."""
    address = ipaddress.ip_address(host)
    if address.version == 6:
        return f"http://[{'::1' if address.is_unspecified else host}]:{port}"
    return f"http://{'127.0.0.1' if address.is_unspecified else host}:{port}"


@contextlib.contextmanager
def serving_ops(listening: socket.socket, pages: Mapping[str, Page]) -> Iterator[str]:
    """Serve on a listening socket until the end; gives the address."""
    host, port = listening.getsockname()[:2]
    server = _Server(listening, pages)
    thread = threading.Thread(target=server.serve_forever, name="ops", daemon=True)
    thread.start()
    try:
        yield _local_address(host, port)
    finally:
        server.shutdown()
        thread.join()
