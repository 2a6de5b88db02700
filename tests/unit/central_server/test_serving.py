"""The listening server hands over the peer's certificate, and ends connections that take more than their share."""

import json
import resource
import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from central_server import http_protocol, joined_writes, serving
from central_server.certificates import CertificateAuthority
from central_server.serving import local_url, open_socket
from central_server.tls import make_server_context
from ledger.errors import TunukError
from ledger.store.durable import StorageError
from tests.unit.central_server.listening import (
    AUTHORITY,
    DAY,
    NOW,
    connect,
    is_ended,
    listening_server,
    make_context,
    trust,
    with_client,
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with listening_server(tmp_path_factory.mktemp("server")) as address:
        yield address


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


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 300_000,
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 60_000,
        b"GET / HTTP/1.1\r\nA: " + b"b" * 300_000,
    ],
)
def test_an_endless_head_ends_the_connection(url: str, head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_writes, "UNREAD_SECONDS", 0.2)
    with connect(url) as connection:
        assert is_ended(connection, sent=head)


def test_an_endless_body_ends_the_connection(url: str) -> None:
    """Even where the application would go on reading, as this test's does."""
    with connect(url) as connection:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert is_ended(connection, sent=head + (b"10000\r\n" + bytes(65_536) + b"\r\n") * 80)


def refusal_in(answer: bytes) -> tuple[int, str]:
    """Status and code of an answer that says that none follows."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head
    return int(head.split()[1]), json.loads(body)["code"]


def hear_out(connection: ssl.SSLSocket) -> bytes:
    """All that comes until the server ends the connection."""
    received = b""
    try:
        while data := connection.recv(65_536):
            received += data
    except ConnectionError:
        return received
    return received


def test_garbage_gets_a_coded_answer(url: str) -> None:
    with connect(url) as connection:
        connection.sendall(b"\x00\x01\x02 garbage\r\n\r\n")
        assert refusal_in(hear_out(connection)) == (400, "BAD_REQUEST")


def test_a_head_that_is_too_long_gets_a_coded_answer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although its sender has not come to the end, and goes on for a while."""
    monkeypatch.setattr(joined_writes, "UNREAD_SECONDS", 2.0)
    with connect(url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nA: " + b"b" * 300_000)
        assert select.select([connection], [], [], 20)[0]
        for _ in range(20):
            connection.sendall(b"b" * 30_000)
        assert refusal_in(hear_out(connection)) == (431, "HEAD_TOO_LONG")


def test_a_slow_head_ends_the_connection(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an answer, unless nothing was sent at all."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    with connect(url) as connection:
        connection.sendall(b"GET / HT")
        assert refusal_in(hear_out(connection)) == (408, "TOO_SLOW")
    with connect(url) as connection:
        assert hear_out(connection) == b""


def test_a_body_that_nobody_waits_for_ends_the_connection(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not prolong it, nor does an answer that was given before its end."""
    monkeypatch.setattr(http_protocol, "BODY_SECONDS", 0.2)
    for path in ("/", "/nowhere"):
        with connect(url) as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx".encode())
            assert hear_out(connection).startswith(b"HTTP/1.1 404" if path == "/nowhere" else b"")
            assert is_ended(connection, sent=b"x")


def test_one_connection_too_many_is_told_to_come_again(tmp_path: Path) -> None:
    with (
        listening_server(tmp_path, 1) as url,
        httpx.Client(verify=trust()) as first,
        httpx.Client(verify=trust()) as more,
    ):
        assert first.get(url).status_code == 200
        answer = more.get(url)
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "BUSY", "5")
        assert first.get(url).status_code == 200


def test_every_connection_proves_its_key_anew(url: str, tmp_path: Path) -> None:
    """No ticket is given out by which one could be resumed, and certificates are held to the letter of the standard."""
    context = make_context(tmp_path)
    assert context.num_tickets == 0
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    with connect(url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        assert connection.session is None or not connection.session.has_ticket


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


def test_a_handshake_that_does_not_begin_ends_the_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HANDSHAKE_SECONDS", 0.2)
    with listening_server(tmp_path) as url:
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 20) as silent:
            assert silent.recv(1) == b""
        with httpx.Client(verify=trust()) as client:
            assert client.get(url).status_code == 200


@pytest.mark.parametrize(
    ("limits", "raised"),
    [
        ((1_024, 500_000), (8_192, 500_000)),
        ((1_024, 4_000), (4_000, 4_000)),
        ((1_024, resource.RLIM_INFINITY), (8_192, resource.RLIM_INFINITY)),
        ((9_000, 9_000), None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None),
    ],
)
def test_the_limit_of_open_files_is_raised_as_far_as_allowed(
    limits: tuple[int, int], raised: tuple[int, int] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection takes one: at the usual 1,024 a server would turn agents away long before its own bound."""
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: told.append(wanted))
    with listening_server(tmp_path):
        assert told == ([] if raised is None else [raised])


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
