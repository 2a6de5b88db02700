"""What a store and a guard promise. A second backend can be written from these docstrings alone.

The store keeps the log's entries and tree heads; the guard keeps, outside the store and its backups, the last head that
was signed. Neither knows what an entry says, and neither signs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.errors import FormatError
from ledger.merkle import EMPTY_ROOT, CompactRange
from ledger.primitives import Hash
from ledger.tiles import MAX_ENTRY

MAX_BATCH = 1_000
"""Entries in one append. It bounds how long a transaction holds the tree head, and the work to rebuild a receipt."""

MAX_READ = 1_024
"""Entries or leaf hashes in one read: at most 64 MiB, so that a reader's memory does not follow the log's size."""


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A tree's size in entries and its RFC 6962 root."""

    size: int
    root: Hash


EMPTY_HEAD = TreeHead(0, EMPTY_ROOT)


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that entered the log by one commit: the range before them, their leaf hashes, the head after them.

    All that the receipts of these entries are made of.
    """

    before: CompactRange
    leaf_hashes: tuple[Hash, ...]
    head: TreeHead


@dataclass(frozen=True, slots=True)
class Appended:
    """``indices`` and ``leaf_hashes`` follow the entries as given; ``batch`` holds those that were new, if any."""

    indices: tuple[int, ...]
    leaf_hashes: tuple[Hash, ...]
    batch: Batch | None


class Store(Protocol):
    """An append-only list of entries with its tree heads.

    *Durability.* When an append returns, its entries and the head after them survive the loss of the process and of
    power. There is no state in between: a crash leaves all of a batch or nothing of it.
    *Retry.* An append that raised StorageError may have taken effect. Appending the same entries again is always safe:
    an entry that the log holds, or that is in the batch twice, keeps its first index and is not added again. Entries
    are equal when their leaf hashes are.
    *Order.* New entries get the next indices in the order given. Entries, batches and heads never change afterwards.
    *Concurrency.* Any number of processes and threads may append to one log, each through a store of its own or a
    shared one; appends take effect one after another. A shared store serves one caller at a time, so that whoever reads
    at length opens one for itself. Readers see committed batches only, and what they saw stays true.
    *Bounds.* MAX_BATCH entries an append, each of 1 to MAX_ENTRY bytes; MAX_READ a read.

    Every method raises StorageError when the database fails, is locked for too long, or contradicts itself.
    """

    @property
    def origin(self) -> str:
        """The log's name, fixed when the store was made."""
        ...

    def append(self, entries: Sequence[bytes]) -> Appended:
        """Append those of the entries that are new. Raises FormatError for a batch out of bounds."""
        ...

    def append_numbered(self, entry: bytes, number: int) -> Appended:
        """Append one entry that carries the next number of the log's one numbered series, which starts at 1.

        The number is checked and taken in the same transaction. Raises ConflictError(``NUMBER_NOT_NEXT``) unless it is
        the last one plus 1; an entry that the log holds is returned as it is, whatever its number.
        """
        ...

    def head(self) -> TreeHead:
        """The head after the last batch; EMPTY_HEAD for a new log."""
        ...

    def root_at(self, size: int) -> Hash | None:
        """The root at a size at which a batch ended (or 0); None for every other size."""
        ...

    def find(self, leaf_hash: Hash) -> int | None:
        """The index of the entry with this leaf hash."""
        ...

    def batch_of(self, index: int) -> Batch:
        """The batch that brought this entry. Raises FormatError(``OUT_OF_RANGE``) where the log ends before it."""
        ...

    def entries(self, first: int, limit: int) -> list[bytes]:
        """Entries from index ``first`` on, at most ``limit`` and at most MAX_READ; empty at the log's end."""
        ...

    def leaf_hashes(self, first: int, limit: int) -> list[Hash]:
        """As entries(), their leaf hashes."""
        ...


class Guard(Protocol):
    """One compare-and-swap register for all who sign for one log: the last head that was signed, or was about to be.

    It only grows. When ``advance`` returns true the new head survives the loss of the process and of power; a value
    that ``read`` returned is never followed by an older one. It lives outside the store and the store's backups: that
    an old backup stands beside it is what it exists to reveal.
    Safe for any number of processes and threads. Raises StorageError, also where the register is missing.
    """

    @property
    def origin(self) -> str: ...

    def create(self, head: TreeHead) -> None:
        """Make the register. Raises ConflictError(``GUARD_EXISTS``) where it holds another head already."""
        ...

    def read(self) -> TreeHead: ...

    def advance(self, old: TreeHead, new: TreeHead) -> bool:
        """Replace ``old`` by ``new``; false where the register no longer holds ``old``.

        Raises RollbackError(``GUARD_BACKWARD``) for a new head that is not larger.
        """
        ...


def verify_batch_bounds(entries: Sequence[bytes]) -> None:
    """Raises FormatError(``BATCH_EMPTY``, ``BATCH_TOO_LONG``, ``ENTRY_EMPTY``, ``ENTRY_TOO_LONG``)."""
    if not entries:
        raise FormatError("BATCH_EMPTY", "an append needs at least one entry")
    if len(entries) > MAX_BATCH:
        raise FormatError("BATCH_TOO_LONG", f"an append takes at most {MAX_BATCH} entries, not {len(entries)}")
    longest = max(map(len, entries))
    if longest > MAX_ENTRY:
        raise FormatError("ENTRY_TOO_LONG", f"an entry is at most {MAX_ENTRY} bytes long, not {longest}")
    if not all(entries):
        raise FormatError("ENTRY_EMPTY", "an entry has at least one byte")
