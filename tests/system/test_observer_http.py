"""The audit over HTTP: a plain file server in a process of its own, and servers that are broken or hostile."""

import contextlib
import http.server
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.observer.audit import audit
from ledger.observer.fetch import FileFault, UnreachableError
from ledger.observer.fetch_http import HttpSource
from ledger.observer.findings import Verdict
from tests.unit.ledger.observer.publication_factory import Author, codes, whole_author, write_files

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """``python -m http.server`` on a free port of loopback; its address."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            # It says: Serving HTTP on 127.0.0.1 port 12345 (…
            yield f"http://127.0.0.1:{process.stdout.readline().split(' port ')[1].split()[0]}"
        finally:
            process.terminate()


@contextlib.contextmanager
def scripted_server(answer: Answer) -> Iterator[str]:
    """Every GET and POST is answered by ``answer``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # A client that has seen enough hangs up.
            with contextlib.suppress(ConnectionError):
                answer(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Clock:
    """A second passes at each look; pauses are noted."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        self.now += 1
        return self.now


def open_source(url: str, clock: Clock | None = None) -> HttpSource:
    clock = clock or Clock()
    return HttpSource(url, pause=clock.pauses.append, clock=clock, pauses_s=(0.1, 0.2), step_timeout_s=20)


def audit_at(url: str, author: Author) -> Verdict:
    with open_source(url) as source:
        return audit(source, author.policy(), lambda seconds: None, ())


def answer_with(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_plain_file_server_is_enough(tmp_path: Path) -> None:
    author = whole_author(300)
    with file_server(write_files(author.files, tmp_path)) as url:
        for address in (url, url + "/"):
            verdict = audit_at(address, author)
            assert verdict.ok is True and verdict.tree_size == 300
        (tmp_path / "results" / "precincts.csv").unlink()
        assert codes(audit_at(url, author)) == [("FILE_MISSING", None)]


def test_a_publication_may_lie_below_a_path(tmp_path: Path) -> None:
    author = whole_author()
    write_files(author.files, tmp_path / "a path" / "2027")
    with file_server(tmp_path) as url:
        assert audit_at(f"{url}/a%20path/2027", author).ok is True
        verdict = audit_at(f"{url}/other", author)
        assert verdict.error is not None and verdict.error.code == "NOT_A_PUBLICATION"


def test_redirects_to_the_place_are_followed(tmp_path: Path) -> None:
    author = whole_author()
    with file_server(write_files(author.files, tmp_path)) as place:

        def redirect(handler: http.server.BaseHTTPRequestHandler) -> None:
            answer_with(302, Location=place + handler.path)(handler)

        with scripted_server(redirect) as url:
            assert audit_at(url, author).ok is True


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_server_that_fails_is_asked_again_and_then_unreachable(status: int) -> None:
    clock = Clock()
    with (
        scripted_server(answer_with(status)) as url,
        open_source(url, clock) as source,
        pytest.raises(UnreachableError) as caught,
    ):
        source.read("checkpoint", 100)
    assert caught.value.code == "UNREACHABLE" and clock.pauses == [0.1, 0.2]


def test_a_server_that_recovers_is_no_news() -> None:
    failures = iter([503, 500])

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        answer_with(next(failures, 200), b"checkpoint")(handler)

    with scripted_server(answer) as url, open_source(url) as source:
        assert source.read("checkpoint", 100) == b"checkpoint"


@pytest.mark.parametrize("status", [204, 401, 403])
def test_a_refusal_is_neither_a_file_nor_a_missing_one(status: int) -> None:
    clock = Clock()
    with (
        scripted_server(answer_with(status)) as url,
        open_source(url, clock) as source,
        pytest.raises(UnreachableError),
    ):
        source.read("checkpoint", 100)
    assert clock.pauses == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_file_is_a_fault_of_the_publication(status: int) -> None:
    with scripted_server(answer_with(status)) as url, open_source(url) as source, pytest.raises(FileFault) as caught:
        source.read("checkpoint", 100)
    assert caught.value.code == "FILE_MISSING"


def test_endless_data_is_cut_off() -> None:
    def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 65_536)

    with scripted_server(endless) as url, open_source(url) as source, pytest.raises(FileFault) as caught:
        source.read("checkpoint", 1_000_000)
    assert caught.value.code == "FILE_TOO_LONG"


def test_a_trickle_is_given_up() -> None:
    """Each piece comes in time; the file does not. The clock moves with the pieces, so that nobody waits."""

    def trickle(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b"x" * 65_536)

    clock = Clock()
    with scripted_server(trickle) as url:
        source = HttpSource(url, pause=clock.pauses.append, clock=clock, pauses_s=(0.1,), file_timeout_s=5)
        with source, pytest.raises(UnreachableError):
            source.read("checkpoint", 10**9)
    assert clock.pauses == [0.1] and clock.now < 30


def test_a_compressed_answer_is_not_unpacked() -> None:
    with (
        scripted_server(answer_with(200, b"x", Content_Encoding="gzip")) as url,
        open_source(url) as source,
        pytest.raises(UnreachableError),
    ):
        source.read("checkpoint", 100)


def test_a_loop_of_redirects_ends() -> None:
    with (
        scripted_server(answer_with(302, Location="/again")) as url,
        open_source(url) as source,
        pytest.raises(UnreachableError),
    ):
        source.read("checkpoint", 100)


def test_a_body_that_is_cut_off_is_not_taken_for_the_file() -> None:
    with (
        scripted_server(answer_with(200, b"half", Content_Length="8")) as url,
        open_source(url) as source,
        pytest.raises(UnreachableError),
    ):
        source.read("checkpoint", 100)


def test_garbage_in_place_of_http_is_unreachable() -> None:
    def garbage(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\x00\xff" * 100)

    with scripted_server(garbage) as url, open_source(url) as source, pytest.raises(UnreachableError):
        source.read("checkpoint", 100)


def test_a_page_for_every_path_fails_as_a_checkpoint() -> None:
    with scripted_server(answer_with(200, b"<html>Welcome</html>")) as url:
        assert codes(audit_at(url, whole_author())) == [("BAD_NOTE", None)]


def test_nobody_listens() -> None:
    with scripted_server(answer_with(200)) as url:
        pass
    verdict = audit_at(url, whole_author())
    assert verdict.ok is None and verdict.error is not None and verdict.error.code == "UNREACHABLE"


@pytest.mark.parametrize("url", ["ftp://example.org/x", "http://", "https://h/p?q=1", "http://h/#f", "http://[::1"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(UnreachableError) as caught:
        open_source(url)
    assert caught.value.code == "BAD_ADDRESS"
