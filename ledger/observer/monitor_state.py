"""What a monitor remembers: every head that it has verified, the log's leaf hashes, and which alarms were told.

One SQLite file in the state's folder, flushed at each commit: a monitor that is killed goes on from its last round.
Evidence lies beside it, a file each. A state is about one log, and about those that succeed it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ledger.errors import FormatError
from ledger.observer.tree import Tree
from ledger.primitives import Hash
from ledger.store.durable import StorageError, make_directory
from ledger.store.sqlite_database import connect, funnel, transaction
from ledger.tiles import TILE_WIDTH, Tile

STATE_FILE = "monitor.sqlite"
_APPLICATION_ID = 0x54554E4D
"""The letters TUNM."""
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS log (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS heads (size INTEGER PRIMARY KEY, root BLOB NOT NULL, note BLOB NOT NULL, "
    "seen INTEGER NOT NULL) STRICT",
    # Leaf hashes in rows of up to 256, as level-0 tiles have them.
    "CREATE TABLE IF NOT EXISTS leaves (tile INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS alarms (name TEXT PRIMARY KEY, document TEXT NOT NULL, lasting INTEGER NOT NULL, "
    "told INTEGER NOT NULL) STRICT",
    # Heads that devices' receipts carry, until the published tree has grown beyond them.
    "CREATE TABLE IF NOT EXISTS receipts (size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL, "
    "seen INTEGER NOT NULL, PRIMARY KEY (size, root)) STRICT",
    # Heads of logs that have ended: seen while they were published, or carried by their receipts.
    "CREATE TABLE IF NOT EXISTS former_heads (origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, "
    "note BLOB NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (origin, size, root)) STRICT",
    f"PRAGMA application_id = {_APPLICATION_ID}",
)


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A signed head; ``seen``: POSIX seconds of the clock of this machine."""

    size: int
    root: Hash
    note: bytes
    seen: int


@dataclass(frozen=True, slots=True)
class FormerHead:
    """A head of the log ``origin``, which has ended."""

    origin: str
    head: KeptHead


