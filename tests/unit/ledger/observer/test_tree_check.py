"""Tiles and bundles held against each other and against the checkpoint, at sizes with several levels."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.checkpoint import VerifiedCheckpoint
from ledger.merkle import hash_leaf, merkle_root
from ledger.observer.findings import MAX_LISTED, Findings
from ledger.observer.tree import Tree
from ledger.observer.tree_check import TreeCheck
from ledger.primitives import Hash
from ledger.tiles import encode_tile_path, parse_bundle_path, parse_tile, parse_tile_path
from tests.unit.ledger.observer.publication_factory import MemorySource, log_files

SIZE = 66_000
ENTRIES = [b"%d" % index for index in range(SIZE)]
FILES = log_files(ENTRIES)
ROOT = merkle_root([hash_leaf(entry) for entry in ENTRIES])

Found = list[tuple[str, int | None, str | None]]


class Run:
    """A check of a log in memory, step by step."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.source = MemorySource(files)
        self.tree, self.findings = Tree(), Findings()
        self.kept: list[bytes] = []
        self.starts: list[int] = []

    def grow(self, size: int, root: Hash) -> bool:
        with ThreadPoolExecutor(4) as pool:
            check = TreeCheck(self.source, self.tree, self._keep, self.findings, pool)
            return check.grow(VerifiedCheckpoint("a log", size, root, b"", ()))

    def _keep(self, start: int, entries: Sequence[bytes]) -> None:
        self.starts.append(start)
        self.kept += entries

    @property
    def found(self) -> Found:
        return [(one.code, one.index, one.path) for one in self.findings]


def root_of(entries: Sequence[bytes]) -> Hash:
    return merkle_root([hash_leaf(entry) for entry in entries])


def check(files: dict[str, bytes], size: int = SIZE, root: Hash = ROOT) -> tuple[bool, Found]:
    run = Run(files)
    return run.grow(size, root), run.found


def change(path: str, position: int = 0) -> dict[str, bytes]:
    data = bytearray(FILES[path])
    data[position] ^= 1
    return {**FILES, path: bytes(data)}


def test_an_honest_log_is_read_once_and_whole() -> None:
    run = Run(FILES)
    assert run.grow(SIZE, ROOT) and run.found == []
    assert run.kept == ENTRIES
    assert sorted(run.source.reads) == sorted(FILES)
    assert run.tree.root_at(SIZE) == ROOT and run.tree.root_at(300) == root_of(ENTRIES[:300])


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/257.p/208", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"])
def test_a_wrong_tile_is_named_where_the_entries_make_the_root(path: str) -> None:
    assert path in FILES
    sound, found = check(change(path, 5 * 32 if len(FILES[path]) > 5 * 32 else 0))
    assert sound and found == [("TILE_WRONG", None, path)]


@pytest.mark.parametrize("index", [0, 511, 65_535, 65_999])
def test_a_wrong_entry_is_named_where_they_do_not(index: int) -> None:
    entries = [*ENTRIES]
    entries[index] = b"other"
    path = next(path for path in log_files(entries) if "entries" in path and holds(path, index))
    sound, found = check({**FILES, path: log_files(entries)[path]})
    assert not sound and found == [("ENTRY_NOT_IN_TREE", index, path)]


def holds(path: str, index: int) -> bool:
    bundle = parse_bundle_path(path)
    return bundle.index * 256 <= index < bundle.index * 256 + bundle.width


def test_a_wrong_entry_and_a_wrong_tile_elsewhere_are_told_apart() -> None:
    entries = [*ENTRIES]
    entries[300] = b"other"
    bundle, tile = "tile/entries/001", "tile/0/007"
    files = {**change(tile), bundle: log_files(entries)[bundle]}
    sound, found = check(files)
    assert not sound
    assert found == [("ENTRY_NOT_IN_TREE", 300, bundle), ("TILE_WRONG", None, tile)]


def test_tiles_and_entries_that_agree_may_still_not_be_the_signed_tree() -> None:
    entries = [*ENTRIES[:-1], b"other"]
    sound, found = check(log_files(entries))
    assert not sound and found == [("ROOT_DIFFERS", None, "checkpoint")]


def test_an_entry_moved_to_another_place_is_named_in_both() -> None:
    entries = [*ENTRIES]
    entries[4], entries[5] = entries[5], entries[4]
    sound, found = check({**FILES, "tile/entries/000": log_files(entries)["tile/entries/000"]})
    assert not sound and [(code, index) for code, index, _ in found] == [
        ("ENTRY_NOT_IN_TREE", 4), ("ENTRY_NOT_IN_TREE", 5),
    ]  # fmt: skip


