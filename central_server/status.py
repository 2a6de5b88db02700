"""``central-server status``: what the server says of itself, or, while none runs, what lies in its directory.

A running server is asked at its address for monitoring. Otherwise the directory is looked at: log against guard, keys,
publication against log, anchors, chain, disk. Nothing is changed, but that opening the log lets SQLite bring its own
write-ahead log into it. Words for people are in ``status_words``.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from central_server.anchor_files import AnchorFiles
from central_server.directory import ElectionDirectory
from central_server.keys import Algorithm, load_key
from central_server.log_access import open_log
from central_server.roster_state import read_finished_state
from central_server.running_file import Running, read_running
from central_server.settings import Settings, read_settings
from central_server.submitters import submitter_address
from central_server.vitals import free_bytes
from ledger.anchor.chain_store import FILE_NAME as CHAIN_FILE
from ledger.errors import RollbackError, TunukError
from ledger.store.durable import StorageError
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import read_published

ANSWER_SECONDS = 5.0
MIN_FREE_BYTES = 256 * 2**20
"""Of free disk, for a stopped server: what a running one asks for by default."""

State = Literal["running", "silent", "stopped"]

_KEYS: tuple[tuple[str, Algorithm], ...] = (("log", "ed25519"), ("publisher", "ed25519"), ("anchor", "secp256k1"))
"""The submitter's is apart: it may be in a keystore, or with an external signer."""


@dataclass(slots=True)
class StatusReport:
    """``state`` silent: a server holds the directory and does not answer; it starts, stops, or hangs.

    ``problems``: code by part of the server. ``sizes`` in entries, None where unknown. ``messages``: what is known
    beyond the codes. ``health``: the running server's own object.
    """

    state: State
    election_id: str
    problems: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int | None] = field(default_factory=dict)
    health: dict[str, Any] | None = None

    @contextlib.contextmanager
    def collecting(self, part: str) -> Iterator[None]:
        """An error inside is a problem of this part."""
        try:
            yield
        except TunukError as error:
            self.problems[part] = error.code
            self.messages[part] = error.message


def read_status(directory: ElectionDirectory) -> StatusReport:
    """Raises TunukError where there is no finished election to say anything of."""
    settings, state = read_settings(directory.settings), read_finished_state(directory.roster)
    report = StatusReport("stopped", state.election_id)
    running = read_running(directory.running)
    if running is not None:
        report.health = _ask(running, state.election_id)
    if report.health is not None:
        report.state = "running"
        _read_health(report, report.health)
    elif _is_held(directory.lock):
        report.state = "silent"
        report.problems["server"] = "NOT_ANSWERING"
    else:
        _look(report, directory, state.origin, settings)
    return report


def _ask(running: Running, election_id: str) -> dict[str, Any] | None:
    """The health of this election's server; None where nobody answers, or another program does."""
    try:
        with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
            health = client.get(f"{running.ops}/healthz").json()
    except (httpx.HTTPError, ValueError):
        return None
    return health if isinstance(health, dict) and health.get("election_id") == election_id else None


def _read_health(report: StatusReport, health: dict[str, Any]) -> None:
    parts = {name: part for name, part in health.items() if isinstance(part, dict)}
    report.problems |= {name: str(part["problem"]) for name, part in parts.items() if part.get("problem")}
    if "STOPPING" in health["reasons"]:
        report.problems["server"] = "STOPPING"
    names = {"log": "log", "published": "publication", "anchored": "anchoring"}
    report.sizes |= {name: parts.get(part, {}).get("size") for name, part in names.items()}


def _is_held(lock: Path) -> bool:
    """Whether a process holds the lock, as Linux lists it: asking by taking it could turn a start away."""
    try:
        status, table = lock.stat(), Path("/proc/locks").read_text()
    except OSError:
        return False
    return any(line.split()[1] == "FLOCK" and line.split()[5].endswith(f":{status.st_ino}") for line in _rows(table))


def _rows(table: str) -> Iterator[str]:
    yield from (line for line in table.splitlines() if len(line.split()) >= 6)


def _look(report: StatusReport, directory: ElectionDirectory, origin: str, settings: Settings) -> None:
    report.sizes = dict.fromkeys(("log", "guard", "published", "anchored"))
    with report.collecting("guard"):
        report.sizes["guard"] = FileGuard(directory.guard, origin).read().size
    with report.collecting("log"), SqliteStore(directory.log, origin) as store:
        report.sizes["log"] = store.head().size
        with report.collecting("publication"):
            _look_at_publication(report, directory, store)
        if "guard" not in report.problems:
            # Making a log asks whether store and guard agree.
            open_log(directory, store)
    for name, algorithm in _KEYS:
        with report.collecting(f"{name}-key"):
            load_key(directory.key(name), algorithm)
    with report.collecting("submitter-key"):
        submitter_address(directory, settings)
    with report.collecting("chain"):
        if not settings.chain.nodes and not (directory.chain / CHAIN_FILE).exists():
            raise StorageError("CHAIN_MISSING", f"{directory.chain / CHAIN_FILE} does not exist: mount its volume")
    free = free_bytes(directory.server)
    if free is not None and free < MIN_FREE_BYTES:
        report.problems["disk"] = "DISK_LOW"


def _look_at_publication(report: StatusReport, directory: ElectionDirectory, store: SqliteStore) -> None:
    published = read_published(directory.publication, store.origin)
    report.sizes["published"] = published.size
    claim = AnchorFiles(directory.publication, None).last_claim
    report.sizes["anchored"] = 0 if claim is None else claim.head.size
    if store.root_at(published.size) != published.root:
        words = f"{directory.publication} serves a head of size {published.size} that the log has not had"
        raise RollbackError("PUBLICATION_NOT_OF_LOG", words)
