"""A server behind the agent, as far as the agent can tell: HTTPS, client certificates, and true receipts from a log."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.primitives import PublicKey
from tests.unit.urn_agent.bundle_factory import AUTHORITY, authority_certificate, make_certificate
from tests.unit.urn_agent.small_log import SmallLog

SERVER_KEY = Ed25519PrivateKey.from_private_bytes(bytes([51]) * 32)

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class FakeServer:
    """``interfere`` sees each request's body before the log does, and may answer instead of it (None: it does not)."""

    url: str
    known: set[bytes]
    log: SmallLog = field(default_factory=SmallLog)
    interfere: Callable[[bytes], Answer | None] = lambda body: None
    accepted_encoding: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, certificate: bytes | None, body: bytes) -> Answer:
        interfering = self.interfere(body)
        if interfering is not None:
            return interfering
        if certificate is None:
            return _problem(401, "NO_CERTIFICATE")
        if _public_key(certificate) not in self.known:
            return _problem(403, "UNKNOWN_DEVICE")
        return self.answer_from_log(body)

    def answer_from_log(self, body: bytes) -> Answer:
        """Append the records, and answer with their receipts."""
        with self.lock:
            rows = [["receipt", *self.log.append(record)] for record in msgspec.msgpack.decode(body, type=list[bytes])]
        return 200, {"Content-Type": "application/msgpack"}, msgspec.msgpack.encode(rows)


def _problem(status: int, code: str) -> Answer:
    body = msgspec.json.encode({"code": code, "message": "words", "retry": False})
    return status, {"Content-Type": "application/json"}, body


def _public_key(certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _handler(server: Callable[[], FakeServer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def do_POST(self) -> None:
            server().accepted_encoding = self.headers["Accept-Encoding"]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            certificate = self.connection.getpeercert(True) if isinstance(self.connection, ssl.SSLSocket) else None
            self._send(server().answer(certificate, body))

        def do_HEAD(self) -> None:
            self._send((200, {}, b""))

        def _send(self, answer: Answer) -> None:
            status, headers, body = answer
            if status == 0:  # Cut off without an answer.
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    return Handler


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext, handler: type[BaseHTTPRequestHandler]) -> None:
        self._context = context
        super().__init__(("127.0.0.1", 0), handler)

    def finish_request(self, request: object, client_address: object) -> None:
        """In the connection's own thread: a handshake that fails is the client's business, and holds up nobody."""
        with contextlib.suppress(OSError), self._context.wrap_socket(request, server_side=True) as secured:  # type: ignore[arg-type]  # A socket, says the base class's documentation.
            self.RequestHandlerClass(secured, client_address, self)  # type: ignore[arg-type]  # The same.


@contextlib.contextmanager
def running_server(
    folder: Path,
    *known: PublicKey,
    signer: Ed25519PrivateKey = AUTHORITY,
    clients: Ed25519PrivateKey = AUTHORITY,
) -> Iterator[FakeServer]:
    """Serve on loopback with a certificate by ``signer``, asking for client certificates by ``clients``."""
    folder.mkdir()
    public_key = SERVER_KEY.public_key().public_bytes_raw()
    (folder / "server.pem").write_bytes(make_certificate(public_key, "127.0.0.1", signer))
    (folder / "server.key").write_bytes(
        SERVER_KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(cadata=authority_certificate(clients).decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    listener = _Listener(context, _handler(lambda: server))
    server = FakeServer(f"https://127.0.0.1:{listener.server_address[1]}", set(known))
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
