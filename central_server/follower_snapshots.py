"""Finding the snapshots that the log holds: their entries, told from others without parsing those."""

from collections.abc import Container, Iterator
from dataclasses import dataclass

from ledger.canonical import encode
from ledger.primitives import Hash
from ledger.record import KIND_OF, Snapshot, parse_record
from ledger.store.contract import Store, TreeHead

CHUNK = 256
"""Entries held at once: at most 16 MiB."""

# An entry is an array of three whose first element is the kind: no other entry starts with these bytes.
_PREFIX = b"\x93" + encode(KIND_OF[Snapshot])


@dataclass(frozen=True, slots=True)
class LoggedSnapshot:
    """A snapshot's entry in the log."""

    index: int
    entry: bytes
    body: Snapshot

    @property
    def head(self) -> TreeHead:
        """The head that it was folded from."""
        return TreeHead(self.body.tree_size, Hash(self.body.root_hash))


def find_last_snapshot(store: Store, first: int, size: int) -> LoggedSnapshot | None:
    """The last snapshot among the entries ``first`` … ``size - 1``, looked for from the end. Raises StorageError."""
    end = size
    while end > first:
        start = max(first, end - CHUNK)
        found = list(_snapshots(store, start, end))
        if found:
            return found[-1]
        end = start
    return None


def find_snapshots(store: Store, size: int, numbers: Container[int]) -> list[LoggedSnapshot]:
    """The snapshots with these numbers among the first ``size`` entries, in order. Reads all of them; StorageError."""
    found: list[LoggedSnapshot] = []
    for start in range(0, size, CHUNK):
        chunk = _snapshots(store, start, min(size, start + CHUNK))
        found.extend(snapshot for snapshot in chunk if snapshot.body.number in numbers)
    return found


def _snapshots(store: Store, start: int, end: int) -> Iterator[LoggedSnapshot]:
    for index, entry in enumerate(store.entries(start, end - start), start):
        if entry.startswith(_PREFIX):
            body = parse_record(entry).body
            if isinstance(body, Snapshot):
                yield LoggedSnapshot(index, entry, body)
