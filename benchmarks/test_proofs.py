"""Promises: proofs from the tiles of a million entries take microseconds and few tiles; `observer fsck` of them takes
at most 1.5 times what hashing them takes; `observer check` of a bundle takes less than 0.3 s with the program's start.
"""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.conftest import Scale, Tell
from benchmarks.timing import run_once, timed
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.merkle import consistency_proof, hash_leaf, inclusion_proof, verify_consistency, verify_inclusion
from ledger.note import Ed25519NoteSigner
from ledger.observer.bundle import encode_bundle_file
from ledger.observer.prove import make_bundle
from ledger.observer.published_log import read_published_log
from ledger.observer.tree import Tree
from ledger.policy import encode_policy, log_only_policy
from ledger.primitives import Hash
from ledger.signing import Ed25519Signer
from ledger.tiles import (
    TILE_WIDTH,
    Tile,
    TileReader,
    encode_bundle,
    encode_bundle_path,
    encode_tile_path,
    new_bundles,
    tiles_for_size,
)
from ledger.vkey import encode_vkey
from tests.system.independent.conftest import SUMDB, build_program
from tests.unit.ledger.observer.publication_factory import MemorySource, whole_author

ORIGIN = "cec.example/" + "ab" * 32 + "/1"
SIGNER = Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes([3]) * 32))
STARTS = 5


