"""Whole small publications in memory, honest ones and others, made from the log's pure modules alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from ledger.anchor.claim import AnchorClaim, encode_claim
from ledger.anchor.primitives import Address, ChainHash
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.merkle import CompactRange, hash_leaf, merkle_root
from ledger.note import Ed25519NoteSigner
from ledger.observer.anchors import INDEX, claim_path
from ledger.observer.audit import audit
from ledger.observer.fetch import missing, too_long
from ledger.observer.findings import Verdict
from ledger.observer.published_entries import CHECKPOINT
from ledger.policy import Policy, log_only_policy
from ledger.primitives import Hash, sha256
from ledger.record import KIND_OF, Body, Snapshot, sign_record
from ledger.results import LATEST, StateFiles, numbered_path, render_numbered
from ledger.signing import Ed25519Signer
from ledger.store.contract import TreeHead
from ledger.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    encode_bundle,
    encode_bundle_path,
    encode_tile_path,
    new_bundles,
    tiles_for_size,
)
from tests.unit.ledger.election_factory import DEVICE_KEYS, PUBLISHER_KEY, Night, small_night, tally

LOG_KEY = Ed25519Signer(bytes([3]) * 32)


class MemorySource:
    """A publication as a dict of path -> bytes; ``reads`` counts what was asked for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.reads: list[str] = []

    def read(self, path: str, limit: int) -> bytes:
        self.reads.append(path)
        if path not in self.files:
            raise missing(path)
        if len(self.files[path]) > limit:
            raise too_long(path, limit)
        return self.files[path]


def log_files(entries: list[bytes]) -> dict[str, bytes]:
    """Every tile and bundle of a log with these entries."""
    levels = [[hash_leaf(entry) for entry in entries]]
    while len(levels[-1]) >= TILE_WIDTH:
        row = levels[-1]
        full = range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH)
        levels.append([merkle_root(row[at : at + TILE_WIDTH]) for at in full])

    def content(tile: Tile) -> bytes:
        start = tile.index * TILE_WIDTH
        return b"".join(levels[tile.level][start : start + tile.width])

    assert len(levels) <= 8 * TILE_HEIGHT
    files = {encode_tile_path(tile): content(tile) for tile in tiles_for_size(len(entries))}
    for bundle in new_bundles(0, len(entries)):
        start = bundle.index * TILE_WIDTH
        files[encode_bundle_path(bundle)] = encode_bundle(entries[start : start + bundle.width])
    return files


@dataclass
class Author:
    """Says records, takes snapshots and publishes, as a server would; ``files`` is the publication so far."""

    night: Night = field(default_factory=small_night)
    files: dict[str, bytes] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._state_files = StateFiles(self.night.fold)
        election = self.night.fold.definition.election
        assert election is not None
        self.origin = election.origin()
        self.state: dict[str, bytes] = {}

    @property
    def size(self) -> int:
        return len(self.night.entries)

    def root(self, size: int | None = None) -> Hash:
        leaves = [hash_leaf(entry) for entry in self.night.entries[:size]]
        return CompactRange.EMPTY.extend(leaves).root()

    def say(self, body: Body, *signers: Ed25519Signer) -> None:
        self.night.say(body, *signers)

    def log_unseen(self, data: bytes) -> int:
        """Append an entry that the author's own fold passes over; its index."""
        self.night.entries.append(data)
        self.night.fold.skip(self.night.fold.size)
        return self.size - 1

    def snapshot(
        self,
        *,
        forge: Callable[[bytes], bytes] = lambda data: data,
        between: Callable[[], object] = lambda: None,
        **lies: Any,
    ) -> int:
        """Take a snapshot; its index.

        ``forge`` changes the numbered file, ``between`` logs entries before the snapshot's, ``lies`` change its record.
        """
        tree_size, root = self.size, self.root()
        number = self.night.fold.snapshots + 1
        self.state = self._state_files.render()
        numbered = forge(render_numbered(self.night.fold, root, self.state))
        body = Snapshot(self.night.election_id, number, tree_size, root, 1_800_000_200, 1, sha256(numbered))
        between()
        self.say(msgspec.structs.replace(body, **lies), PUBLISHER_KEY)
        self.files[numbered_path(number)] = numbered
        self._latest = numbered
        return self.size - 1

    def publish_log(self) -> None:
        """Tiles, bundles and the checkpoint of all entries; what was published for smaller sizes stays."""
        self.files |= log_files(self.night.entries)
        self.files[CHECKPOINT] = self.checkpoint()

    def checkpoint(self, key: Ed25519Signer = LOG_KEY, **changes: Any) -> bytes:
        """The signed checkpoint of all entries, or with other fields."""
        head = replace(Checkpoint(self.origin, self.size, self.root()), **changes)
        return sign_checkpoint(head, Ed25519NoteSigner(head.origin, key))

    def publish_results(self) -> None:
        self.files |= self.state
        self.files[LATEST] = self._latest

    def publish(self) -> dict[str, bytes]:
        self.publish_log()
        self.publish_results()
        return self.files

    def claim(self, size: int, **changes: Any) -> AnchorClaim:
        """Publish a claim that the tree of ``size`` entries is anchored, or one with other fields."""
        head = TreeHead(size, self.root(size))
        honest = AnchorClaim(head, 1, Address(bytes(20)), ChainHash(bytes([size]) * 32), size, ChainHash(bytes(32)), 0)
        claim = replace(honest, **changes)
        self.sizes.append(size)
        self.files[claim_path(size)] = encode_claim(claim)
        self.files[INDEX] = msgspec.json.encode({"sizes": self.sizes})
        return claim

    def policy(self) -> Policy:
        return log_only_policy(Ed25519NoteSigner(self.origin, LOG_KEY).key)

    def audit(self, files: Mapping[str, bytes] | None = None) -> Verdict:
        return audit_files(self.files if files is None else files, self.policy())


def audit_files(files: Mapping[str, bytes], policy: Policy) -> Verdict:
    """Audit without any waiting: nobody is publishing."""
    return audit(MemorySource(files), policy, lambda seconds: None, ())


def whole_author(entries: int = 0) -> Author:
    """Two snapshots, a counted tally each, a conflict and an anchor; at least ``entries`` entries, with repeats."""
    author = Author()
    author.say(tally(author.night), DEVICE_KEYS[0])
    author.snapshot()
    author.say(tally(author.night, 1, "201"), DEVICE_KEYS[1])
    author.say(tally(author.night, seq=2, votes=6), DEVICE_KEYS[0])
    for seq in range(3, 3 + entries - author.size - 1):
        author.say(tally(author.night, seq=seq), DEVICE_KEYS[0])
    author.snapshot()
    author.publish()
    author.claim(12)
    return author


def write_files(files: Mapping[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def codes(verdict: Verdict) -> list[tuple[str, int | None]]:
    return [(failure.code, failure.index) for failure in verdict.failures]


def raw_record(kind: str, body: Body, signer: Ed25519Signer) -> bytes:
    """A well-formed record under another kind's name, whose signature is for the true kind."""
    data = sign_record(body, [signer])
    old, new = (msgspec.msgpack.encode(name) for name in (KIND_OF[type(body)], kind))
    return data.replace(old, new, 1)
