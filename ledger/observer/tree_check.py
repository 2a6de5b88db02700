"""Every tile and every entry bundle of a checkpoint's tree, fetched, hashed and compared.

Responsible for the question whether the entries are those that the checkpoint commits to, and, where they are not, for
naming the file and the entry at fault. It does not know what an entry says.

The entries' hashes are computed; tiles are claims about them. Where both differ and the computed root is the
checkpoint's, the tile is wrong. Where it is not, the entry is, unless the next level's tile agrees with the entries.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ledger.checkpoint import VerifiedCheckpoint
from ledger.errors import FormatError
from ledger.merkle import hash_leaf
from ledger.observer.fetch import FileFault, Source, missing, work_ahead
from ledger.observer.findings import Findings
from ledger.observer.tree import Tree
from ledger.primitives import Hash
from ledger.tiles import (
    MAX_BUNDLE,
    TILE_WIDTH,
    Bundle,
    Tile,
    check_tile_length,
    encode_bundle_path,
    encode_tile_path,
    new_bundles,
    new_tiles,
    parse_bundle,
    parse_tile,
)

READ_AHEAD = 8
"""Files under way at once: at most 128 MiB where every bundle is as long as it can be."""

_FULL_TILE = TILE_WIDTH * Hash.SIZE
_NO_HASH = Hash(bytes(Hash.SIZE))


@dataclass(frozen=True, slots=True)
class _Leaves:
    """A bundle's entries and its level-0 tile's bytes, or what is wrong with either; each with its path."""

    bundle: Bundle
    entries: list[bytes] | FileFault | FormatError
    claimed: bytes | FileFault | FormatError

    @property
    def path(self) -> str:
        return encode_bundle_path(self.bundle)


def _read_tile(source: Source, tile: Tile) -> bytes | FileFault | FormatError:
    """Of the tile's length: hashes are compared as they lie in it, since nearly all are the same."""
    full = Tile(tile.level, tile.index)
    try:
        data, whole = _read_or_full(source, encode_tile_path(tile), encode_tile_path(full), _FULL_TILE)
        check_tile_length(full if whole else tile, data)
        return data[: tile.width * Hash.SIZE]
    except (FileFault, FormatError) as error:
        return error


def _read_bundle(source: Source, bundle: Bundle) -> list[bytes] | FileFault | FormatError:
    full = Bundle(bundle.index)
    try:
        data, whole = _read_or_full(source, encode_bundle_path(bundle), encode_bundle_path(full), MAX_BUNDLE)
        return parse_bundle(full, data)[: bundle.width] if whole else parse_bundle(bundle, data)
    except (FileFault, FormatError) as error:
        return error


def _read_or_full(source: Source, path: str, full_path: str, limit: int) -> tuple[bytes, bool]:
    """The file, or, where a partial one is gone, the full one that has taken its place, and whether it is that."""
    try:
        return source.read(path, limit), path == full_path
    except FileFault as error:
        if error.code != "FILE_MISSING" or path == full_path:
            raise
    try:
        return source.read(full_path, limit), True
    except FileFault as error:
        raise missing(path) from error


