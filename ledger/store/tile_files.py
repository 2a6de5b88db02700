"""The log as static files: tiles, entry bundles and the checkpoint, laid out by C2SP tlog-tiles.

Responsible for bringing a folder from the checkpoint that it holds to a newer one, in an order in which every crash
leaves a folder that serves its checkpoint in full. It keeps no state of its own: where to go on is read from the
folder, and what is read is compared with the log. Partial tiles that were superseded are for ``partial_tiles``.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import ConflictError, FormatError, RollbackError
from ledger.merkle import compact_range, hash_leaf, merkle_root
from ledger.note import MAX_NOTE, parse_note
from ledger.primitives import Hash
from ledger.store.contract import EMPTY_HEAD, Store, TreeHead
from ledger.store.durable import (
    StorageError,
    hold_lock,
    make_directory,
    place_file,
    read_file,
    sync_directory,
    write_file,
)
from ledger.tiles import (
    MAX_BUNDLE,
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    TileReader,
    encode_bundle,
    encode_bundle_path,
    encode_tile_path,
    new_bundles,
    parse_tile,
)

CHECKPOINT = "checkpoint"


Cosign = Callable[[bytes], bytes]
"""Makes a signed checkpoint one that may be published, while its tiles are in place already; or raises."""


def publish(
    store: Store, directory: Path, signed_checkpoint: bytes, cosign: Cosign = lambda checkpoint: checkpoint
) -> TreeHead:
    """Bring the folder to a signed checkpoint of the log; returns the head that the folder's checkpoint has then.

    Publishing the same again, or an older checkpoint than another process published, changes no head. Memory is bounded
    by one bundle, whatever the size. One publisher at a time works on a folder; others wait.

    Raises RollbackError (``CHECKPOINT_NOT_OF_LOG``, ``PUBLICATION_NOT_OF_LOG``) where the log has not had the head
    that is to be published, or the one that is published already; ConflictError(``PUBLICATION_DAMAGED``) where the
    folder contradicts its own checkpoint; FormatError; StorageError; what ``cosign`` raises. The folder serves its
    former checkpoint then.
    """
    new = _parse_head(signed_checkpoint, store.origin)
    if store.root_at(new.size) != new.root:
        raise RollbackError("CHECKPOINT_NOT_OF_LOG", f"the log has not had the head of size {new.size} to be published")
    make_directory(directory)
    # Beside the folder, not the folder itself: whoever may read that could hold its lock for ever.
    lock = directory.parent / f".{directory.name}.lock"
    if not lock.exists():
        write_file(lock, b"", 0o600)
    with hold_lock(lock):
        old = read_published(directory, store.origin)
        if store.root_at(old.size) != old.root:
            raise RollbackError(
                "PUBLICATION_NOT_OF_LOG",
                f"{directory} serves a head of size {old.size} that the log has not had: the log was restored from an "
                "older copy, or the folder is another log's. Do not publish over it",
            )
        if new.size < old.size:
            return old
        if new.size > old.size:
            edge = _Edge(store, directory)
            edge.load(old)
            edge.grow(old.size, new)
        write_file(directory / CHECKPOINT, cosign(signed_checkpoint))
        return new


def read_published(directory: Path, origin: str) -> TreeHead:
    """The head that the folder serves, EMPTY_HEAD for none; its signatures are not looked at.

    Raises FormatError, StorageError.
    """
    data = read_file(directory / CHECKPOINT, MAX_NOTE)
    return EMPTY_HEAD if data is None else _parse_head(data, origin)


def _parse_head(signed_checkpoint: bytes, origin: str) -> TreeHead:
    checkpoint: Checkpoint = parse_checkpoint(parse_note(signed_checkpoint).text)
    if checkpoint.origin != origin:
        raise FormatError("WRONG_ORIGIN", f"the checkpoint is by the log {checkpoint.origin}, not by {origin}")
    return TreeHead(checkpoint.size, checkpoint.root)


class _Edge:
    """The tree's right edge while it grows: for each tile level, the hashes of its last tile while that is not full."""

    def __init__(self, store: Store, directory: Path) -> None:
        self._store = store
        self._directory = directory
        self._rows: list[list[Hash]] = []
        self._touched: set[Path] = set()

    def load(self, old: TreeHead) -> None:
        """Read the edge of the published tree, and check that it leads to the published root."""
        try:
            self._rows = [self._load_row(old.size, level) for level in range(_level_count(old.size))]
            if self._root(old.size) != old.root:
                raise FormatError("BAD_TILE", "its last tiles lead to another root")
        except FormatError as error:
            raise ConflictError(
                "PUBLICATION_DAMAGED",
                f"{self._directory} does not hold the tiles of its checkpoint of size {old.size}: {error.message}. "
                "Move the folder away; the next publication makes a whole one",
            ) from error

    def _load_row(self, size: int, level: int) -> list[Hash]:
        index, width = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
        if width == 0:
            return []
        tile = Tile(level, index, width)
        return parse_tile(tile, read_file(self._directory / encode_tile_path(tile), TILE_WIDTH * Hash.SIZE) or b"")

    def grow(self, old_size: int, new: TreeHead) -> None:
        """Place the files that the new tree has and the old one lacks, and make them durable.

        A file that is there already was left by a run that did not finish. No checkpoint has covered it, so that it may
        be replaced where it differs.
        """
        self._rows += [[] for _ in range(len(self._rows), _level_count(new.size))]
        for bundle in new_bundles(old_size, new.size):
            entries = self._store.entries(bundle.index * TILE_WIDTH, bundle.width)
            if len(entries) != bundle.width:
                raise StorageError(
                    "STORE_CORRUPT", f"the log has a head of size {new.size}, but not all of its entries"
                )
            self._place(encode_bundle_path(bundle), encode_bundle(entries))
            # Hashed again from the bytes that are served, so that the root below vouches for these.
            self._rows[0] = [hash_leaf(entry) for entry in entries]
            self._lift(bundle.index)
        for level, row in enumerate(self._rows):
            if row:
                self._place_tile(level, new.size >> TILE_HEIGHT * (level + 1))
        if self._root(new.size) != new.root:
            raise StorageError(
                "STORE_CORRUPT",
                f"the log's entries do not hash to its head of size {new.size}: restore its newest copy",
            )
        for folder in sorted(self._touched, key=lambda path: len(path.parts), reverse=True):
            sync_directory(folder)

    def _lift(self, leaf_tile: int) -> None:
        """Place the full tiles that end with this level-0 tile, and hash each into the level above."""
        level = 0
        while len(self._rows[level]) == TILE_WIDTH:
            self._place_tile(level, leaf_tile >> TILE_HEIGHT * level)
            self._rows[level + 1].append(merkle_root(self._rows[level]))
            self._rows[level] = []
            level += 1

    def _place_tile(self, level: int, index: int) -> None:
        row = self._rows[level]
        self._place(encode_tile_path(Tile(level, index, len(row))), b"".join(row))

    def _place(self, name: str, data: bytes) -> None:
        path = self._directory / name
        if path.parent not in self._touched:
            make_directory(path.parent)
            self._touched.update(self._folders(path))
        if read_file(path, MAX_BUNDLE) != data:
            place_file(path, data)

    def _folders(self, path: Path) -> Iterator[Path]:
        """The folders from the file's own up to the publication's, all of which may be new."""
        for folder in path.parents:
            yield folder
            if folder == self._directory:
                return

    def _root(self, size: int) -> Hash:
        """The root from the rows alone: its complete subtrees all lie in the last tile of each level."""
        reader = TileReader(size, lambda tile: b"".join(self._rows[tile.level]))
        return compact_range(size, reader.subtree).root()


def _level_count(size: int) -> int:
    """How many tile levels a tree of this size has."""
    return -(-size.bit_length() // TILE_HEIGHT)
