"""The checked-in configuration in a real nginx: what is served, how long it may be kept, and that observers pass."""

import http.client
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.policy import parse_policy
from tests.system.conftest import Verify
from tests.system.urn_agent_process import wait_until
from tests.system.witness_process import make_keys, running_witness

pytestmark = pytest.mark.slow

IMMUTABLE = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def nginx() -> str:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("there is no nginx on this machine")
    return program


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(nginx: str, folder: Path, server: str) -> Iterator[None]:
    """nginx with this server block, everything else of its own in ``folder``."""
    for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        (folder / name).mkdir(parents=True)
    paths = "".join(f"{name}_temp_path {folder}/{name};" for name in ("proxy", "fastcgi", "uwsgi", "scgi"))
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; daemon off; user root; worker_processes 1;\n"
        "events { worker_connections 256; }\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; {paths}\n{server}\n}}\n"
    )
    subprocess.run([nginx, "-t", "-c", configuration], check=True, capture_output=True, timeout=30)
    process = subprocess.Popen([nginx, "-c", configuration], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def published_block(repository: Path, publication: Path, port: int) -> str:
    text = (repository / "docs" / "nginx" / "tunuk.conf").read_text(encoding="utf-8")
    text, ports = re.subn(r"listen 127\.0\.0\.1:8080;", f"listen 127.0.0.1:{port};", text)
    text, roots = re.subn(r"root /srv/tunuk/publication;", f"root {publication};", text)
    assert ports == roots == 1
    return text


class Site:
    def __init__(self, port: int) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}/"

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def answers(self) -> bool:
        try:
            return self.ask("/checkpoint")[0] == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def publication(demo_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("served") / "publication"
    shutil.copytree(demo_night / "publication", copy)
    (copy / "tile" / ".tmp-half").write_text("half")
    return copy


@pytest.fixture(scope="module")
def site(nginx: str, repository: Path, publication: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(free_port())
    block = published_block(repository, publication, found.port)
    with serving(nginx, tmp_path_factory.mktemp("nginx") / "run", block):
        wait_until(found.answers, "nginx answers")
        yield found


def test_what_is_served_and_how_long_it_may_be_kept(site: Site, publication: Path) -> None:
    partial = next(path for path in publication.glob("tile/0/*.p/*")).relative_to(publication)
    expected = {
        "/checkpoint": ("text/plain; charset=utf-8", "no-cache"),
        "/tile/0/000": ("application/octet-stream", IMMUTABLE),
        f"/{partial}": ("application/octet-stream", IMMUTABLE),
        "/tile/entries/000": ("application/octet-stream", IMMUTABLE),
        "/results/000001.json": ("application/json", "no-cache"),
        "/results/latest.json": ("application/json", "no-cache"),
        "/results/precincts.csv": ("text/csv; charset=utf-8", "no-cache"),
        "/anchors/index.json": ("application/json", "no-cache"),
        "/snapshot.json": ("application/json", "no-cache"),
        "/": ("text/html; charset=utf-8", "no-cache"),
        "/ru/": ("text/html; charset=utf-8", "no-cache"),
    }
    for path, (kind, kept) in expected.items():
        status, headers, body = site.ask(path)
        assert (status, headers["content-type"], headers["cache-control"]) == (200, kind, kept), path
        file = publication / path.lstrip("/")
        assert body == (file / "index.html" if file.is_dir() else file).read_bytes()
    for kind in ("css", "js", "svg"):
        [asset] = publication.glob(f"assets/*.{kind}")
        status, headers, _ = site.ask(f"/assets/{asset.name}")
        assert (status, headers["cache-control"]) == (200, IMMUTABLE)
    proof = next(publication.glob("proof/*.tlog-proof"))
    assert site.ask(f"/proof/{proof.name}")[1]["content-type"] == "text/plain; charset=utf-8"


def test_what_is_not_there_is_not_kept(site: Site) -> None:
    for path in ("/tile/0/000.p/300", "/tile/9/000", "/results/999999.json", "/nowhere", "/ru/precinct/none.html"):
        status, headers, _ = site.ask(path)
        assert status == 404 and "immutable" not in headers.get("cache-control", "")


@pytest.mark.parametrize(
    "path", ["/tile/.tmp-half", "/../policy", "/tile/../../policy", "/%2e%2e/policy", "/.git/config", "/tile/"]
)
def test_nothing_beside_the_publication_is_served(site: Site, path: str) -> None:
    assert site.ask(path)[0] in (400, 403, 404)


def test_unchanged_files_cost_a_header_and_parts_can_be_asked_for(site: Site) -> None:
    _, headers, body = site.ask("/checkpoint")
    status, _, nothing = site.ask("/checkpoint", **{"If-None-Match": headers["etag"]})
    assert (status, nothing) == (304, b"")
    assert site.ask("/checkpoint", "HEAD")[2] == b"" and body
    status, _, part = site.ask("/tile/0/000", Range="bytes=0-31")
    assert (status, len(part)) == (206, 32)
    assert site.ask("/checkpoint", "POST")[0] == 405
    assert site.ask("/results/latest.json", **{"Accept-Encoding": "gzip"})[1]["content-encoding"] == "gzip"
    assert "content-encoding" not in site.ask("/tile/0/000", **{"Accept-Encoding": "gzip"})[1]


def test_observers_pass_over_it(site: Site, demo_night: Path, verify: Verify) -> None:
    status, report = verify(site.url, demo_night / "policy")
    assert (status, report["ok"]) == (0, True), report


def test_a_witness_is_reached_through_it(nginx: str, repository: Path, demo_night: Path, tmp_path: Path) -> None:
    """By the line that the pages give."""
    pages = [(repository / "docs" / name).read_text(encoding="utf-8") for name in ("serving.md", "witnesses.md")]
    line = "location = /add-checkpoint { proxy_pass http://127.0.0.1:7380; }"
    assert all(line in page for page in pages)
    make_keys(tmp_path / "witness")
    port = free_port()
    log_key = parse_policy((demo_night / "policy").read_bytes()).logs[0].key
    with running_witness(tmp_path / "witness", log_key) as witness:
        address = re.sub(r"^http://", "", witness.url).rstrip("/")
        block = f"server {{ listen 127.0.0.1:{port}; {line.replace('127.0.0.1:7380', address)} }}"
        with serving(nginx, tmp_path / "run", block):
            note = (demo_night / "publication" / "checkpoint").read_bytes()
            body = b"old 0\n\n" + note

            def post() -> tuple[int, bytes]:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                connection.request("POST", "/add-checkpoint", body)
                answer = connection.getresponse()
                found = answer.status, answer.read()
                connection.close()
                return found

            wait_until(lambda: _listens(port), "nginx answers")
            status, signatures = post()
            assert status == 200 and signatures.startswith("— ".encode())


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