class TreeCheck:
    """Grows ``tree`` to a checkpoint's size, and hands new entries on: to ``keep(index of the first, entries)``."""

    def __init__(
        self,
        source: Source,
        tree: Tree,
        keep: Callable[[int, Sequence[bytes]], None],
        findings: Findings,
        pool: Executor,
    ) -> None:
        self._source, self._tree, self._keep = source, tree, keep
        self._findings, self._pool = findings, pool

    def grow(self, checkpoint: VerifiedCheckpoint) -> bool:
        """Whether all entries up to the checkpoint's size are the ones that it commits to; else findings say why not.

        Raises UnreachableError, and what ``keep`` raises.
        """
        old_size, size = self._tree.size, checkpoint.size
        before = self._findings.count
        suspects: dict[int, list[int]] = {}
        sound = True
        for leaves in work_ahead(self._pool, self._read_leaves, new_bundles(old_size, size), READ_AHEAD):
            sound &= self._take(leaves, suspects)
            if self._findings.full or len(suspects) > TILE_WIDTH:
                self._blame(suspects, None, right=False)
                return False
        right = self._tree.root_at(size) == checkpoint.root
        self._blame(suspects, self._compare_above(old_size), right)
        if not right and self._findings.count == before:
            self._findings.add("ROOT_DIFFERS", path="checkpoint", size=size)
        return right and sound

    def _read_leaves(self, bundle: Bundle) -> _Leaves:
        tile = Tile(0, bundle.index, bundle.width)
        return _Leaves(bundle, _read_bundle(self._source, bundle), _read_tile(self._source, tile))

    def _take(self, leaves: _Leaves, suspects: dict[int, list[int]]) -> bool:
        """Append a bundle's entries; whether there were any. A bundle that cannot be read is replaced by its tile."""
        bundle, entries, claimed = leaves.bundle, leaves.entries, leaves.claimed
        start, tile = bundle.index * TILE_WIDTH, Tile(0, bundle.index, bundle.width)
        if not isinstance(claimed, bytes):
            self._findings.add_error(claimed, path=encode_tile_path(tile))
        known = self._tree.size - start
        if not isinstance(entries, list):
            self._findings.add_error(entries, start, leaves.path)
            hashes = parse_tile(tile, claimed) if isinstance(claimed, bytes) else [_NO_HASH] * bundle.width
            self._tree.append(hashes[known:])
            # Nothing is known to compare the tiles above with.
            suspects[bundle.index] = []
            return False
        hashes = [hash_leaf(entry) for entry in entries]
        if isinstance(claimed, bytes) and b"".join(hashes) != claimed:
            suspects[bundle.index] = _differing(hashes, parse_tile(tile, claimed))
        # A partial bundle that has grown begins with what an earlier checkpoint has settled already.
        settled = self._tree.hashes(Tile(0, bundle.index, known)) if known > 0 else []
        for position in _differing(hashes[:known], settled):
            self._findings.add("ENTRY_CHANGED", start + position, leaves.path)
        self._keep(start + known, entries[known:])
        self._tree.append(hashes[known:])
        return True

    def _compare_above(self, old_size: int) -> dict[Tile, list[int]]:
        """Tiles of the levels above the leaves that differ from what was computed, and where."""
        wrong: dict[Tile, list[int]] = {}
        tiles = (tile for tile in new_tiles(old_size, self._tree.size) if tile.level > 0)
        for tile, claimed in work_ahead(self._pool, self._read_above, tiles, READ_AHEAD):
            if isinstance(claimed, bytes):
                if claimed != self._tree.content(tile):
                    wrong[tile] = _differing(self._tree.hashes(tile), parse_tile(tile, claimed))
            else:
                self._findings.add_error(claimed, path=encode_tile_path(tile))
        return wrong

    def _read_above(self, tile: Tile) -> tuple[Tile, bytes | FileFault | FormatError]:
        return tile, _read_tile(self._source, tile)

    def _blame(self, suspects: dict[int, list[int]], above: dict[Tile, list[int]] | None, right: bool) -> None:
        """Name the entry or the tile wherever they differ. ``above`` is None where those levels were not compared."""
        wrong = above or {}
        disputed = {(tile.level, tile.index * TILE_WIDTH + at) for tile, places in wrong.items() for at in places}
        for index, positions in sorted(suspects.items()):
            if not positions:
                continue
            width = min(TILE_WIDTH, self._tree.size - index * TILE_WIDTH)
            vouched = above is not None and width == TILE_WIDTH and (1, index) not in disputed
            if right or vouched:
                self._findings.add("TILE_WRONG", path=encode_tile_path(Tile(0, index, width)), position=positions[0])
                continue
            path = encode_bundle_path(Bundle(index, width))
            for position in positions:
                self._findings.add("ENTRY_NOT_IN_TREE", index * TILE_WIDTH + position, path)
        for tile, positions in wrong.items():
            # A hash over a tile that is disputed itself says nothing about this one.
            own = [at for at in positions if right or not _explained(tile, at, suspects, disputed)]
            if own:
                self._findings.add("TILE_WRONG", path=encode_tile_path(tile), position=own[0])


def _explained(tile: Tile, at: int, suspects: dict[int, list[int]], disputed: set[tuple[int, int]]) -> bool:
    """Whether the tile that the hash at this place covers is disputed itself."""
    below = tile.index * TILE_WIDTH + at
    if tile.level == 1:
        return below in suspects
    return any((tile.level - 1, below * TILE_WIDTH + position) in disputed for position in range(TILE_WIDTH))


def _differing(ours: Sequence[Hash], theirs: Sequence[Hash]) -> list[int]:
    return [at for at, (one, other) in enumerate(zip(ours, theirs, strict=True)) if one != other]
