"""Partial tiles and bundles that full ones have replaced: taken away after a grace time, a bounded part in each step.

C2SP tlog-tiles: a partial tile of a published checkpoint stays until the full one is available; readers who still
follow the older checkpoint then take the full one. So what goes is what a *published* checkpoint has a full tile for,
and it goes late enough for whoever began to read before. The partial tiles of the tiles that are not full yet stay, at
most 255 for each level.

Nothing is kept on disk: what is found after a start waits for the whole grace time again.
"""

import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

from ledger.store.durable import clear_directory, storage_error, sync_directory
from ledger.store.tile_files import read_published
from ledger.tiles import TILE_HEIGHT, Bundle, Tile, encode_bundle_path, encode_tile_path

GRACE_SECONDS = 600.0
"""For slow readers, and for caches between them and the folder."""

LOOKED_AT_A_STEP = 1_024
"""Places where a folder of partial tiles may be: some milliseconds. A start looks at all of them once."""

REMOVED_A_STEP = 32
"""Folders, each of at most 255 files and strays."""

MAX_WAITING = 10_000
"""Folders that wait for their time at once; looking for more goes on when some are gone."""

_ENTRIES = -1
"""Stands for the row of entry bundles among the tile levels."""

_OURS = re.compile(r"[1-9][0-9]{0,2}|\.tmp-.*")
"""Names of partial tiles, and what a killed publisher left half written. Anything else is not touched."""


class PartialTiles:
    """For one thread, and for one folder; ``monotonic`` gives seconds that are never set back."""

    def __init__(self, directory: Path, origin: str, monotonic: Callable[[], float]) -> None:
        self._directory = directory
        self._origin = origin
        self._monotonic = monotonic
        self._size = 0
        self._next: dict[int, int] = {}
        self._waiting: deque[tuple[float, int, int]] = deque()

    def collect(self) -> None:
        """Take away what is due now. Raises StorageError, FormatError; calling it again goes on where it was."""
        size = read_published(self._directory, self._origin).size
        if size < self._size:
            # Another folder has been put in its place: what is known of the former says nothing of this one.
            self._next.clear()
            self._waiting.clear()
        self._size = size
        try:
            self._look()
            self._remove()
        except OSError as error:
            raise storage_error(error, f"look at the tiles in {self._directory}") from error

    def _look(self) -> None:
        due, left = self._monotonic() + GRACE_SECONDS, LOOKED_AT_A_STEP
        for row in _rows(self._size):
            index = self._next.get(row, 0)
            while index < _full_count(self._size, row) and left > 0 and len(self._waiting) < MAX_WAITING:
                if self._folder(row, index).is_dir():
                    self._waiting.append((due, row, index))
                index, left = index + 1, left - 1
            self._next[row] = index

    def _remove(self) -> None:
        left, now = REMOVED_A_STEP, self._monotonic()
        if self._waiting and self._waiting[0][0] <= now:
            # The publisher may have died before the checkpoint that we have read was on the disk. Were the older one
            # to come back with a power failure, it would lack what is taken away here.
            sync_directory(self._directory)
        while self._waiting and self._waiting[0][0] <= now and left > 0:
            _, row, index = self._waiting[0]
            folder = self._folder(row, index)
            # A folder that lacks the full tile is damaged, and what it has may be needed yet.
            if folder.with_suffix("").is_file():
                clear_directory(folder, _OURS)
            self._waiting.popleft()
            left -= 1

    def _folder(self, row: int, index: int) -> Path:
        """Where the partial tiles of this place are: beside the full one, with ``.p`` after its name."""
        name = encode_bundle_path(Bundle(index, 1)) if row == _ENTRIES else encode_tile_path(Tile(row, index, 1))
        return (self._directory / name).parent


def _rows(size: int) -> range:
    """The bundles, and every level that has a full tile."""
    return range(_ENTRIES, max(0, (size.bit_length() - 1) // TILE_HEIGHT))


def _full_count(size: int, row: int) -> int:
    return size >> TILE_HEIGHT * (max(row, 0) + 1)
