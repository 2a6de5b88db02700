"""The listening server hands over the peer's certificate, and ends connections that take more than their share."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from central_server import http_protocol
from central_server.certificates import CertificateAuthority
from central_server.http_protocol import peer_certificate
from central_server.serving import local_url, make_server, open_socket
from central_server.tls import make_server_context
from ledger.errors import TunukError
from ledger.store.durable import StorageError
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


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    identity = AUTHORITY.issue_server(["127.0.0.1"], NOW, DAY)
    (folder / "server.pem").write_bytes(identity.certificate)
    (folder / "server.key").write_bytes(identity.key)
    context = make_server_context(folder / "server.pem", folder / "server.key", AUTHORITY.certificate)
    ready = threading.Event()
    listening = open_socket("127.0.0.1", 0)
    address = local_url(listening)
    server = make_server(make_app(), context, ready.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    assert ready.wait(10)
    yield address
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


def test_the_peers_certificate_reaches_the_application(url: str, tmp_path: Path) -> None:
    context, certificate = with_client(tmp_path, AUTHORITY)
    with httpx.Client(verify=context) as client:
        for _ in range(2):
            assert client.get(url).json() == certificate.hex()
    with httpx.Client(verify=trust()) as client:
        assert client.get(url).json() == "nobody"


def test_a_certificate_by_another_authority_ends_the_handshake(url: str, tmp_path: Path) -> None:
    context, _ = with_client(tmp_path, CertificateAuthority.create("cec.example", NOW, DAY))
    with httpx.Client(verify=context) as client, pytest.raises(httpx.TransportError):
        client.get(url)


def test_a_servers_certificate_is_no_clients(url: str, tmp_path: Path) -> None:
    identity = AUTHORITY.issue_server(["127.0.0.1"], NOW, DAY)
    (tmp_path / "server.pem").write_bytes(identity.certificate)
    (tmp_path / "server.key").write_bytes(identity.key)
    context = trust()
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    with httpx.Client(verify=context) as client, pytest.raises(httpx.TransportError):
        client.get(url)


def test_only_tls_1_3_is_spoken(url: str) -> None:
    context = trust()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with httpx.Client(verify=context) as client, pytest.raises(httpx.ConnectError):
        client.get(url)


def connect(url: str) -> ssl.SSLSocket:
    port = int(url.rpartition(":")[2])
    return trust().wrap_socket(socket.create_connection(("127.0.0.1", port), 20), server_hostname="127.0.0.1")


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


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 300_000,
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 60_000,
        b"GET / HTTP/1.1\r\nA: " + b"b" * 300_000,
    ],
)
def test_an_endless_head_ends_the_connection(url: str, head: bytes) -> None:
    with connect(url) as connection:
        assert is_ended(connection, sent=head)


def test_an_endless_body_ends_the_connection(url: str) -> None:
    """Even where the application would go on reading, as this test's does."""
    with connect(url) as connection:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert is_ended(connection, sent=head + (b"10000\r\n" + bytes(65_536) + b"\r\n") * 80)


def test_garbage_gets_an_answer(url: str) -> None:
    with connect(url) as connection:
        assert is_ended(connection, sent=b"\x00\x01\x02 garbage\r\n\r\n", answer=b"HTTP/1.1 400")


def test_a_slow_head_ends_the_connection(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    for sent in (b"", b"GET / HT"):
        with connect(url) as connection:
            assert is_ended(connection, sent=sent)


def test_connections_that_behave_outlive_the_time_for_a_head(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stops when a head is complete. An idle connection, opened later, tells when the time is over."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    with connect(url) as connection:
        for _ in range(2):
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
            with connect(url) as idle:
                assert is_ended(idle, sent=b"")
            connection.sendall(b"x")
            answer = b""
            while not answer.endswith(b'"nobody"'):
                received = connection.recv(65_536)
                assert received, "the connection was ended"
                answer += received
            assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(("host", "code"), [("localhost", "BAD_HOST"), ("", "BAD_HOST"), ("192.0.2.1", "PORT_TAKEN")])
def test_addresses_that_cannot_be_listened_on(host: str, code: str) -> None:
    with pytest.raises(TunukError) as caught:
        open_socket(host, 0)
    assert caught.value.code == code


def test_a_taken_port_is_refused() -> None:
    with open_socket("127.0.0.1", 0) as listening, pytest.raises(StorageError) as caught:
        open_socket("127.0.0.1", listening.getsockname()[1])
    assert caught.value.code == "PORT_TAKEN"


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost"), ("::1", "[::1]")])
def test_the_address_that_is_shown_can_be_reached(host: str, shown: str) -> None:
    with open_socket(host, 0) as listening:
        assert local_url(listening) == f"https://{shown}:{listening.getsockname()[1]}"


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\n"])
def test_damaged_tls_files_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pem").write_bytes(content)
    with pytest.raises(StorageError) as caught:
        make_server_context(tmp_path / "a.pem", tmp_path / "a.pem", AUTHORITY.certificate)
    assert caught.value.code == "TLS_FILES"
    with pytest.raises(StorageError) as missing:
        make_server_context(tmp_path / "none.pem", tmp_path / "a.pem", AUTHORITY.certificate)
    assert missing.value.code == "STORAGE_MISSING"
