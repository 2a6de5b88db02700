"""A listening server in a thread, and clients that speak to it byte by byte."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI, Request

from central_server.certificates import CertificateAuthority
from central_server.http_protocol import peer_certificate
from central_server.serving import MAX_CONNECTIONS, local_url, make_server, open_socket
from central_server.tls import make_server_context
from tests.unit.central_server.server_factory import write_device_key
from tests.unit.ledger.election_factory import DEVICE_KEYS

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
AUTHORITY = CertificateAuthority.create("cec.example", NOW, DAY)


def make_app() -> FastAPI:
    app = FastAPI()

    @app.api_route("/", methods=["GET", "POST"])
    async def peer(request: Request) -> str:
        await request.body()
        certificate = peer_certificate(request.scope)
        return "nobody" if certificate is None else certificate.hex()

    return app


def make_context(folder: Path) -> ssl.SSLContext:
    """The server's side of TLS, with files in ``folder``."""
    identity = AUTHORITY.issue_server(["127.0.0.1"], NOW, DAY)
    (folder / "server.pem").write_bytes(identity.certificate)
    (folder / "server.key").write_bytes(identity.key)
    return make_server_context(folder / "server.pem", folder / "server.key", AUTHORITY.certificate)


@contextmanager
def listening_server(folder: Path, max_connections: int = MAX_CONNECTIONS) -> Iterator[str]:
    """The address of a server that says who its client is."""
    ready = threading.Event()
    listening = open_socket("127.0.0.1", 0)
    server = make_server(make_app(), make_context(folder), ready.set, max_connections)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    assert ready.wait(10)
    try:
        yield local_url(listening)
    finally:
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()


def trust(authority: CertificateAuthority = AUTHORITY) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.certificate.decode())


def with_client(folder: Path, issuer: CertificateAuthority, place: int = 0) -> tuple[ssl.SSLContext, bytes]:
    """A context that presents a device's certificate by ``issuer``, and that certificate in DER."""
    certificate = issuer.issue_device("d0", DEVICE_KEYS[place].public_key, NOW, DAY)
    (folder / "client.pem").write_bytes(certificate)
    context = trust()
    context.load_cert_chain(folder / "client.pem", write_device_key(folder / "client.key", place))
    return context, ssl.PEM_cert_to_DER_cert(certificate.decode())


def connect(url: str, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    """A client's connection, without a certificate unless the context has one."""
    port = int(url.rpartition(":")[2])
    return (context or trust()).wrap_socket(
        socket.create_connection(("127.0.0.1", port), 20), server_hostname="127.0.0.1"
    )


def is_ended(connection: ssl.SSLSocket, *, sent: bytes, answer: bytes = b"") -> bool:
    """Whether the server ends the connection after these bytes, with an answer that starts so."""
    received = b""
    try:
        connection.sendall(sent)
        while data := connection.recv(65_536):
            received += data
    except TimeoutError:
        return False
    except OSError:
        # A connection that is cut off counts as ended.
        pass
    return received.startswith(answer)