class MonitorState:
    """For one thread of one process; others may read. Raises StorageError."""

    def __init__(self, directory: Path, *, make: bool = True) -> None:
        """``make`` is False where a state must be there already (``STORE_NOT_OPENED``)."""
        self.directory = directory
        self._path = directory / STATE_FILE
        if make:
            make_directory(directory)
        with funnel(self._path):
            self._connection = connect(self._path, "rwc" if make else "rw")
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        with transaction(self._connection):
            (application,) = self._connection.execute("PRAGMA application_id").fetchone()
            (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if application != _APPLICATION_ID and tables:
                raise StorageError("STORE_NOT_OURS", f"{self._path} is no monitor's state")
            for statement in _SCHEMA:
                self._connection.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def origin(self) -> str | None:
        with funnel(self._path):
            row: tuple[str] | None = self._connection.execute("SELECT origin FROM log").fetchone()
        return None if row is None else row[0]

    def pin_origin(self, origin: str) -> None:
        """Raises FormatError(``OTHER_LOG``) where the state is about another log."""
        known = self.origin()
        if known is None:
            with funnel(self._path), transaction(self._connection):
                self._connection.execute("INSERT INTO log VALUES (1, ?)", (origin,))
        elif known != origin:
            raise FormatError("OTHER_LOG", f"the state is about the log {known}, not about {origin}")

    def succeed(self, origin: str) -> None:
        """Go on with this log in place of the one so far, whose heads and receipts are put aside."""
        with funnel(self._path), transaction(self._connection):
            for table in ("heads", "receipts"):
                self._connection.execute(
                    "INSERT OR IGNORE INTO former_heads SELECT log.origin, kept.size, kept.root, kept.note, kept.seen "
                    f"FROM log, {table} AS kept"
                )
                self._connection.execute(f"DELETE FROM {table}")
            self._connection.execute("DELETE FROM leaves")
            self._connection.execute("UPDATE log SET origin = ?", (origin,))

    def keep_former(self, former: FormerHead) -> None:
        head = former.head
        with funnel(self._path), transaction(self._connection):
            row = (former.origin, head.size, bytes(head.root), head.note, head.seen)
            self._connection.execute("INSERT OR IGNORE INTO former_heads VALUES (?, ?, ?, ?, ?)", row)

    def former_heads(self) -> list[FormerHead]:
        """Of logs that have ended, as far as no successor's tree is known to contain them."""
        query = "SELECT origin, size, root, note, seen FROM former_heads ORDER BY origin, size, root"
        with funnel(self._path):
            rows = self._connection.execute(query).fetchall()
        return [FormerHead(origin, KeptHead(size, Hash(root), note, seen)) for origin, size, root, note, seen in rows]

    def drop_former(self, heads: Sequence[FormerHead]) -> None:
        rows = [(one.origin, one.head.size, bytes(one.head.root)) for one in heads]
        with funnel(self._path), transaction(self._connection):
            self._connection.executemany("DELETE FROM former_heads WHERE origin = ? AND size = ? AND root = ?", rows)

    def newest(self) -> KeptHead | None:
        return next(self._heads("ORDER BY size DESC LIMIT 1"), None)

    def head_at(self, size: int) -> KeptHead | None:
        return next(self._heads("WHERE size = ?", size), None)

    def heads(self) -> Iterator[KeptHead]:
        """All, from the smallest on."""
        return self._heads("ORDER BY size")

    def roots(self) -> list[tuple[int, Hash]]:
        """Size and root of all heads, from the smallest on, without their notes."""
        with funnel(self._path):
            rows = self._connection.execute("SELECT size, root FROM heads ORDER BY size").fetchall()
        return [(size, Hash(root)) for size, root in rows]

    def _heads(self, clause: str, *values: int) -> Iterator[KeptHead]:
        with funnel(self._path):
            rows = self._connection.execute(f"SELECT size, root, note, seen FROM heads {clause}", values).fetchall()
        return (KeptHead(size, Hash(root), note, seen) for size, root, note, seen in rows)

    def keep_head(self, head: KeptHead) -> None:
        """Unless a head of this size is kept already."""
        with funnel(self._path), transaction(self._connection):
            row = (head.size, bytes(head.root), head.note, head.seen)
            self._connection.execute("INSERT OR IGNORE INTO heads VALUES (?, ?, ?, ?)", row)

    def keep_receipt(self, head: KeptHead) -> None:
        """Unless it is kept already: when it was first seen counts."""
        with funnel(self._path), transaction(self._connection):
            row = (head.size, bytes(head.root), head.note, head.seen)
            self._connection.execute("INSERT OR IGNORE INTO receipts VALUES (?, ?, ?, ?)", row)

    def receipts(self) -> list[KeptHead]:
        """Heads of receipts that no published tree is known to extend, from the smallest on."""
        with funnel(self._path):
            query = "SELECT size, root, note, seen FROM receipts ORDER BY size, root"
            rows = self._connection.execute(query).fetchall()
        return [KeptHead(size, Hash(root), note, seen) for size, root, note, seen in rows]

    def drop_receipts(self, heads: Sequence[KeptHead]) -> None:
        with funnel(self._path), transaction(self._connection):
            rows = [(head.size, bytes(head.root)) for head in heads]
            self._connection.executemany("DELETE FROM receipts WHERE size = ? AND root = ?", rows)

    def tree(self) -> Tree:
        """Of the leaf hashes that are kept."""
        tree = Tree()
        with funnel(self._path):
            for (data,) in self._connection.execute("SELECT hashes FROM leaves ORDER BY tile"):
                tree.append([Hash(data[at : at + Hash.SIZE]) for at in range(0, len(data), Hash.SIZE)])
        return tree

    def keep_leaves(self, tree: Tree) -> None:
        """Those beyond what is kept; ``tree`` extends it."""
        with funnel(self._path), transaction(self._connection):
            last = self._connection.execute("SELECT max(tile) FROM leaves").fetchone()[0]
            for index in range(last or 0, -(-tree.size // TILE_WIDTH)):
                row = (index, tree.content(Tile(0, index)))
                self._connection.execute("INSERT OR REPLACE INTO leaves VALUES (?, ?)", row)

    def raise_alarms(self, alarms: Sequence[dict[str, object]], *, checked: bool) -> None:
        """Keep those that are new. Where all was ``checked``, forget those that no longer are, but for lasting ones.

        An alarm is a JSON object; ``name`` tells it from others, ``lasting``: no later round takes it back.
        """
        with funnel(self._path), transaction(self._connection):
            if checked:
                names = json.dumps([alarm["name"] for alarm in alarms])
                self._connection.execute(
                    "DELETE FROM alarms WHERE NOT lasting AND name NOT IN (SELECT value FROM json_each(?))", (names,)
                )
            for alarm in alarms:
                row = (str(alarm["name"]), json.dumps(alarm, ensure_ascii=False), int(bool(alarm["lasting"])))
                self._connection.execute("INSERT OR IGNORE INTO alarms VALUES (?, ?, ?, 0)", row)

    def alarms(self, *, told: bool | None = None, lasting: bool | None = None) -> list[dict[str, object]]:
        """Alarms in the order of their names, all or those that were told or not, or that last or not."""
        wanted = [(column, flag) for column, flag in (("told", told), ("lasting", lasting)) if flag is not None]
        clause = " AND ".join(f"{column} = {int(flag)}" for column, flag in wanted) or "1"
        with funnel(self._path):
            query = f"SELECT document FROM alarms WHERE {clause} ORDER BY name"
            return [json.loads(document) for (document,) in self._connection.execute(query)]

    def mark_told(self, name: object) -> None:
        with funnel(self._path), transaction(self._connection):
            self._connection.execute("UPDATE alarms SET told = 1 WHERE name = ?", (name,))
