"""The public folder: static files that any web server can serve, each replaced whole or not at all.

Responsible for which files go with a snapshot and in which order they change, so that every crash leaves a folder whose
parts fit: the numbered file is there before the log speaks of it, and ``latest.json`` names a snapshot only when all
that it needs is in place. Pages are drawn after that, from these files alone and a piece at a time: no number waits for
them. When a snapshot is taken is for the follower; tiles and checkpoint are for ``ledger.store``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from central_server.pages.site_writer import SiteWriter
from ledger.primitives import Hash, sha256
from ledger.results import LATEST, numbered_path
from ledger.store.durable import make_directory, read_file, storage_error, write_file

Write = Callable[[Path, bytes], None]
"""Puts a file in place, whole and durable when it returns; ``ledger.store.durable.write_file`` but for tests."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """The files of snapshot ``number``, folded from the first ``tree_size`` entries with root ``root_hash``.

    ``state_files``: those that are kept once a state, by path.
    """

    number: int
    tree_size: int
    root_hash: Hash
    numbered_file: bytes
    state_files: dict[str, bytes]

    @property
    def manifest_hash(self) -> Hash:
        return sha256(self.numbered_file)


class PublicFolder:
    """Writes the files of snapshots below ``directory``. A file that is there with the same bytes is left alone.

    Every method may raise StorageError; calling it again completes what is missing.
    """

    def __init__(self, directory: Path, write: Write = write_file) -> None:
        self.directory = directory
        self._write = write
        self._site = SiteWriter(directory)

    def has_numbered(self, number: int) -> bool:
        """Whether there is a file with this number; being written whole or not at all, it is taken as it is."""
        return (self.directory / numbered_path(number)).is_file()

    def put_numbered(self, rendering: Rendering) -> None:
        """Before the log has the snapshot: nobody is told of the file yet, and until then it may be replaced."""
        self._put(numbered_path(rendering.number), rendering.numbered_file)

    def put_latest(self, rendering: Rendering) -> None:
        """Once a published checkpoint covers the snapshot: the state files, and what names them all, last."""
        for name, data in rendering.state_files.items():
            self._put(name, data)
        self._put(LATEST, rendering.numbered_file)

    def turn_pages_to(self, rendering: Rendering) -> None:
        """From now on pages are drawn from this snapshot. Raises FormatError for files that they do not understand."""
        self._site.take({**rendering.state_files, LATEST: rendering.numbered_file})

    def draw_pages(self, limit: int) -> bool:
        """Draw up to ``limit`` documents of those that have changed; whether none is left. May raise FormatError."""
        return self._site.write(limit)

    def _put(self, name: str, data: bytes) -> None:
        path = self.directory / name
        make_directory(path.parent)
        if not _holds(path, data):
            self._write(path, data)


def _holds(path: Path, data: bytes) -> bool:
    try:
        same_length = path.stat().st_size == len(data)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise storage_error(error, f"look at {path}") from error
    return same_length and read_file(path, len(data)) == data
