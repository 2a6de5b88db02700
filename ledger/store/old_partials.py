"""Partial tiles and bundles that nobody needs any more are removed from a publication.

A partial is superseded when a wider one, or the full tile, lies beside it; a reader who took a checkpoint just before
may need it for a while. So the sizes that were published are remembered for that long, and as long as a process does
not know what was published before it, it removes nothing.
"""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from ledger.store.durable import storage_error
from ledger.tiles import TILE_WIDTH, encode_bundle_path, encode_tile_path, new_bundles, tiles_for_size

GRACE_SECONDS = 600.0
"""For slow readers, after a checkpoint was superseded. From then on they find the full tile, or begin anew."""

MAX_REMOVED = 10_000
"""In one call: the next one goes on."""

_SUFFIX = ".p"


class OldPartials:
    """Of the publication in one folder, for the thread that publishes into it. ``now`` is monotonic, in seconds."""

    def __init__(self, directory: Path, now: float, grace_seconds: float = GRACE_SECONDS) -> None:
        self._directory = directory
        self._grace_seconds = grace_seconds
        self._since = now
        # Each size with the time when it was superseded; the last one is not.
        self._sizes: deque[tuple[int, float]] = deque()
        self._size = 0

    def note(self, size: int, now: float) -> None:
        """What is published now."""
        if size != self._size:
            self._sizes.append((self._size, now))
            self._size = size
        while self._sizes and self._sizes[0][1] < now - self._grace_seconds:
            self._sizes.popleft()

    def remove(self, now: float) -> int:
        """How many files were removed. A crash leaves files that a later call removes. Raises StorageError."""
        if now - self._since < self._grace_seconds:
            return 0
        needed = {self._directory / name for size, _ in self._sizes for name in _partials_of(size)}
        needed |= {self._directory / name for name in _partials_of(self._size)}
        removed = 0
        try:
            for folder in _partial_folders(self._directory / "tile"):
                for path in _superseded(folder):
                    if removed == MAX_REMOVED:
                        return removed
                    if path not in needed:
                        path.unlink()
                        removed += 1
                if not any(folder.iterdir()):
                    folder.rmdir()
        except OSError as error:
            raise storage_error(error, f"remove old partial tiles below {self._directory}") from error
        return removed


def _partials_of(size: int) -> Iterator[str]:
    yield from (encode_tile_path(tile) for tile in tiles_for_size(size) if tile.width < TILE_WIDTH)
    yield from (encode_bundle_path(bundle) for bundle in new_bundles(0, size) if bundle.width < TILE_WIDTH)


def _partial_folders(root: Path) -> list[Path]:
    folders: list[Path] = []
    pending = [root] if root.is_dir() else []
    while pending:
        for path in sorted(pending.pop().iterdir()):
            if path.is_dir():
                (folders if path.suffix == _SUFFIX else pending).append(path)
    return folders


def _superseded(folder: Path) -> list[Path]:
    """All but the widest, which may belong to a head that is not published yet; and that too beside the full one."""
    partials = sorted((path for path in folder.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
    return partials if folder.with_suffix("").exists() else partials[:-1]
