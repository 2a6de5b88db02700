"""The log's Merkle tree as the observer computes it, and the entries it was computed from, kept for the second look.

Responsible for holding what was hashed: 32 bytes an entry in memory, the entries themselves in a temporary file. What
is judged later are these very bytes, whatever the publication serves by then. Compares nothing.
"""

import tempfile
from collections.abc import Iterator, Sequence
from typing import Self

from ledger.merkle import compact_range, hash_pairs
from ledger.primitives import Hash
from ledger.tiles import TILE_WIDTH, Bundle, Tile, TileReader, encode_bundle, parse_bundle

MAX_ENTRIES = 100_000_000
"""The largest log that this program takes on: 3.2 GB of hashes. The largest planned for has a few million entries."""

_TILE_BYTES = TILE_WIDTH * Hash.SIZE
_IN_MEMORY = 64 * 1024 * 1024
"""Bytes of entries up to which no file is made."""


class Tree:
    """All hashes at the levels that tiles have; ``size`` entries so far."""

    def __init__(self) -> None:
        self.size = 0
        self._rows: list[bytearray] = []

    def append(self, leaf_hashes: Sequence[Hash]) -> None:
        self.size += len(leaf_hashes)
        self._extend(0, b"".join(leaf_hashes))

    def _extend(self, level: int, nodes: bytes) -> None:
        if level == len(self._rows):
            self._rows.append(bytearray())
        row = self._rows[level]
        full = len(row) // _TILE_BYTES
        row += nodes
        for index in range(full, len(row) // _TILE_BYTES):
            above = bytes(row[index * _TILE_BYTES : (index + 1) * _TILE_BYTES])
            while len(above) > Hash.SIZE:
                above = hash_pairs(above)
            self._extend(level + 1, above)

    def hashes(self, tile: Tile) -> list[Hash]:
        """The tile's hashes, as far as the tree has them."""
        data = self.content(tile)
        return [Hash(data[at : at + Hash.SIZE]) for at in range(0, len(data), Hash.SIZE)]

    def content(self, tile: Tile) -> bytes:
        """The bytes that the tile must be served as, as far as the tree has them."""
        if tile.level >= len(self._rows):
            return b""
        start = tile.index * TILE_WIDTH * Hash.SIZE
        return bytes(self._rows[tile.level][start : start + tile.width * Hash.SIZE])

    def root_at(self, size: int) -> Hash:
        """The root of the first ``size`` entries. Raises FormatError(``OUT_OF_RANGE``) beyond the tree."""
        return compact_range(size, TileReader(self.size, self.content).subtree).root()


class Spool:
    """Entries in the order in which they were appended, in chunks of at most 256. A context manager: leaves no file."""

    def __init__(self) -> None:
        # Not a file of its own until it grows: most publications never touch the disk here.
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._chunks: list[tuple[int, int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, entries: Sequence[bytes]) -> None:
        """Keep the next entries. Raises OSError where the temporary folder is full."""
        data = encode_bundle(entries)
        self._chunks.append((self._file.seek(0, 2), len(data), len(entries)))
        self._file.write(data)

    @property
    def chunks(self) -> int:
        return len(self._chunks)

    def read(self, first_chunk: int) -> Iterator[list[bytes]]:
        """The entries from chunk ``first_chunk`` on, a chunk at a time."""
        for start, length, count in self._chunks[first_chunk:]:
            self._file.seek(start)
            yield parse_bundle(Bundle(0, count), self._file.read(length))
