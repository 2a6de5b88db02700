"""Sites drawn for the browser, served on this machine, and the browser; tests are skipped where it is missing."""

import base64
import functools
import hashlib
import http.server
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from central_server.pages.results_document import parse_stamp
from central_server.pages.site_writer import SiteWriter
from ledger.results import LATEST, numbered_path
from tests.browser.chromium import Browser, Page, find_chromium, run_chromium
from tests.unit.central_server.country_factory import fold_scenario, kyrgyz_country
from tests.unit.central_server.page_factory import eventful_night, files_of

AXE = "axe-core@4.14.1"
AXE_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""As the registry's lock format has it: the package is the one that was looked at when this was written."""


@dataclass(frozen=True, slots=True)
class ServedSite:
    """A publication's folder and the address that it is served at."""

    directory: Path
    address: str


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the test's output is for failures."""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    with run_chromium(program, tmp_path_factory.mktemp("chromium") / "profile") as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.open_page()
    yield page
    page.call("Page.close")


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, fetched once by npm into a folder outside of the tree."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm on this machine to fetch axe-core with")
    folder = Path(tempfile.gettempdir()) / "tunuk-tests"
    archive = folder / f"{AXE.replace('@', '-')}.tgz"
    if not archive.exists():
        folder.mkdir(exist_ok=True)
        packed = subprocess.run([npm, "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, check=False)
        if packed.returncode != 0:
            pytest.skip(f"npm cannot fetch {AXE}: {packed.stderr.strip()[-200:]}")
    data = archive.read_bytes()
    assert base64.b64encode(hashlib.sha512(data).digest()).decode() == AXE_SHA512, f"{archive} is another package"
    with tarfile.open(fileobj=io.BytesIO(data)) as files:
        script = files.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


@pytest.fixture(scope="session")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSite]:
    """30 districts and 200 precincts, two thirds of which are in."""
    files = files_of(fold_scenario(kyrgyz_country(200), lambda place: place % 3 != 0))
    yield from _serve(tmp_path_factory.mktemp("country"), files)


@pytest.fixture(scope="session")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSite]:
    """Two precincts with all that can be said of one."""
    yield from _serve(tmp_path_factory.mktemp("eventful"), files_of(eventful_night().fold))


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[ServedSite]:
    """An eventful site that the test may change."""
    yield from _serve(tmp_path, files_of(eventful_night().fold))


def draw(directory: Path, files: dict[str, bytes]) -> None:
    """The site of these result files, as the server's publisher draws it."""
    number = parse_stamp(files[LATEST]).number
    for path, data in {**files, numbered_path(number): files[LATEST]}.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)
    writer = SiteWriter(directory)
    writer.take(files)
    while not writer.write(1_000):
        pass


def _serve(directory: Path, files: dict[str, bytes]) -> Iterator[ServedSite]:
    draw(directory, files)
    # Browsers ask whether a file has changed since a second; here snapshots follow each other faster than on a night.
    for path in directory.rglob("*.*"):
        os.utime(path, (0, 0))
    handler = functools.partial(_Silent, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield ServedSite(directory, f"http://127.0.0.1:{server.server_port}/")
        finally:
            server.shutdown()
            thread.join()
