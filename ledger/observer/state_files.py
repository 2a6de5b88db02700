"""The files that are kept once per state: the CSV files and ``latest.json``, held against the recomputed ones.

Responsible for telling a wrong file from a server that is publishing at this moment. A server replaces these files
after the checkpoint that covers their snapshot, one by one, so that a reader may meet an older or a newer one. Hence
the rule: a file is right if it is the state of the newest snapshot that was known before it was read, or of a later one
that the log has by now. Until then the checkpoint is read again, and the file after a pause, a bounded number of times.
"""

from collections.abc import Callable, Sequence

from ledger.observer.fetch import FileFault, Source
from ledger.observer.findings import Findings
from ledger.observer.snapshots import History, add_difference
from ledger.primitives import sha256
from ledger.results import COVERAGE, LATEST, PRECINCTS, numbered_path

FOLDER_PAUSES_S = (0.1, 0.2, 0.4, 0.8)
"""Waits for a server that is publishing into this folder, over all files together. It needs a fraction of a second."""

HTTP_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.5, 2.0)
"""Over HTTP the checkpoint may come from a cache, which keeps it for a few seconds at most."""

_LONGER_BY = 16 * 1024 * 1024
"""Bytes by which a state may have outgrown twice the one before it."""

_MAX_UNEXPECTED = 64 * 1024


class StateFileCheck:
    """``refresh`` reads the checkpoint again and judges what is new; False where that came to an end.

    ``history`` gives the recomputed files as of now.
    """

    def __init__(
        self,
        source: Source,
        history: Callable[[], History],
        refresh: Callable[[], bool],
        pause: Callable[[float], object],
        findings: Findings,
        pauses_s: Sequence[float],
    ) -> None:
        self._source, self._history, self._refresh = source, history, refresh
        self._pause, self._findings = pause, findings
        self._pauses = iter(pauses_s)

    def check(self) -> None:
        """Check all files. Raises UnreachableError."""
        if self._history().newest is None and not self._wait_for_first():
            return
        newest = self._history().newest
        for path in newest.files if newest is not None else ():
            if not self._check_file(path):
                return

    def _wait_for_first(self) -> bool:
        """Without a snapshot there are no results, or the first one is being published. True: there is one by now."""
        while True:
            found = self._find_results()
            if found is None:
                return False
            if not self._refresh():
                return False
            if self._history().newest is not None:
                return True
            if not self._wait():
                self._findings.add("RESULT_WITHOUT_SNAPSHOT", path=found)
                return False

    def _find_results(self) -> str | None:
        """A result file that is there, although no snapshot is known yet."""
        for path in (LATEST, numbered_path(1), PRECINCTS, COVERAGE):
            try:
                self._source.read(path, _MAX_UNEXPECTED)
            except FileFault as error:
                if error.code == "FILE_MISSING":
                    continue
            return path
        return None

    def _check_file(self, path: str) -> bool:
        """False where the log cannot be followed any further, and nothing can be said about the files."""
        while True:
            newest = self._history().newest
            if newest is None:
                return False
            data = self._read(path, 2 * len(newest.files[path]) + _LONGER_BY)
            if self._number(path, data) >= newest.number:
                return True
            if not self._refresh():
                return False
            if self._number(path, data) >= newest.number:
                return True
            if not self._wait():
                self._blame(path, data)
                return True

    def _read(self, path: str, limit: int) -> bytes | FileFault:
        try:
            return self._source.read(path, limit)
        except FileFault as error:
            return error

    def _number(self, path: str, data: bytes | FileFault) -> int:
        """The last snapshot whose state this is, 0 for none."""
        if isinstance(data, FileFault):
            return 0
        return self._history().numbers.get(path, {}).get(sha256(data), 0)

    def _wait(self) -> bool:
        """False once all pauses are used up."""
        pause_s = next(self._pauses, None)
        if pause_s is None:
            return False
        self._pause(pause_s)
        return True

    def _blame(self, path: str, data: bytes | FileFault) -> None:
        newest = self._history().newest
        if isinstance(data, FileFault):
            self._findings.add_error(data, path=path)
        elif newest is not None:
            number = self._number(path, data)
            if number > 0:
                self._findings.add("RESULT_STALE", path=path, published=number, recomputed=newest.number)
            else:
                add_difference(self._findings, None, path, data, newest.files[path])
