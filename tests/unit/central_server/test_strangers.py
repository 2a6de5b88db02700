"""Clients without a certificate cannot take the devices' room, however many connections they open."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from central_server import http_protocol, strangers
from central_server.serving import MAX_CONNECTIONS
from central_server.strangers import MAX_STRANGERS, Strangers
from tests.unit.central_server.listening import AUTHORITY, connect, is_ended, listening_server, trust, with_client

ASK = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Ended:
    def __init__(self) -> None:
        self.is_ended = False

    def abort(self) -> None:
        self.is_ended = True


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with listening_server(tmp_path) as address:
        yield address


def is_served(connection: ssl.SSLSocket) -> bool:
    connection.sendall(ASK)
    return connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_they_have_a_small_part_of_the_room() -> None:
    assert MAX_STRANGERS * 8 <= MAX_CONNECTIONS


def test_the_first_gives_way_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "MAX_STRANGERS", 2)
    room, (first, second, third, fourth) = Strangers(), [Ended() for _ in range(4)]
    for one in (first, second, third):
        room.admit(one)
    assert (first.is_ended, second.is_ended, third.is_ended, len(room)) == (True, False, False, 2)
    room.leave(second)
    room.leave(first)
    room.admit(fourth)
    assert not third.is_ended and len(room) == 2


def test_idle_strangers_lock_nobody_out(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device is served throughout, and so is the next stranger."""
    monkeypatch.setattr(strangers, "MAX_STRANGERS", 3)
    monkeypatch.setattr(http_protocol, "STRANGER_SECONDS", 300)
    context, _ = with_client(tmp_path, AUTHORITY)
    with ExitStack() as stack, connect(url, context) as device:
        assert is_served(device)
        crowd = []
        for _ in range(5):
            crowd.append(stack.enter_context(connect(url)))
            assert is_served(crowd[-1])
            assert is_served(device)
        assert [is_ended(one, sent=b"") for one in crowd[:2]] == [True, True]
        assert all(is_served(one) for one in crowd[2:])
        with httpx.Client(verify=trust()) as monitor:
            assert monitor.get(url).status_code == 200


def test_strangers_that_have_left_take_no_room(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "MAX_STRANGERS", 2)
    monkeypatch.setattr(http_protocol, "STRANGER_SECONDS", 300)
    with connect(url) as first:
        for _ in range(5):
            with connect(url) as passing:
                passing.sendall(ASK.replace(b"Host", b"Connection: close\r\nHost"))
                while passing.recv(65_536):
                    pass
            assert is_served(first)


def test_a_stranger_has_little_time_and_a_device_more(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a head, for a body, and between two requests."""
    monkeypatch.setattr(http_protocol, "STRANGER_SECONDS", 0.2)
    context, _ = with_client(tmp_path, AUTHORITY)
    with connect(url, context) as device:
        for sent in (b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx", ASK):
            device.sendall(ASK[:5])
            with connect(url) as stranger:
                assert is_ended(stranger, sent=sent)
            device.sendall(ASK[5:])
            assert device.recv(65_536).startswith(b"HTTP/1.1 200")
