"""Whatever a node's address leads to: an answer, or a coded error."""

import functools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ledger.anchor.evm_connection import EvmConnection
from ledger.anchor.primitives import ChainError, RpcError
from ledger.errors import FormatError

Reply = tuple[int, bytes]
Connect = Callable[[int, bytes], EvmConnection]


class Fixed(BaseHTTPRequestHandler):
    """Gives the same reply to everything."""

    def __init__(self, reply: Reply, *arguments: object) -> None:
        self.reply = reply
        super().__init__(*arguments)  # type: ignore[arg-type]  # socketserver's three, passed on

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, body = self.reply
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def connect() -> Iterator[Connect]:
    """``connect(status, body)``: a connection to a server that always replies so."""
    opened: list[tuple[HTTPServer, threading.Thread, EvmConnection]] = []

    def make(status: int, body: bytes) -> EvmConnection:
        server = HTTPServer(("127.0.0.1", 0), functools.partial(Fixed, (status, body)))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        connection = EvmConnection(f"http://127.0.0.1:{server.server_port}")
        opened.append((server, thread, connection))
        return connection

    yield make
    for server, thread, connection in opened:
        connection.close()
        server.shutdown()
        thread.join()
        server.server_close()


def encode(**fields: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 0, **fields}).encode()


def test_a_result_is_given_as_it_is(connect: Connect) -> None:
    assert connect(200, encode(result={"a": [1, None]})).call("any", []) == {"a": [1, None]}
    assert connect(200, encode(result=None)).call("any", []) is None


@pytest.mark.parametrize(
    ("error", "number", "data"),
    [
        ({"code": 3, "message": "execution reverted", "data": "0x08c379a0"}, 3, b"\x08\xc3\x79\xa0"),
        ({"code": -32000, "message": "nonce too low"}, -32000, None),
        ({"code": -32000, "message": "x", "data": {"reason": "y"}}, -32000, None),
        ({"code": "x"}, 0, None),
        ("broken", 0, None),
        ([], 0, None),
    ],
)
def test_an_error_object_becomes_an_rpc_error(connect: Connect, error: object, number: int, data: bytes | None) -> None:
    with pytest.raises(RpcError) as caught:
        connect(200, encode(error=error)).call("any", [])
    assert (caught.value.number, caught.value.data) == (number, data)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>", "CHAIN_ANSWER_MALFORMED"),
        (200, b"", "CHAIN_ANSWER_MALFORMED"),
        (200, b"\xff\xfe", "CHAIN_ANSWER_MALFORMED"),
        (200, b"[]", "CHAIN_ANSWER_MALFORMED"),
        (200, b"7", "CHAIN_ANSWER_MALFORMED"),
        (200, b"{}", "CHAIN_ANSWER_MALFORMED"),
        (200, b"[" * 200_000, "CHAIN_ANSWER_MALFORMED"),
        (500, b"{}", "CHAIN_UNREACHABLE"),
        (403, b"", "CHAIN_UNREACHABLE"),
    ],
)
def test_anything_else_is_a_coded_error(connect: Connect, status: int, body: bytes, code: str) -> None:
    with pytest.raises(ChainError) as caught:
        connect(status, body).call("any", [])
    assert (caught.value.code, caught.value.retryable) == (code, True)


def test_nobody_there() -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = server.server_port
    server.server_close()
    with pytest.raises(ChainError) as caught:
        EvmConnection(f"http://127.0.0.1:{port}").call("any", [])
    assert caught.value.code == "CHAIN_UNREACHABLE"


@pytest.mark.parametrize("url", ["", "127.0.0.1:8545", "file:///etc/passwd", "ws://127.0.0.1"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(FormatError):
        EvmConnection(url)
