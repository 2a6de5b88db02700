"""The store in one SQLite file: the embedded default.

Responsible for the transaction of an append and for turning SQLite's failures into StorageError. WAL with
``synchronous=FULL``: a commit is flushed before it is answered, and readers never wait for the writer.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from ledger.errors import ConflictError, FormatError
from ledger.merkle import CompactRange, hash_leaf
from ledger.primitives import Hash
from ledger.store.contract import EMPTY_HEAD, MAX_READ, Appended, Batch, TreeHead, verify_batch_bounds
from ledger.store.durable import StorageError, make_directory, sync_directory
from ledger.store.sqlite_database import SCHEMA, connect, funnel, transaction, verify_identity
from ledger.vkey import check_key_name


class SqliteStore:
    """A Store (see the contract). One connection under a lock; open another store on the same path for long reading."""

    def __init__(self, path: Path, origin: str) -> None:
        """Open the store of the log named ``origin``. Raises StorageError, also for none or another log's."""
        self.origin = origin
        self._path = path
        self._lock = threading.Lock()
        with funnel(path):
            self._connection = connect(path, "rw")
            try:
                verify_identity(self._connection, path, origin)
                self._verify_head()
            except BaseException:
                self._connection.close()
                raise

    @classmethod
    def create(cls, path: Path, origin: str) -> Self:
        """Make the store of a new log, with its folder where missing; opens it where it was made for this origin.

        Raises StorageError, also where the file is another log's, and FormatError(``BAD_KEY_NAME``).
        """
        check_key_name(origin)
        make_directory(path.parent)
        with funnel(path), closing(connect(path, "rwc")) as connection, transaction(connection):
            if connection.execute("PRAGMA schema_version").fetchone() == (0,):
                for statement in SCHEMA:
                    connection.execute(statement)
                connection.execute("INSERT INTO log (one, origin) VALUES (1, ?)", (origin,))
                connection.execute(
                    "INSERT INTO head (one, size, root, nodes) VALUES (1, 0, ?, ?)", (EMPTY_HEAD.root, b"")
                )
        sync_directory(path.parent)
        return cls(path, origin)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, entries: Sequence[bytes]) -> Appended:
        verify_batch_bounds(entries)
        return self._append(entries, None)

    def append_numbered(self, entry: bytes, number: int) -> Appended:
        verify_batch_bounds([entry])
        return self._append([entry], number)

    def append_each(self, entries: Sequence[bytes], numbers: Mapping[int, int]) -> None:
        """Into an empty log, each entry as a batch of its own, all in one transaction; ``numbers`` by index.

        Raises ConflictError(``STORE_NOT_EMPTY``, ``NUMBER_NOT_NEXT``, ``ENTRY_TWICE``), FormatError.
        """
        with self._lock, funnel(self._path), transaction(self._connection):
            before = self._range()
            if before.size:
                raise ConflictError("STORE_NOT_EMPTY", f"{self._path} has {before.size} entries already")
            seen: set[Hash] = set()
            for index, entry in enumerate(entries):
                verify_batch_bounds([entry])
                leaf_hash = hash_leaf(entry)
                if leaf_hash in seen:
                    raise ConflictError("ENTRY_TWICE", f"entry {index} is there before: no log has an entry twice")
                seen.add(leaf_hash)
                self._insert(before, {leaf_hash: entry}, numbers.get(index))
                before = before.extend([leaf_hash])

    def _append(self, entries: Sequence[bytes], number: int | None) -> Appended:
        hashes = [hash_leaf(entry) for entry in entries]
        with self._lock, funnel(self._path), transaction(self._connection):
            # The write lock that begins the transaction is the lock on the tree head.
            before = self._range()
            known = self._known(hashes)
            new: dict[Hash, bytes] = {}
            for leaf_hash, entry in zip(hashes, entries, strict=True):
                if leaf_hash not in known:
                    known[leaf_hash] = before.size + len(new)
                    new[leaf_hash] = entry
            batch = self._insert(before, new, number) if new else None
        return Appended(tuple(known[leaf_hash] for leaf_hash in hashes), tuple(hashes), batch)

    def _range(self) -> CompactRange:
        size, root, nodes = self._row("SELECT size, root, nodes FROM head")
        compact = self._parse_range(size, nodes)
        if compact.root() != root:
            raise self._corrupt(f"the stored head of size {size} is not the root of its nodes")
        return compact

    def _parse_range(self, size: int, nodes: bytes) -> CompactRange:
        try:
            return CompactRange.parse(size, nodes)
        except FormatError as error:
            raise self._corrupt(f"the nodes stored for size {size} are no compact range") from error

    def _known(self, hashes: Sequence[Hash]) -> dict[Hash, int]:
        marks = ",".join("?" * len(hashes))
        rows = self._connection.execute(f"SELECT leaf_hash, idx FROM entries WHERE leaf_hash IN ({marks})", hashes)
        return {Hash(leaf_hash): index for leaf_hash, index in rows}

    def _insert(self, before: CompactRange, new: dict[Hash, bytes], number: int | None) -> Batch:
        execute = self._connection.execute
        after = before.extend(new)
        head = TreeHead(after.size, after.root())
        self._connection.executemany(
            "INSERT INTO entries (idx, leaf_hash, data) VALUES (?, ?, ?)",
            ((index, *item) for index, item in enumerate(new.items(), before.size)),
        )
        if number is not None:
            (last,) = self._row("SELECT ifnull(max(number), 0) FROM numbered")
            if number != last + 1:
                raise ConflictError("NUMBER_NOT_NEXT", f"number {number} does not follow the log's last one, {last}")
            execute("INSERT INTO numbered (number, idx) VALUES (?, ?)", (number, before.size))
        execute(
            "INSERT INTO batches (first, size, root, nodes_before) VALUES (?, ?, ?, ?)",
            (before.size, head.size, head.root, before.encode()),
        )
        execute("UPDATE head SET size = ?, root = ?, nodes = ?", (head.size, head.root, after.encode()))
        return Batch(before, tuple(new), head)

    def head(self) -> TreeHead:
        [(size, root)] = self._read("SELECT size, root FROM head")
        return TreeHead(size, Hash(root))

    def root_at(self, size: int) -> Hash | None:
        if size == 0:
            return EMPTY_HEAD.root
        rows = self._read("SELECT root FROM batches WHERE size = ?", size)
        return Hash(rows[0][0]) if rows else None

    def find(self, leaf_hash: Hash) -> int | None:
        rows = self._read("SELECT idx FROM entries WHERE leaf_hash = ?", leaf_hash)
        return int(rows[0][0]) if rows else None

    def batch_of(self, index: int) -> Batch:
        rows = self._read(
            "SELECT first, size, root, nodes_before FROM batches WHERE first <= ? ORDER BY first DESC LIMIT 1", index
        )
        if not rows or index >= rows[0][1]:
            raise FormatError("OUT_OF_RANGE", f"the log has no entry {index}")
        first, size, root, nodes = rows[0]
        before, hashes = self._parse_range(first, nodes), tuple(self.leaf_hashes(first, size - first))
        after = before.extend(hashes)
        if (after.size, after.root()) != (size, root):
            raise self._corrupt(f"the head of size {size} is not the root of its batch")
        return Batch(before, hashes, TreeHead(size, Hash(root)))

    def entries(self, first: int, limit: int) -> list[bytes]:
        return self._column("data", first, limit)

    def leaf_hashes(self, first: int, limit: int) -> list[Hash]:
        return [Hash(leaf_hash) for leaf_hash in self._column("leaf_hash", first, limit)]

    def _column(self, name: str, first: int, limit: int) -> list[bytes]:
        if first < 0:
            raise FormatError("OUT_OF_RANGE", f"the log has no entry {first}")
        limit = max(0, min(limit, MAX_READ))
        rows = self._read(f"SELECT idx, {name} FROM entries WHERE idx >= ? ORDER BY idx LIMIT ?", first, limit)
        if any(index != expected for expected, (index, _) in enumerate(rows, first)):
            raise self._corrupt(f"entries are missing after index {first}")
        return [value for _, value in rows]

    def _verify_head(self) -> None:
        """A file that was cut or mixed up shows here, before anything is signed on top of it."""
        self._range()
        # One statement, so that another process's commit cannot fall in between.
        size, batches, entries = self._row(
            "SELECT size, (SELECT ifnull(max(size), 0) FROM batches), (SELECT ifnull(max(idx) + 1, 0) FROM entries)"
            " FROM head"
        )
        if batches != size or entries != size:
            raise self._corrupt(f"the head has size {size}, the batches end at {batches}, the entries at {entries}")

    def _read(self, query: str, *parameters: int | bytes) -> list[tuple[Any, ...]]:
        with self._lock, funnel(self._path):
            return self._connection.execute(query, parameters).fetchall()

    def _row(self, query: str) -> tuple[Any, ...]:
        """The one row, inside a transaction or before the store is shared: takes no lock."""
        rows = self._connection.execute(query).fetchall()
        if len(rows) != 1:
            raise self._corrupt(f"{len(rows)} rows where there must be one: {query}")
        row: tuple[Any, ...] = rows[0]
        return row

    def _corrupt(self, what: str) -> StorageError:
        return StorageError(
            "STORE_CORRUPT", f"{self._path} contradicts itself: {what}. Do not write to it; restore its newest copy"
        )
