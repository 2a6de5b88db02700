"""Tiles and bundles: paths, contents and the tree read back out of tiles, against another implementation's vectors."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import FormatError
from ledger.merkle import CompactRange, compact_range, consistency_proof, hash_leaf, inclusion_proof
from ledger.primitives import Hash
from ledger.tiles import (
    MAX_ENTRY,
    MAX_INDEX,
    Bundle,
    Tile,
    TileReader,
    encode_bundle,
    encode_bundle_path,
    encode_tile_path,
    new_bundles,
    new_tiles,
    parse_bundle,
    parse_bundle_path,
    parse_tile,
    parse_tile_path,
    tile_content,
    tiles_for_size,
)

SIZE = 70_000


@pytest.fixture(scope="module")
def vectors(repository: Path) -> Any:
    return json.loads((repository / "tests/vectors/rfc6962/tiles.json").read_text())


@pytest.fixture(scope="module")
def leaves() -> list[Hash]:
    return [hash_leaf(b"entry %d" % index) for index in range(SIZE)]


@pytest.fixture(scope="module")
def subtree(leaves: list[Hash]) -> Callable[[int, int], Hash]:
    tiles: dict[int, Hash] = {}

    def find(level: int, index: int) -> Hash:
        if level == 0:
            return leaves[index]
        if level == 8 and index in tiles:
            return tiles[index]
        found = CompactRange.EMPTY.extend(leaves[index << level : (index + 1) << level]).root()
        if level == 8:
            tiles[index] = found
        return found

    return find


@pytest.mark.independent
def test_new_tiles_and_their_contents_are_those_of_another_implementation(
    vectors: Any, subtree: Callable[[int, int], Hash]
) -> None:
    for case in vectors["grown"]:
        found = {
            encode_tile_path(tile): hashlib.sha256(tile_content(tile, subtree)).hexdigest()[:16]
            for tile in new_tiles(case["old"], case["size"])
        }
        assert found == case["tiles"], (case["old"], case["size"])


@pytest.mark.independent
def test_paths_are_those_of_another_implementation(vectors: Any) -> None:
    for path, (level, index, width) in vectors["paths"].items():
        assert encode_tile_path(Tile(level, index, width)) == path
        assert parse_tile_path(path) == Tile(level, index, width)


@pytest.mark.parametrize("index", [0, 999, 1000, 999_999, 1_000_000, 1_234_067, MAX_INDEX])
@pytest.mark.parametrize("width", [1, 255, 256])
def test_paths_are_read_back(index: int, width: int) -> None:
    tile, bundle = Tile(63, index, width), Bundle(index, width)
    assert parse_tile_path(encode_tile_path(tile)) == tile
    assert parse_bundle_path(encode_bundle_path(bundle)) == bundle


def test_other_spellings_of_paths_are_refused(vectors: Any) -> None:
    assert len(vectors["refused_paths"]) > 15
    # The last two are one past the largest index, and digits that are not ASCII.
    for path in [*vectors["refused_paths"], "tile/0/x036/x028/x797/x018/x963/968", "tile/0/\u0660\u0660\u0661"]:
        with pytest.raises(FormatError) as caught:
            parse_tile_path(path)
        assert caught.value.code == "BAD_TILE_PATH", path
        with pytest.raises(FormatError):
            parse_bundle_path(path.replace("tile/0/", "tile/entries/"))


def test_tiles_of_one_kind_are_not_of_the_other() -> None:
    with pytest.raises(FormatError):
        parse_tile_path("tile/entries/000")
    with pytest.raises(FormatError):
        parse_bundle_path("tile/0/000")


@pytest.mark.parametrize(("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_tiles_out_of_range_are_refused(level: int, index: int, width: int) -> None:
    with pytest.raises(FormatError) as caught:
        Tile(level, index, width)
    assert caught.value.code == "BAD_TILE"


def test_bundles_go_with_the_tiles_of_leaves() -> None:
    tiles = [tile for tile in new_tiles(300, 600) if tile.level == 0]
    assert [(bundle.index, bundle.width) for bundle in new_bundles(300, 600)] == [(t.index, t.width) for t in tiles]
    assert list(new_bundles(300, 300)) == []
    assert list(tiles_for_size(0)) == []
    with pytest.raises(FormatError):
        list(new_tiles(2, 1))


def test_bundles_are_read_back() -> None:
    entries = [b"", b"a", bytes(MAX_ENTRY)]
    data = encode_bundle(entries)
    assert data[:5] == b"\x00\x00\x00\x01a"
    assert parse_bundle(Bundle(0, 3), data) == entries


@pytest.mark.parametrize(
    ("width", "data"),
    [(1, b""), (1, b"\x00"), (1, b"\x00\x02a"), (1, b"\x00\x01ab"), (2, b"\x00\x01a"), (1, b"\x00\x00\x00\x00")],
)
def test_bundles_cut_short_or_too_long_are_refused(width: int, data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        parse_bundle(Bundle(0, width), data)
    assert caught.value.code == "BAD_BUNDLE"


def test_what_no_bundle_holds_is_refused() -> None:
    for entries, code in [([], "BAD_BUNDLE"), ([b""] * 257, "BAD_BUNDLE"), ([bytes(MAX_ENTRY + 1)], "ENTRY_TOO_LONG")]:
        with pytest.raises(FormatError) as caught:
            encode_bundle(entries)
        assert caught.value.code == code


def test_tiles_of_another_length_are_refused() -> None:
    with pytest.raises(FormatError) as caught:
        parse_tile(Tile(0, 0, 2), bytes(65))
    assert caught.value.code == "BAD_TILE_LENGTH"


def test_proofs_from_tiles_are_the_plain_ones(subtree: Callable[[int, int], Hash]) -> None:
    size = 66_000
    tiles = {tile: tile_content(tile, subtree) for tile in tiles_for_size(size)}
    reader = TileReader(size, tiles.__getitem__, cached_tiles=2)
    assert compact_range(size, reader.subtree) == compact_range(size, subtree)
    for index in (0, 255, 256, 65_535, 65_536, 65_999):
        assert inclusion_proof(index, size, reader.subtree) == inclusion_proof(index, size, subtree)
    for old in (1, 256, 300, 65_536, 65_999):
        assert consistency_proof(old, size, reader.subtree) == consistency_proof(old, size, subtree)


def test_the_reader_keeps_few_tiles_and_reads_each_once_while_kept(subtree: Callable[[int, int], Hash]) -> None:
    read: list[Tile] = []

    def read_tile(tile: Tile) -> bytes:
        read.append(tile)
        return tile_content(tile, subtree)

    reader = TileReader(1000, read_tile, cached_tiles=2)
    for index in (0, 1, 256, 0, 512, 0, 256):
        assert reader.subtree(0, index) == subtree(0, index)
    assert [tile.index for tile in read] == [0, 1, 2, 1]


@pytest.mark.parametrize(("level", "index"), [(0, 1000), (8, 3), (0, -1), (-1, 0), (63, 0)])
def test_the_reader_has_no_subtree_outside_the_tree(level: int, index: int) -> None:
    reader = TileReader(1000, lambda tile: bytes(32 * tile.width))
    with pytest.raises(FormatError) as caught:
        reader.subtree(level, index)
    assert caught.value.code == "OUT_OF_RANGE"
