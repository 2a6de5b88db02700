"""Logs in folders for tests: the database and the guard each in a folder of its own, and a fixed key."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ledger.log import Log, Receipt, initialise_guard
from ledger.merkle import hash_leaf, merkle_root
from ledger.note import Ed25519NoteSigner
from ledger.primitives import Hash
from ledger.proof import verify_tlog_proof
from ledger.signing import Ed25519Signer
from ledger.store.contract import TreeHead
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore

ORIGIN = "cec.example/5f0c/1"
SIGNER = Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes(range(32))))


@dataclass(frozen=True, slots=True)
class OpenLog:
    store: SqliteStore
    guard: FileGuard
    log: Log


def database_path(folder: Path) -> Path:
    return folder / "data" / "log.sqlite"


def guard_of(folder: Path) -> FileGuard:
    return FileGuard(folder / "guard" / "head", ORIGIN)


def make_log(folder: Path) -> OpenLog:
    """Initialise a log as a server's first start does."""
    with SqliteStore.create(database_path(folder), ORIGIN) as store:
        initialise_guard(store, guard_of(folder))
    return open_log(folder)


def open_log(folder: Path) -> OpenLog:
    store, guard = SqliteStore(database_path(folder), ORIGIN), guard_of(folder)
    try:
        return OpenLog(store, guard, Log(store, guard, SIGNER))
    except BaseException:
        store.close()
        raise


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy, as a backup makes it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)


def head_of(entries: Sequence[bytes]) -> TreeHead:
    """The head of a log that holds exactly these, by plain RFC 6962."""
    return TreeHead(len(entries), merkle_root([hash_leaf(entry) for entry in entries]))


def verify_receipts(entries: Sequence[bytes], receipts: Sequence[Receipt], history: Sequence[bytes]) -> None:
    """Each receipt is signed, proves its entry, and was signed for a beginning of ``history``."""
    roots: dict[int, Hash] = {}
    for entry, receipt in zip(entries, receipts, strict=True):
        included = verify_tlog_proof(receipt.tlog_proof, entry, SIGNER.key)
        assert included.leaf_index == receipt.index
        assert history[receipt.index] == entry
        assert receipt.leaf_hash == hash_leaf(entry)
        size = included.checkpoint.size
        if size not in roots:
            roots[size] = head_of(history[:size]).root
        assert included.checkpoint.root == roots[size]
