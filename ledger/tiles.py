"""Tiles of a Merkle tree and bundles of entries, as C2SP tlog-tiles lays them out in static files.

Responsible for coordinates, paths and contents, and for reading subtree roots back out of tiles. It reads and writes no
file, and it vouches for nothing: a root that tiles give is worth as much as the checkpoint that it is compared with.
"""

import re
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ledger.errors import FormatError
from ledger.merkle import MAX_TREE_SIZE, Subtree, hash_pairs
from ledger.primitives import Hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_LEVEL = 63
MAX_INDEX = MAX_TREE_SIZE >> TILE_HEIGHT
MAX_ENTRY = 65_535
"""Bytes; what the uint16 length in a bundle can say."""
MAX_BUNDLE = TILE_WIDTH * (2 + MAX_ENTRY)
"""Bytes of the largest bundle: what a client must be ready to read, and more than which it must not."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Hashes ``index * 256`` … of tile level ``level`` (tree level ``8 * level``); a width below 256 is a partial tile.

    Raises FormatError(``BAD_TILE``).
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not 0 <= self.level <= MAX_LEVEL:
            raise FormatError("BAD_TILE", f"a tile's level is from 0 to {MAX_LEVEL}, not {self.level}")
        _check_coordinates(self.index, self.width)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Entries ``index * 256`` …; a width below 256 is a partial bundle. Raises FormatError(``BAD_TILE``)."""

    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        _check_coordinates(self.index, self.width)


def _check_coordinates(index: int, width: int) -> None:
    if not 0 <= index <= MAX_INDEX:
        raise FormatError("BAD_TILE", f"a tile's index is from 0 to {MAX_INDEX}, not {index}")
    if not 1 <= width <= TILE_WIDTH:
        raise FormatError("BAD_TILE", f"a tile's width is from 1 to {TILE_WIDTH}, not {width}")


# The index in groups of three digits, all but the last after an x; no group is there only to hold leading zeros. Six
# groups hold every index of a tree of 2**63 - 1 leaves.
_INDEX_AND_WIDTH = r"((?:x(?!000/)[0-9]{3}/(?:x[0-9]{3}/){0,4})?[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
_TILE_PATH = re.compile(r"tile/(0|[1-9][0-9]?)/" + _INDEX_AND_WIDTH)
_BUNDLE_PATH = re.compile(r"tile/entries/" + _INDEX_AND_WIDTH)


def encode_tile_path(tile: Tile) -> str:
    """The path below the log's prefix, as ``tile/0/x001/x234/067.p/5``."""
    return f"tile/{tile.level}/{_index_and_width(tile)}"


def encode_bundle_path(bundle: Bundle) -> str:
    """The path below the log's prefix, as ``tile/entries/x001/x234/067.p/5``."""
    return f"tile/entries/{_index_and_width(bundle)}"


def parse_tile_path(path: str) -> Tile:
    """Raises FormatError(``BAD_TILE_PATH``) for every spelling but the one that encode_tile_path() writes."""
    match = _TILE_PATH.fullmatch(path)
    if match is None:
        raise FormatError("BAD_TILE_PATH", f"not the path of a tile: {path[:80]!r}")
    return _known(path, int(match[1]), match[2], match[3])


def parse_bundle_path(path: str) -> Bundle:
    """Raises FormatError(``BAD_TILE_PATH``) for every spelling but the one that encode_bundle_path() writes."""
    match = _BUNDLE_PATH.fullmatch(path)
    if match is None:
        raise FormatError("BAD_TILE_PATH", f"not the path of an entry bundle: {path[:80]!r}")
    tile = _known(path, 0, match[1], match[2])
    return Bundle(tile.index, tile.width)


def _index_and_width(item: Tile | Bundle) -> str:
    groups = f"{item.index % 1000:03}"
    rest = item.index // 1000
    while rest:
        groups = f"x{rest % 1000:03}/{groups}"
        rest //= 1000
    return groups if item.width == TILE_WIDTH else f"{groups}.p/{item.width}"


def _known(path: str, level: int, groups: str, width: str | None) -> Tile:
    index = int(groups.replace("/", "").replace("x", ""))
    if level > MAX_LEVEL or index > MAX_INDEX or (width is not None and int(width) >= TILE_WIDTH):
        raise FormatError("BAD_TILE_PATH", f"no tile has such a level, index or width: {path[:80]!r}")
    return Tile(level, index, TILE_WIDTH if width is None else int(width))


