"""The server looks at itself every other second: log, guard, disk, and how far publication and anchors are behind.

Health and metrics are asked often and by anybody, so that they read what was found here and never a disk. Responsible
for looking; what follows from it is for ``health``.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from central_server.lag_clock import LagClock
from ledger.errors import FormatError, TunukError
from ledger.results import LATEST
from ledger.store.contract import Store
from ledger.store.durable import read_file, storage_error
from ledger.store.tile_files import read_published

LOOK_SECONDS = 2.0
MAX_LATEST = 64 * 1024 * 1024
"""Bytes of ``latest.json``; a country's has a few MiB."""

_Count = Annotated[int, Meta(ge=0)]


class ResultCounts(msgspec.Struct, frozen=True):
    """What ``latest.json`` says of records that count for nothing; ``held`` and ``flags`` by code."""

    held: dict[str, _Count] = {}
    flags: dict[str, _Count] = {}
    repeats: _Count = 0
    gaps: _Count = 0


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the last look found, at ``seen`` (monotonic seconds). Sizes are in entries; ages of the oldest one missing.

    ``log_problem``: the code of what is wrong with log or guard. ``free_bytes``: of the log's disk, None where unknown.
    """

    seen: float
    log_size: int
    log_problem: str | None
    published: int
    publication_lag_seconds: float
    anchored: int
    anchor_lag_seconds: float
    free_bytes: int | None
    results: ResultCounts

    @property
    def publication_lag(self) -> int:
        """Logged entries that the published checkpoint does not cover."""
        return max(0, self.log_size - self.published)

    @property
    def anchor_lag(self) -> int:
        """Published entries that no anchor covers."""
        return max(0, self.published - self.anchored)


class Watch:
    """``check`` raises TunukError unless log and guard agree. ``anchored`` gives the size last anchored, None for none.

    ``store`` is for this watch alone. ``look`` belongs to one thread, ``vitals`` may be read from any.
    """

    def __init__(
        self,
        store: Store,
        publication: Path,
        disk: Path,
        check: Callable[[], object],
        anchored: Callable[[], int | None],
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._publication = publication
        self._disk = disk
        self._check = check
        self._anchored = anchored
        self._monotonic = monotonic
        self._publishing, self._anchoring = LagClock(), LagClock()
        self._latest: tuple[int, int] | None = None
        self._results = ResultCounts()
        self.vitals = Vitals(monotonic(), 0, None, 0, 0.0, 0, 0.0, None, self._results)
        self.look()

    def look(self) -> None:
        """Never raises for what it finds."""
        now, last = self._monotonic(), self.vitals
        log_size, log_problem, published = last.log_size, None, last.published
        try:
            log_size = self._store.head().size
            self._check()
        except TunukError as error:
            log_problem = error.code
        with contextlib.suppress(TunukError):
            # A publication that cannot be read is its follower's problem, and told there.
            published = read_published(self._publication, self._store.origin).size
            self._read_results()
        anchored = self._anchored() or last.anchored
        self._publishing.note(log_size, now)
        self._anchoring.note(published, now)
        self.vitals = Vitals(
            now,
            log_size,
            log_problem,
            published,
            self._publishing.seconds(published, now),
            anchored,
            self._anchoring.seconds(anchored, now),
            free_bytes(self._disk),
            self._results,
        )

    def _read_results(self) -> None:
        path = self._publication / LATEST
        try:
            status = path.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise storage_error(error, f"look at {path}") from error
        if self._latest == (status.st_ino, status.st_mtime_ns):
            return
        data = read_file(path, MAX_LATEST)
        if data is not None:
            self._results = parse_result_counts(data)
            self._latest = status.st_ino, status.st_mtime_ns


def parse_result_counts(data: bytes) -> ResultCounts:
    """Raises FormatError(``BAD_RESULTS``)."""
    try:
        return msgspec.json.decode(data, type=ResultCounts)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError("BAD_RESULTS", f"{LATEST} is not as it was written: {error}") from error


def free_bytes(path: Path) -> int | None:
    """What this process may still write to the disk that holds ``path``; None where the system does not say."""
    try:
        status = os.statvfs(path)
    except OSError:
        return None
    return status.f_bavail * status.f_frsize


@contextlib.contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Look again and again in a thread until the end."""
    stop = threading.Event()

    def look_on() -> None:
        while not stop.wait(LOOK_SECONDS):
            watch.look()

    thread = threading.Thread(target=look_on, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
