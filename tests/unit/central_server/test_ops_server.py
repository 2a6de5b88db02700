"""The address for monitoring answers a few at a time, and tells of its own defects alone."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge

from central_server import ops_server
from central_server.ops_server import MAX_REQUESTS, Page, make_pages, serving_ops
from central_server.serving import open_socket


@contextmanager
def serving(pages: Mapping[str, Page]) -> Iterator[str]:
    with open_socket("127.0.0.1", 0) as listening, serving_ops(listening, pages) as url:
        yield url


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=20)


def test_pages_follow_health() -> None:
    registry, health, live = CollectorRegistry(), {"status": "ok", "ready": True, "reasons": []}, [True]
    Gauge("a", "b", registry=registry).set(7)
    with serving(make_pages(registry, lambda: health, lambda: live[0])) as url:
        metrics = get(f"{url}/metrics?name=a")
        assert "a 7.0\n" in metrics.text and metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert [get(f"{url}/healthz{path}").status_code for path in ("", "/ready", "/live")] == [200, 200, 200]
        health |= {"status": "failing", "ready": False, "reasons": ["DISK_FULL"]}
        live[0] = False
        assert [get(f"{url}/healthz{path}").status_code for path in ("", "/ready", "/live")] == [503, 503, 503]
        assert get(f"{url}/healthz/ready").json() == {"ready": False, "reasons": ["DISK_FULL"]}
        assert get(f"{url}/").status_code == 404
        head = httpx.head(f"{url}/healthz", trust_env=False)
        assert (head.status_code, head.content) == (503, b"")
        assert httpx.post(f"{url}/healthz", trust_env=False).status_code == 501


def test_one_too_many_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until those who say nothing have had their time."""
    monkeypatch.setattr(ops_server._Handler, "timeout", 1.0)
    with serving({"/": lambda: (200, "text/plain", b"here")}) as url:
        port = int(url.rpartition(":")[2])
        silent = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(MAX_REQUESTS)]
        with socket.create_connection(("127.0.0.1", port), 20) as one_more:
            assert one_more.recv(1) == b""
        for connection in silent:
            with connection:
                assert connection.recv(1) == b""
        assert get(url).text == "here"


def test_a_defect_in_a_page_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> tuple[int, str, bytes]:
        raise ZeroDivisionError

    with serving({"/": broken}) as url, pytest.raises(httpx.TransportError):
        get(url)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")]
)
def test_the_address_that_is_told_can_be_reached(host: str, shown: str) -> None:
    pages: dict[str, Page] = {"/": lambda: (200, "text/plain", b"here")}
    with open_socket(host, 0) as listening, serving_ops(listening, pages) as url:
        assert url.startswith(f"http://{shown}:") and get(url).text == "here"
