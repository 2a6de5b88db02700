"""Whether two signed heads of a log can both be true, and, where they cannot, the fork that shows it.

Responsible for making forks from what is at hand: the tiles that a publication serves, or leaf hashes that were kept.
Nothing here is believed: a fork is checked as any reader of the evidence will check it.
"""

from collections.abc import Callable, Iterable

from ledger.checkpoint import VerifiedCheckpoint
from ledger.evidence import Fork, make_fork
from ledger.merkle import compact_range, consistency_proof, verify_consistency
from ledger.observer.fetch import FileFault, Source, missing
from ledger.observer.monitor_state import KeptHead
from ledger.observer.tree import Tree
from ledger.primitives import Hash
from ledger.tiles import TILE_WIDTH, Tile, TileReader, encode_tile_path

ReadTile = Callable[[Tile], bytes]
_FULL_TILE = TILE_WIDTH * Hash.SIZE


def read_served_tile(source: Source) -> ReadTile:
    """Tiles as a publication serves them: the full one where a partial one is gone."""

    def read(tile: Tile) -> bytes:
        try:
            return source.read(encode_tile_path(tile), _FULL_TILE)
        except FileFault as error:
            if error.code != "FILE_MISSING" or tile.width == TILE_WIDTH:
                raise
        data = source.read(encode_tile_path(Tile(tile.level, tile.index)), _FULL_TILE)
        if len(data) < tile.width * Hash.SIZE:
            raise missing(encode_tile_path(tile))
        return data[: tile.width * Hash.SIZE]

    return read


def find_fork(kept: KeptHead, later: VerifiedCheckpoint, read_tile: ReadTile) -> Fork | None:
    """Compare with a head that is at least as large, whose tree ``read_tile`` reads; None where it extends ``kept``.

    Raises ConsistencyError, FormatError, FileFault and UnreachableError where the tiles show neither the one nor the
    other.
    """
    if kept.size == later.size:
        return None if kept.root == later.root else make_fork(kept.note, later.note, later.root, ())
    subtree = TileReader(later.size, read_tile).subtree
    prefix_root = compact_range(kept.size, subtree).root()
    proof = consistency_proof(kept.size, later.size, subtree)
    verify_consistency(kept.size, prefix_root, later.size, later.root, proof)
    return None if kept.size == 0 or prefix_root == kept.root else make_fork(kept.note, later.note, prefix_root, proof)


def find_fork_below(earlier: VerifiedCheckpoint, kept: KeptHead, tree: Tree) -> Fork | None:
    """As find_fork(), for a head that is smaller than one whose tree is at hand."""
    known = KeptHead(earlier.size, earlier.root, earlier.note, 0)
    top = VerifiedCheckpoint(earlier.origin, kept.size, kept.root, kept.note, ())
    return find_fork(known, top, tree.content)


def find_contradicted(roots: Iterable[tuple[int, Hash]], tree: Tree) -> int | None:
    """The first size at which the tree has another root than was kept for it."""
    return next((size for size, root in roots if 0 < size <= tree.size and tree.root_at(size) != root), None)