@pytest.mark.parametrize("change", ["missing", "short", "long"])
def test_a_bundle_that_cannot_be_read_leaves_the_rest_to_be_checked(change: str) -> None:
    path, index = "tile/entries/002", 512
    data = FILES[path]
    files = {**FILES, path: data[:-1] if change == "short" else data + b"\x00\x00"}
    if change == "missing":
        del files[path]
    files["tile/1/000"] = bytes(32) + files["tile/1/000"][32:]
    sound, found = check(files)
    code = "FILE_MISSING" if change == "missing" else "BAD_BUNDLE"
    assert not sound and found == [(code, index, path), ("TILE_WRONG", None, "tile/1/000")]


def test_a_bundle_and_its_tile_missing_blame_no_tile_above() -> None:
    files = {path: data for path, data in FILES.items() if path not in ("tile/entries/002", "tile/0/002")}
    sound, found = check(files)
    assert not sound
    assert {(code, path) for code, _, path in found} == {
        ("FILE_MISSING", "tile/entries/002"), ("FILE_MISSING", "tile/0/002"),
    }  # fmt: skip


def test_a_partial_file_may_have_been_replaced_by_the_full_one() -> None:
    """As the tile format lets servers do once a tile is full."""
    size = 65_300
    root, mine = root_of(ENTRIES[:size]), log_files(ENTRIES[:size])
    partial = {path for path in mine if ".p/" in path}
    assert partial == {"tile/entries/255.p/20", "tile/0/255.p/20", "tile/1/000.p/255"}
    assert check({**FILES, **{path: data for path, data in mine.items() if path not in partial}}, size, root) == (
        True,
        [],
    )
    sound, found = check({path: data for path, data in mine.items() if path not in partial}, size, root)
    assert not sound and {(code, path) for code, _, path in found} == {("FILE_MISSING", path) for path in partial}


def test_a_tile_of_another_width_is_malformed() -> None:
    path = "tile/0/257.p/208"
    sound, found = check({**FILES, path: FILES[path] + bytes(32)})
    assert sound and found == [("BAD_TILE_LENGTH", None, path)]


def test_the_tree_grows_from_one_checkpoint_to_the_next() -> None:
    run = Run({**log_files(ENTRIES[:700]), **log_files(ENTRIES[:1300])})
    assert run.grow(700, root_of(ENTRIES[:700]))
    already = len(run.source.reads)
    assert run.grow(1300, root_of(ENTRIES[:1300]))
    assert run.found == [] and run.kept == ENTRIES[:1300]
    assert run.starts == [0, 256, 512, 700, 768, 1024, 1280]
    assert "tile/0/000" not in run.source.reads[already:]


def test_an_entry_that_changes_between_two_checkpoints_is_found() -> None:
    changed = [*ENTRIES[:698], b"other", *ENTRIES[699:1300]]
    run = Run(log_files(ENTRIES[:700]))
    assert run.grow(700, root_of(ENTRIES[:700]))
    run.source.files = log_files(changed)
    assert not run.grow(1300, root_of(changed))
    assert ("ENTRY_CHANGED", 698, "tile/entries/002") in run.found


def test_a_log_that_is_claimed_to_be_endless_is_given_up() -> None:
    """Nothing of a tree of 2**62 entries is there but its first bundle."""
    run = Run({"tile/entries/000": FILES["tile/entries/000"]})
    assert not run.grow(2**62, ROOT)
    assert 0 < len(run.found) <= MAX_LISTED and len(run.source.reads) < 4 * MAX_LISTED


def test_garbage_in_every_bundle_is_given_up() -> None:
    entries = [b"other"] * SIZE
    bundles = {path: data for path, data in log_files(entries).items() if "entries" in path}
    sound, found = check({**FILES, **bundles})
    assert not sound and len(found) == MAX_LISTED
    assert {code for code, _, _ in found} == {"ENTRY_NOT_IN_TREE"}


def test_the_factory_lays_the_files_out_as_the_format_says() -> None:
    """The files above are made by the tests: their tiles must be tiles."""
    tiles = [parse_tile_path(path) for path in FILES if "entries" not in path]
    assert {tile.level for tile in tiles} == {0, 1, 2}
    assert all(len(parse_tile(tile, FILES[encode_tile_path(tile)])) == tile.width for tile in tiles)