def new_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    """Every tile that a tree of ``new_size`` has and one of ``old_size`` lacks, level by level; partial tiles last.

    Raises FormatError(``BAD_TILE``) for sizes that do not grow.
    """
    if not 0 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise FormatError("BAD_TILE", f"a tree cannot grow from {old_size} to {new_size} leaves")
    for level in range(MAX_LEVEL + 1):
        old_count, new_count = old_size >> TILE_HEIGHT * level, new_size >> TILE_HEIGHT * level
        if new_count == 0:
            return
        if new_count == old_count:
            continue
        for index in range(old_count // TILE_WIDTH, new_count // TILE_WIDTH):
            yield Tile(level, index)
        if new_count % TILE_WIDTH:
            yield Tile(level, new_count // TILE_WIDTH, new_count % TILE_WIDTH)


def tiles_for_size(size: int) -> Iterator[Tile]:
    """Every tile of a tree of ``size`` leaves, its partial tiles included."""
    return new_tiles(0, size)


def new_bundles(old_size: int, new_size: int) -> Iterator[Bundle]:
    """The bundles that go with the level-0 tiles among new_tiles()."""
    for tile in new_tiles(old_size, new_size):
        if tile.level != 0:
            return
        yield Bundle(tile.index, tile.width)


def tile_content(tile: Tile, subtree: Subtree) -> bytes:
    """The bytes that the tile is served as: ``tile.width`` hashes of 32 bytes."""
    start = tile.index * TILE_WIDTH
    return b"".join(subtree(TILE_HEIGHT * tile.level, start + at) for at in range(tile.width))


def check_tile_length(tile: Tile, data: bytes) -> None:
    """Raises FormatError(``BAD_TILE_LENGTH``) unless the bytes are as many as the tile has."""
    if len(data) != tile.width * Hash.SIZE:
        raise FormatError("BAD_TILE_LENGTH", f"{len(data)} bytes are no tile of {tile.width} hashes of 32 bytes")


def parse_tile(tile: Tile, data: bytes) -> list[Hash]:
    """The tile's hashes. Raises FormatError(``BAD_TILE_LENGTH``)."""
    check_tile_length(tile, data)
    return [Hash(data[at : at + Hash.SIZE]) for at in range(0, len(data), Hash.SIZE)]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """uint16 big-endian length ‖ entry, repeated. Raises FormatError(``ENTRY_TOO_LONG``, ``BAD_BUNDLE``)."""
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise FormatError("BAD_BUNDLE", f"a bundle holds from 1 to {TILE_WIDTH} entries, not {len(entries)}")
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise FormatError("ENTRY_TOO_LONG", f"an entry is at most {MAX_ENTRY} bytes long, not {len(entry)}")
        parts.append(struct.pack(">H", len(entry)) + entry)
    return b"".join(parts)


def parse_bundle(bundle: Bundle, data: bytes) -> list[bytes]:
    """Exactly ``bundle.width`` entries and not a byte more. Raises FormatError(``BAD_BUNDLE``)."""
    entries: list[bytes] = []
    at, length = 0, len(data)
    for _ in range(bundle.width):
        start = at + 2
        if at == length:
            raise FormatError("BAD_BUNDLE", f"the bundle holds {len(entries)} entries, not {bundle.width}")
        end = length + 1 if start > length else start + (data[at] << 8 | data[at + 1])
        if end > length:
            raise FormatError("BAD_BUNDLE", f"entry {len(entries)} of the bundle is cut short")
        entries.append(data[start:end])
        at = end
    if at != length:
        raise FormatError("BAD_BUNDLE", f"bytes follow the last of the bundle's {bundle.width} entries")
    return entries


class TileReader:
    """Subtree roots of the tree of ``size`` leaves, read from its tiles: the ``subtree`` that makers of proofs ask for.

    ``read_tile`` returns the bytes of exactly the tile named (where a server has dropped a partial tile, the first
    ``32 * width`` bytes of the full one). Not for use by several threads at once. Raises FormatError(``OUT_OF_RANGE``)
    for a subtree that the tree does not have complete, FormatError(``BAD_TILE_LENGTH``), and what ``read_tile`` raises.
    """

    def __init__(self, size: int, read_tile: Callable[[Tile], bytes], *, cached_tiles: int = 64) -> None:
        """``cached_tiles``, at least 1, bounds memory: 16 KB each with the levels hashed from it."""
        self._size = size
        self._read_tile = read_tile
        self._cached_tiles = max(1, cached_tiles)
        self._cache: OrderedDict[Tile, list[bytes]] = OrderedDict()

    def subtree(self, level: int, index: int) -> Hash:
        if not (0 <= level < MAX_TREE_SIZE.bit_length() and 0 <= index < self._size >> level):
            raise FormatError("OUT_OF_RANGE", f"a tree of {self._size} leaves has no complete subtree {level}/{index}")
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, offset = divmod(index << height, TILE_WIDTH)
        width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * tile_level) - tile_index * TILE_WIDTH)
        nodes, at = self._levels(Tile(tile_level, tile_index, width))[height], (offset >> height) * Hash.SIZE
        return Hash(nodes[at : at + Hash.SIZE])

    def _levels(self, tile: Tile) -> list[bytes]:
        """The tile's bytes, and those of the seven levels of complete subtrees above."""
        if tile in self._cache:
            self._cache.move_to_end(tile)
            return self._cache[tile]
        levels = [self._read_tile(tile)]
        check_tile_length(tile, levels[0])
        while len(levels) < TILE_HEIGHT:
            levels.append(hash_pairs(levels[-1]))
        self._cache[tile] = levels
        if len(self._cache) > self._cached_tiles:
            self._cache.popitem(last=False)
        return levels