class BigLog:
    """Entries as long as a tally's, their tree, and what is published of them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.tree = Tree()
        for first in range(0, size, TILE_WIDTH):
            self.tree.append([hash_leaf(self.entry(index)) for index in range(first, min(first + TILE_WIDTH, size))])
        self.root = self.tree.root_at(size)

    @staticmethod
    def entry(index: int) -> bytes:
        return index.to_bytes(8, "big") * 36

    def write(self, directory: Path) -> Path:
        """The publication; returns the policy that trusts it."""
        for tile in tiles_for_size(self.size):
            _write(directory / encode_tile_path(tile), self.tree.content(tile))
        for bundle in new_bundles(0, self.size):
            first = bundle.index * TILE_WIDTH
            entries = [self.entry(index) for index in range(first, first + bundle.width)]
            _write(directory / encode_bundle_path(bundle), encode_bundle(entries))
        _write(directory / "checkpoint", sign_checkpoint(Checkpoint(ORIGIN, self.size, self.root), SIGNER))
        policy = directory.parent / "policy"
        policy.write_bytes(encode_policy(log_only_policy(SIGNER.key)))
        return policy


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture(scope="module")
def big(scale: Scale) -> BigLog:
    return BigLog(1_000_000 if scale.full else 1_000)


@pytest.fixture
def places(big: BigLog) -> Iterator[int]:
    """Spread over the log."""
    return itertools.cycle(range(0, big.size - 1, 7_919 if big.size > 7_919 else 79))


def test_inclusion_from_tiles(benchmark: BenchmarkFixture, big: BigLog, places: Iterator[int], tell: Tell) -> None:
    read: list[Tile] = []

    def prove() -> tuple[int, tuple[Hash, ...]]:
        read.clear()
        index = next(places)
        return index, tuple(inclusion_proof(index, big.size, TileReader(big.size, _reader(big, read)).subtree))

    index, proof = benchmark(prove)
    verify_inclusion(hash_leaf(big.entry(index)), index, big.size, proof, big.root)
    tell("tiles read for a proof of inclusion", len(set(read)), "tiles", "")


def test_consistency_from_tiles(benchmark: BenchmarkFixture, big: BigLog, places: Iterator[int], tell: Tell) -> None:
    read: list[Tile] = []

    def prove() -> tuple[int, tuple[Hash, ...]]:
        read.clear()
        old = next(places) + 1
        return old, tuple(consistency_proof(old, big.size, TileReader(big.size, _reader(big, read)).subtree))

    old, proof = benchmark(prove)
    verify_consistency(old, big.tree.root_at(old), big.size, big.root, proof)
    tell("tiles read for a proof of consistency", len(set(read)), "tiles", "")


def test_proofs_beside_gos(big: BigLog, benchmark: BenchmarkFixture, tmp_path: Path, tell: Tell) -> None:
    """`golang.org/x/mod/sumdb/tlog` makes them from the same tiles, each of which it compares with the root as well."""
    big.write(tmp_path / "publication")
    vkey = encode_vkey(SIGNER.key)
    program = build_program(SUMDB)
    count = 2_000 if big.size > 7_919 else 3
    arguments = [str(program), str(tmp_path / "publication"), vkey, ORIGIN, str(count)]
    ended = run_once(benchmark, lambda: subprocess.run(arguments, check=True, capture_output=True, text=True))
    places = [number * 7_919 % (big.size - 1) for number in range(count)]

    def ours(prove: Callable[[int, TileReader], object]) -> float:
        seconds, _ = timed(lambda: [prove(place, TileReader(big.size, big.tree.content)) for place in places])
        return seconds / count

    inclusion = ours(lambda place, tiles: tuple(inclusion_proof(place, big.size, tiles.subtree)))
    consistency = ours(lambda place, tiles: tuple(consistency_proof(place + 1, big.size, tiles.subtree)))
    measured = (inclusion, consistency), ended.stdout.split()
    for kind, mine, go in zip(("inclusion", "consistency"), *measured, strict=True):
        tell(f"a proof of {kind} from tiles, mean", mine * 1e6, "us", "")
        tell(f"a proof of {kind} from tiles, mean, Go's", int(go) / 1e3, "us", "")


def _reader(big: BigLog, read: list[Tile]) -> Callable[[Tile], bytes]:
    def read_tile(tile: Tile) -> bytes:
        read.append(tile)
        return big.tree.content(tile)

    return read_tile


def test_fsck(benchmark: BenchmarkFixture, big: BigLog, tmp_path: Path, tell: Tell) -> None:
    policy = big.write(tmp_path / "publication")
    paths = [tmp_path / "publication" / encode_bundle_path(bundle) for bundle in new_bundles(0, big.size)]

    def hash_all() -> None:
        tree = Tree()
        for path in paths:
            data, at, hashes = path.read_bytes(), 0, []
            while at < len(data):
                end = at + 2 + int.from_bytes(data[at : at + 2], "big")
                hashes.append(hash_leaf(data[at + 2 : end]))
                at = end
            tree.append(hashes)
        assert tree.root_at(big.size) == big.root

    alone, _ = timed(hash_all)
    command = [
        sys.executable,
        "-m",
        "ledger.observer.cli",
        "fsck",
        str(tmp_path / "publication"),
        "--policy",
        str(policy),
    ]
    seconds, _ = timed(lambda: run_once(benchmark, lambda: subprocess.run(command, check=True, capture_output=True)))
    tell("observer fsck, to reading and hashing the entries alone", seconds / alone, "times", "1.5")


def test_check_with_its_start(benchmark: BenchmarkFixture, tmp_path: Path, tell: Tell) -> None:
    author = whole_author()
    author.publish_log()
    log = read_published_log(MemorySource(author.files), author.policy())
    (tmp_path / "proof").write_bytes(encode_bundle_file(make_bundle(log, "101", 1, None)))
    (tmp_path / "policy").write_bytes(encode_policy(author.policy()))
    command = [str(Path(sys.executable).parent / "observer"), "check", str(tmp_path / "proof"), "--json"]
    command += ["--policy", str(tmp_path / "policy")]

    def check() -> bytes:
        return subprocess.run(command, check=True, capture_output=True).stdout

    assert json.loads(check())["ok"]
    begun = time.perf_counter()
    for _ in range(STARTS):
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    empty = (time.perf_counter() - begun) / STARTS
    begun = time.perf_counter()
    run_once(benchmark, lambda: [check() for _ in range(STARTS)])
    seconds = (time.perf_counter() - begun) / STARTS
    tell("observer check of a bundle, with its start", seconds, "s", "0.3")
    tell("the same, to a Python that does nothing", seconds / empty, "times", "")
