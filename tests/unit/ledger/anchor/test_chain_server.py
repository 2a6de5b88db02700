"""The chain over HTTP: on loopback only, bounded, deaf to web pages, and gone when it is stopped."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.anchor.chain_http import MAX_CONNECTIONS
from ledger.anchor.chain_server import ChainServer, main
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.json_rpc import MAX_REQUEST
from ledger.anchor.primitives import ChainError
from ledger.errors import FormatError

BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}).encode()
JSON_TYPE = {"Content-Type": "application/json"}


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[EmbeddedChain]:
    opened = EmbeddedChain.create(tmp_path / "chain", 77, {}, lambda: 1_790_000_000)
    yield opened
    opened.close()


@pytest.fixture
def server(chain: EmbeddedChain) -> Iterator[ChainServer]:
    made = ChainServer(chain, 0)
    made.start()
    yield made
    made.stop()


def connect(server: ChainServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(server.url.rsplit(":", 1)[1]), timeout=10)


def post(server: ChainServer, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    with contextlib.closing(connect(server)) as connection:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        return response.status, response.read()


def test_one_connection_takes_many_requests(server: ChainServer) -> None:
    with contextlib.closing(connect(server)) as connection:
        for _ in range(3):
            connection.request("POST", "/", BODY, JSON_TYPE)
            response = connection.getresponse()
            assert response.status == 200
            assert json.loads(response.read()) == {"jsonrpc": "2.0", "id": 1, "result": "0x4d"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({**JSON_TYPE, "Host": "evil.example"}, 403),
        ({**JSON_TYPE, "Host": "127.0.0.1.evil.example"}, 403),
        ({**JSON_TYPE, "Host": ""}, 403),
        ({**JSON_TYPE, "Origin": "https://evil.example"}, 403),
        ({**JSON_TYPE, "Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({}, 415),
        ({**JSON_TYPE, "Content-Length": "-1"}, 411),
        ({**JSON_TYPE, "Content-Length": str(MAX_REQUEST + 1)}, 413),
        ({**JSON_TYPE, "Content-Length": "9" * 30}, 413),
        ({**JSON_TYPE, "Host": "localhost"}, 200),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_requests_that_a_web_page_or_a_flood_could_make(
    server: ChainServer, headers: dict[str, str], status: int
) -> None:
    assert post(server, BODY, headers)[0] == status


def test_a_body_without_a_length_is_refused(server: ChainServer) -> None:
    with contextlib.closing(connect(server)) as connection:
        connection.putrequest("POST", "/")
        for name, value in {**JSON_TYPE, "Transfer-Encoding": "chunked"}.items():
            connection.putheader(name, value)
        # The server answers after the headers and closes; a body sent to it could meet a closed connection.
        connection.endheaders()
        assert connection.getresponse().status == 411


def test_other_verbs_are_refused(server: ChainServer) -> None:
    with contextlib.closing(connect(server)) as connection:
        connection.request("GET", "/")
        assert connection.getresponse().status == 501


def test_connections_are_bounded_and_freed(server: ChainServer) -> None:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(contextlib.closing(connect(server))) for _ in range(MAX_CONNECTIONS)]
        for connection in held:
            connection.request("POST", "/", BODY, JSON_TYPE)
            assert connection.getresponse().read()
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            post(server, BODY, JSON_TYPE)
    # Freed as soon as the server notices that they were closed.
    for _ in range(1_000):
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            assert post(server, BODY, JSON_TYPE)[0] == 200
            break
    else:
        pytest.fail("no connection was freed")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "localhost", "example.org", ""])
def test_only_loopback_addresses_are_bound(chain: EmbeddedChain, host: str) -> None:
    with pytest.raises(FormatError) as caught:
        ChainServer(chain, 0, host)
    assert caught.value.code == "CHAIN_NOT_LOOPBACK"


def test_a_taken_port_is_told(chain: EmbeddedChain, server: ChainServer) -> None:
    with pytest.raises(ChainError) as caught:
        ChainServer(chain, int(server.url.rsplit(":", 1)[1]))
    assert caught.value.code == "CHAIN_PORT_TAKEN"


def test_stopping_ends_idle_connections_and_frees_the_folder(tmp_path: Path) -> None:
    server = ChainServer(EmbeddedChain.create(tmp_path, 77, {}, lambda: 1_790_000_000), 0)
    server.start()
    with contextlib.closing(connect(server)) as idle:
        idle.request("POST", "/", BODY, JSON_TYPE)
        assert idle.getresponse().read()
        server.stop()
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            idle.request("POST", "/", BODY, JSON_TYPE)
            idle.getresponse()
    EmbeddedChain.open(tmp_path, lambda: 1_790_000_000).close()


def test_the_command_says_why_it_cannot_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "--port", "0"]) == 1
    assert "CHAIN_MISSING" in capsys.readouterr().err
