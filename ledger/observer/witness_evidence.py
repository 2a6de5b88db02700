"""The folder where a witness keeps what logs have said against themselves: one file each, named by its hash."""

from collections.abc import Callable
from pathlib import Path

from ledger.primitives import sha256
from ledger.store.durable import make_directory, write_file


class EvidenceFolder:
    """Keeps a bounded number of files: one fork is enough, and a log could sign as many as it likes."""

    def __init__(self, directory: Path, max_files: int, tell: Callable[[str], None]) -> None:
        self._directory, self._max_files, self._tell = directory, max_files, tell

    def keep(self, evidence: bytes) -> None:
        """Raises StorageError."""
        make_directory(self._directory)
        path = self._directory / f"{sha256(evidence).hex()[:32]}.evidence"
        kept = {*self._directory.glob("*.evidence")}
        if path not in kept and len(kept) < self._max_files:
            write_file(path, evidence)
            self._tell(f"a log has signed two histories: {path} proves it")
