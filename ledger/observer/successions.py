"""A successor log, held against its own claims and against the log before it.

What the fold cannot see of a ``succession/1`` record is seen here: the root of what was taken again, the generation in
the log's name, and the key by which the log signs. With the publication of the log before at hand, the two are compared
entry by entry: what was taken is what was there, the last head that the record names is one that it had, it signed
nothing later, and each record that it holds beyond is in the successor too, as devices have sent it again.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.checkpoint import VerifiedCheckpoint
from ledger.errors import FormatError, SignatureError, UnjudgeableError, VerificationError
from ledger.fold import Fold
from ledger.merkle import hash_leaf
from ledger.observer.fetch import FileFault, Source
from ledger.observer.findings import Findings, Handover
from ledger.observer.origin import Origin, parse_origin
from ledger.observer.published_entries import PublishedEntries, read_published_entries
from ledger.observer.tree import Tree
from ledger.policy import Policy
from ledger.primitives import Hash, PublicKey
from ledger.record import Snapshot, parse_record
from ledger.rulings import Succession
from ledger.tiles import TILE_WIDTH, Tile
from ledger.vkey import KeyType

PREDECESSOR = "predecessor"
"""Stands for a path in findings about the log before."""


@dataclass(frozen=True, slots=True)
class SuccessionCheck:
    """Of the log that ``fold`` and ``tree`` have, under the name ``origin``, as far as ``checkpoint``."""

    origin: Origin
    fold: Fold
    tree: Tree
    checkpoint: VerifiedCheckpoint
    findings: Findings

    def check(self) -> Handover | None:
        """Its own claims, and what it says of the log before: None for an election's first. Raises UnjudgeableError."""
        for index, body in self.fold.successions:
            root = self.tree.root_at(body.tree_size)
            if body.root_hash != root:
                published, recomputed = body.root_hash.hex(), root.hex()
                self.findings.add("SUCCESSION_ROOT", index, published=published, recomputed=recomputed)
        if self.fold.generation != self.origin.generation:
            self.findings.add("WRONG_GENERATION", named=self.origin.generation, published=self.fold.generation)
        if not self.fold.successions:
            return None
        index, body = self.fold.successions[-1]
        if body.generation == self.origin.generation and log_key(self.checkpoint) != body.log_key:
            self.findings.add("SUCCESSION_KEY", index)
        return Handover(index, self.origin.of_generation(body.generation - 1), body.tree_size, body.last_size)

    def compare(self, source: Source, policy: Policy) -> None:
        """Hold the log against the publication of the one before. Raises UnreachableError."""
        if not self.fold.successions:
            self.findings.add("NO_PREDECESSOR")
            return
        index, body = self.fold.successions[-1]
        try:
            before = read_published_entries(source, policy)
        except (FileFault, FormatError, SignatureError, VerificationError) as error:
            self.findings.add_error(error, path=PREDECESSOR)
            return
        expected = self.origin.of_generation(body.generation - 1)
        if before.checkpoint.origin != expected:
            named = before.checkpoint.origin
            self.findings.add("NOT_THE_PREDECESSOR", path=PREDECESSOR, published=named, recomputed=expected)
            return
        self._compare(index, body, before)

    def _compare(self, index: int, body: Succession, before: PublishedEntries) -> None:
        size = min(before.tree.size, body.tree_size)
        if before.tree.root_at(size) != self.tree.root_at(size):
            self._differ(size, before.tree.root_at(size), self.tree.root_at(size))
            return
        if before.tree.size > body.last_size:
            self.findings.add("PREDECESSOR_WENT_ON", index, size=before.tree.size, named=body.last_size)
        elif before.tree.size == body.last_size and before.checkpoint.root != body.last_root:
            self._differ(body.last_size, before.checkpoint.root, Hash(body.last_root))
        self._look_for(before.entries[size:], size)

    def _differ(self, size: int, published: Hash, recomputed: Hash) -> None:
        self.findings.add("PREDECESSOR_DIFFERS", size=size, published=published.hex(), recomputed=recomputed.hex())

    def _look_for(self, entries: Sequence[bytes], first: int) -> None:
        """Each record that the log before has beyond what was taken must have come again; snapshots are its own."""
        if not entries:
            return
        own = _leaves_from(self.tree, first)
        for index, entry in enumerate(entries, first):
            if hash_leaf(entry) in own:
                continue
            try:
                is_snapshot = isinstance(parse_record(entry).body, Snapshot)
            except (FormatError, UnjudgeableError):
                # No record, or none that this program knows: nothing says that it may be left out.
                is_snapshot = False
            if not is_snapshot:
                self.findings.add("LEFT_OUT", index, PREDECESSOR)


def log_key(checkpoint: VerifiedCheckpoint) -> PublicKey:
    """The key by which the log signed. Raises UnjudgeableError(``UNKNOWN_KEY_TYPE``)."""
    for line in checkpoint.signatures:
        if line.key.name == checkpoint.origin and line.key.key_type is KeyType.ED25519:
            return PublicKey(line.key.public_key)
    raise UnjudgeableError("UNKNOWN_KEY_TYPE", "the log is known by an Ed25519 key, and signed with none")


def find_successor(origin: Origin, policy: Policy) -> str | None:
    """The newest log of this election that the policy names, if it is a later one."""
    newest = origin
    for log in policy.logs:
        with contextlib.suppress(FormatError):
            named = parse_origin(log.key.name)
            if named.of_generation(1) == origin.of_generation(1) and named.generation > newest.generation:
                newest = named
    return None if newest is origin else newest.text


def _leaves_from(tree: Tree, first: int) -> set[Hash]:
    found: set[Hash] = set()
    for index in range(first // TILE_WIDTH, -(-tree.size // TILE_WIDTH)):
        found.update(tree.hashes(Tile(0, index)))
    return found
