"""The witness on HTTP, within one process: what a failing disk, too many requests and slow clients get."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from ledger.observer.rate_limit import RateLimit
from ledger.observer.witness import SeenHead, Witness
from ledger.observer.witness_cli import parse_address
from ledger.observer.witness_server import IDLE_SECONDS, REQUEST_SECONDS, WitnessServer, _Arriving
from ledger.store.durable import StorageError
from tests.unit.ledger.observer.witness_factory import ED25519, LOG, MemoryStore, request


class FullDisk(MemoryStore):
    def advance(self, origin: str, before: SeenHead, after: SeenHead) -> bool:
        raise StorageError("DISK_FULL", "the disk is full")


@contextlib.contextmanager
def serving(
    store: MemoryStore, at_once: int = 100, host: str = "127.0.0.1"
) -> Iterator[tuple[WitnessServer, list[str]]]:
    told: list[str] = []
    witness = Witness([LOG.key], [ED25519], store, RateLimit(0.0, 100, lambda: 0.0), lambda data: None)
    limit = RateLimit(0.0, at_once, lambda: 0.0)
    with WitnessServer((host, 0), witness, limit, lambda: 0.0, told.append) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server, told
        server.shutdown()
        thread.join()


def post(server: WitnessServer, body: bytes) -> tuple[int, str | None]:
    host, port = server.server_address[:2]
    with contextlib.closing(http.client.HTTPConnection(str(host), port, timeout=30)) as connection:
        connection.request("POST", "/add-checkpoint", body)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Retry-After")


def test_a_full_disk_is_told_and_asked_to_wait_for() -> None:
    with serving(FullDisk()) as (server, told):
        assert post(server, request(0, 3)) == (503, "1")
    assert told == ["[DISK_FULL] the disk is full", "503 UNAVAILABLE"]


def test_all_together_have_a_limit() -> None:
    with serving(MemoryStore(), at_once=2) as (server, _):
        assert [post(server, request(0, 3)) for _ in range(3)] == [(200, None), (409, None), (429, "1")]


def test_it_listens_on_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(MemoryStore(), host="::1") as (server, _):
        assert post(server, request(0, 3))[0] == 200


def test_a_request_has_a_deadline_from_its_first_byte_on() -> None:
    now = [0.0]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        arriving = _Arriving(ours, lambda: now[0])
        buffer = bytearray(10)
        now[0] = IDLE_SECONDS - 1
        theirs.send(b"P")
        assert arriving.readinto(buffer) == 1
        now[0] += REQUEST_SECONDS + 1
        with pytest.raises(TimeoutError):
            arriving.readinto(buffer)
        arriving.await_next()
        theirs.send(b"P")
        assert arriving.readinto(buffer) == 1


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:7380", ("127.0.0.1", 7380)),
        ("[::1]:0", ("::1", 0)),
        ("witness.example:65535", ("witness.example", 65535)),
    ],
)
def test_addresses_are_read(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "7380", ":7380", "host:", "host:x", "host:65536", "host:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="HOST:PORT"):
        parse_address(text)
