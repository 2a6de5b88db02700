"""Other people's programs, built or fetched once into a folder outside of the tree. Where one cannot be had, its tests
are skipped with the reason.
"""

import base64
import hashlib
import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

TOOLS = Path(tempfile.gettempdir()) / "tunuk-tests"
SUMDB = Path(__file__).parent / "sumdb"
WITNESS = Path(__file__).parent / "witness"
ED25519 = Path(__file__).parent / "ed25519"
LITEWITNESS = "filippo.io/torchwood/cmd/litewitness@v0.9.0"
TESSERA = "github.com/transparency-dev/tessera/cmd/fsck@v1.0.4"
CAST = "@foundry-rs/cast-linux-amd64@1.7.1"
CAST_SHA512 = "XUpTM2rwtkF8BJ02dae38NNZAx5QfycWRpdR2RmSgOJnasvXuvN58whDVLjQu8IDHEV/fCNIa49aE8V74pmDwQ=="
"""As the registry's lock format has it: the package is the one that was looked at when this was written."""

BBQR = "bbqr@1.2.0"
BBQR_SHA512 = "wB4UaSMcrnkQgq9ZFoWyvF3/tEAcnakb2n13D4PdppDl6FNvIM+RNmidD0UDeiL6C98syqTdmdD+czkKEgqmWg=="

Run = Callable[..., tuple[int, str]]


def _run(program: Path, *arguments: str) -> tuple[int, str]:
    ended = subprocess.run([program, *arguments], capture_output=True, check=False, timeout=120)
    return ended.returncode, (ended.stdout + ended.stderr).decode()


def _go(*arguments: str, where: Path, **environment: str) -> None:
    """Skips where there is no Go, or where it cannot get what it needs."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no Go on this machine to build another implementation with")
    ended = subprocess.run(
        [go, *arguments], cwd=where, env={**os.environ, **environment}, capture_output=True, check=False, timeout=300
    )
    if ended.returncode != 0:
        pytest.skip(f"Go cannot build {arguments[-1]}: {ended.stderr.decode().strip()[-200:]}")


@pytest.fixture(scope="session")
def sumdb() -> Run:
    """``golang.org/x/mod/sumdb`` (its version is in ``go.mod``), by a program of ours that only reads files for it."""
    program = build_program(SUMDB)
    return lambda *arguments: _run(program, *arguments)


def build_program(folder: Path) -> Path:
    """A program of ours over other people's code."""
    sources = b"".join((folder / name).read_bytes() for name in ("main.go", "go.mod", "go.sum"))
    program = TOOLS / f"{folder.name}-{hashlib.sha256(sources).hexdigest()[:16]}"
    if not program.exists():
        _go("build", "-o", str(program), ".", where=folder)
    return program


@pytest.fixture(scope="session")
def go_ed25519() -> Path:
    """Go's own ``crypto/ed25519``, by a program that only reads lines for it."""
    return build_program(ED25519)


@pytest.fixture(scope="session")
def go_log() -> Run:
    """A log that asks a witness, by ``x/mod/sumdb`` and ``transparency-dev/formats`` (versions in ``go.mod``)."""
    program = build_program(WITNESS)
    return lambda *arguments: _run(program, *arguments)


@pytest.fixture(scope="session")
def litewitness() -> Path:
    """Torchwood's witness, as its makers distribute it."""
    folder = TOOLS / LITEWITNESS.replace("/", "-")
    if not (folder / "litewitness").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _go("install", LITEWITNESS, where=folder, GOBIN=str(folder))
    if shutil.which("ssh-agent") is None:
        pytest.skip("litewitness takes its key from ssh-agent, which is not on this machine")
    return folder / "litewitness"


@pytest.fixture(scope="session")
def tessera_fsck() -> Run:
    """``fsck`` of Tessera, as its makers distribute it."""
    folder = TOOLS / TESSERA.replace("/", "-")
    if not (folder / "fsck").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _go("install", TESSERA, where=folder, GOBIN=str(folder))
    # It ends with status 0 whatever it finds, and one worker alone waits for ever once it has found something.
    return lambda *arguments: _run(folder / "fsck", "-ui=false", "-N", "2", *arguments)


@pytest.fixture(scope="session")
def cast() -> Run:
    """Foundry's ``cast``."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("cast is fetched for Linux on x86_64")
    program = _unpack(CAST, CAST_SHA512, TOOLS / "cast") / "bin" / "cast"
    return lambda *arguments: _run(program, *arguments)


@pytest.fixture(scope="session")
def bbqr() -> Callable[[str], bytes]:
    """The reference implementation of BBQr by its makers: from scanned lines to the bytes that they hold."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node on this machine to run BBQr's reference implementation")
    module = _unpack(BBQR, BBQR_SHA512, TOOLS / "bbqr") / "dist" / "bbqr.js"
    script = (
        f"import {{ joinQRs }} from {json.dumps(str(module))}; import {{ readFileSync }} from 'node:fs';"
        "process.stdout.write(Buffer.from(joinQRs(readFileSync(0, 'utf8').trim().split('\\n')).raw));"
    )

    def join(text: str) -> bytes:
        command = [node, "--input-type=module", "--eval", script]
        return subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True, timeout=60).stdout

    return join


def _unpack(package: str, sha512: str, folder: Path) -> Path:
    """The package's files, from npm's registry. Skips where they cannot be fetched."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"there is no npm on this machine to fetch {package} with")
    TOOLS.mkdir(exist_ok=True)
    archive = TOOLS / f"{package.removeprefix('@').replace('/', '-').replace('@', '-')}.tgz"
    if not archive.exists():
        command = [npm, "pack", "--silent", package]
        packed = subprocess.run(command, cwd=TOOLS, capture_output=True, text=True, check=False)
        if packed.returncode != 0:
            pytest.skip(f"npm cannot fetch {package}: {packed.stderr.strip()[-200:]}")
    digest = hashlib.sha512(archive.read_bytes()).digest()
    assert base64.b64encode(digest).decode() == sha512, f"{archive} is another package"
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    return folder / "package"
