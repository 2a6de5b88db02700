"""A publication that grows, and what cleans it."""

from pathlib import Path

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.store.contract import TreeHead
from ledger.store.partial_tiles import PartialTiles
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import publish
from ledger.tiles import encode_bundle_path, encode_tile_path, new_bundles, tiles_for_size
from tests.unit.ledger.store.log_factory import ORIGIN, SIGNER


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Folder:
    """A publication with what cleans it, both of which may be started anew."""

    def __init__(self, store: SqliteStore, path: Path) -> None:
        self.store, self.path, self.clock = store, path, Clock()
        self.restart()

    def restart(self) -> None:
        self.partial_tiles = PartialTiles(self.path, ORIGIN, self.clock)

    def grow(self, count: int) -> None:
        size = self.store.head().size
        for first in range(size, size + count, 1_000):
            self.store.append([b"entry %d" % index for index in range(first, min(first + 1_000, size + count))])

    def publish(self) -> TreeHead:
        head = self.store.head()
        return publish(self.store, self.path, sign_checkpoint(Checkpoint(ORIGIN, head.size, head.root), SIGNER))

    def publish_to(self, size: int) -> TreeHead:
        self.grow(size - self.store.head().size)
        return self.publish()

    def names(self) -> set[str]:
        return {str(path.relative_to(self.path)) for path in (self.path / "tile").rglob("*") if path.is_file()}

    def collect_all(self) -> None:
        for _ in range(20):
            self.partial_tiles.collect()


def needed(size: int) -> set[str]:
    """The files that a reader of the checkpoint of this size asks for."""
    return {encode_tile_path(tile) for tile in tiles_for_size(size)} | {
        encode_bundle_path(bundle) for bundle in new_bundles(0, size)
    }


def filling(sizes: list[int]) -> set[str]:
    """Of the files of these sizes: those of the last one, and partial ones where no full one is yet."""
    last = sizes[-1]
    found = needed(last)
    for size in sizes:
        found |= {name for name in needed(size) if ".p/" in name and name.partition(".p/")[0] not in needed(last)}
    return found
