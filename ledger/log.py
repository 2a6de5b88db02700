"""The log: entries appended durably, and receipts and checkpoints signed for what is durable and guarded.

Responsible for the order: commit, check and advance the guard, then sign. It does not know what an entry says; whether
one belongs into the log is decided before. The rules, each with its error:

1. Store, guard and signing key belong to one origin (``WRONG_ORIGIN``).
2. The store holds the guard's head: the same root at the same size. Checked before each append, so that a log restored
   from an old copy takes no new entry, and again before each signature (``LOG_BEHIND_GUARD``, ``LOG_NOT_OF_GUARD``).
3. Nothing is signed that the guard does not cover: a head larger than the guard's advances the guard first. A smaller
   one may be signed, since rule 2 makes it a prefix of the guard's.

A crash between commit and signature needs no repair: the next call finds the guard behind and advances it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.batch_proofs import batch_inclusion_proofs
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import FormatError, RollbackError
from ledger.note import NoteSigner
from ledger.primitives import Hash
from ledger.proof import TlogProof, encode_tlog_proofs
from ledger.store.contract import EMPTY_HEAD, Appended, Batch, Guard, Store, TreeHead
from ledger.vkey import KeyType

_READ_CHUNK = 256
"""Entries held at once by read_entries(): at most 16 MiB."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """``tlog_proof`` (C2SP): inclusion of the entry with ``leaf_hash`` at ``index`` under a signed checkpoint.

    The checkpoint is the one after the batch that brought the entry, so that a receipt is the same bytes at all times.
    """

    index: int
    leaf_hash: Hash
    tlog_proof: bytes


class Log:
    """One log, to append to and to ask for receipts and checkpoints.

    Safe for any number of threads and processes, as its store and guard are; calls on one store wait for each other.
    Every method may raise StorageError (what was asked for may have taken effect; asking again is safe) and
    RollbackError (this log must not be written any more: restore its newest copy, or start a successor log).
    """

    def __init__(self, store: Store, guard: Guard, signer: NoteSigner) -> None:
        """``signer``: the log's Ed25519 key, whose signatures are the same each time. Raises FormatError too."""
        if not store.origin == guard.origin == signer.key.name:
            names = ", ".join(sorted({store.origin, guard.origin, signer.key.name}))
            raise FormatError("WRONG_ORIGIN", f"store, guard and signing key belong to different logs: {names}")
        if signer.key.key_type is not KeyType.ED25519:
            raise FormatError("BAD_LOG_KEY", "a log signs with a plain Ed25519 key; cosignatures are added elsewhere")
        self._store = store
        self._guard = guard
        self._signer = signer
        self._guarded_head()

    @property
    def origin(self) -> str:
        return self._store.origin

    def append(self, entries: Sequence[bytes]) -> list[Receipt]:
        """Append the entries that are new; a receipt for each one given, in order, an old one's as it was.

        From 1 to MAX_BATCH entries of 1 to MAX_ENTRY bytes. Raises FormatError for other sizes.
        """
        self._guarded_head()
        return self._receipts_of(self._store.append(entries))

    def append_numbered(self, entry: bytes, number: int) -> Receipt:
        """Append the next entry of the log's numbered series. Raises ConflictError(``NUMBER_NOT_NEXT``)."""
        self._guarded_head()
        [receipt] = self._receipts_of(self._store.append_numbered(entry, number))
        return receipt

    def receipt(self, index: int) -> Receipt:
        """The receipt of an entry again, byte for byte. Raises FormatError(``OUT_OF_RANGE``) where there is none."""
        batch = self._store.batch_of(index)
        self._cover(batch.head)
        return self._receipts(batch, [index])[index]

    def checkpoint(self) -> bytes:
        """The signed checkpoint of all that is committed."""
        head = self._store.head()
        self._cover(head)
        return self._sign(head)

    def _receipts_of(self, appended: Appended) -> list[Receipt]:
        batches = self._batches(appended)
        # Heads of one store are prefixes of one another: the largest covers all.
        self._cover(max((batch.head for batch in batches), key=lambda head: head.size))
        receipts: dict[int, Receipt] = {}
        for batch in batches:
            inside = range(batch.before.size, batch.head.size)
            receipts |= self._receipts(batch, [index for index in set(appended.indices) if index in inside])
        return [receipts[index] for index in appended.indices]

    def _batches(self, appended: Appended) -> list[Batch]:
        """The batch just committed, and those that brought the entries which were in the log before."""
        batches = [] if appended.batch is None else [appended.batch]
        for index in sorted(set(appended.indices)):
            if not any(batch.before.size <= index < batch.head.size for batch in batches):
                batches.append(self._store.batch_of(index))
        return batches

    def _receipts(self, batch: Batch, indices: Sequence[int]) -> dict[int, Receipt]:
        paths = batch_inclusion_proofs(batch.before, batch.leaf_hashes)
        note = self._sign(batch.head)
        first = batch.before.size
        proofs = encode_tlog_proofs(TlogProof(index, paths[index - first], note) for index in indices)
        return {
            index: Receipt(index, batch.leaf_hashes[index - first], proof)
            for index, proof in zip(indices, proofs, strict=True)
        }

    def _sign(self, head: TreeHead) -> bytes:
        return sign_checkpoint(Checkpoint(self.origin, head.size, head.root), self._signer)

    def _cover(self, head: TreeHead) -> None:
        """Bring the guard to this stored head, or find it beyond: from then on the head may be signed."""
        while (guarded := self._guarded_head()).size < head.size:
            # False: another process advanced it in between, and what it wrote is to be checked in turn.
            if self._guard.advance(guarded, head):
                return

    def _guarded_head(self) -> TreeHead:
        """The guard's head, once the store is known to hold it. Others commit before they advance it, never after."""
        guarded = self._guard.read()
        if self._store.root_at(guarded.size) == guarded.root:
            return guarded
        size = self._store.head().size
        if size < guarded.size:
            raise RollbackError(
                "LOG_BEHIND_GUARD",
                f"the database of {self.origin} ends at {size}, but a head of size {guarded.size} was signed: it was "
                "restored from an old copy. Bring back its newest copy; if that is lost, this log is dead and a "
                "successor log takes the records again",
            )
        raise RollbackError(
            "LOG_NOT_OF_GUARD",
            f"the database of {self.origin} never had the head of size {guarded.size} that was signed: it holds "
            "another history. Bring back the right copy; if that is lost, this log is dead and a successor log takes "
            "the records again",
        )


def initialise_guard(store: Store, guard: Guard) -> None:
    """Make the guard of a new log, once, beside its empty store; again before the first entry changes nothing.

    Raises RollbackError(``LOG_HAS_ENTRIES``): a guard that is made late could not tell what was signed before.
    """
    size = store.head().size
    if size:
        raise RollbackError(
            "LOG_HAS_ENTRIES",
            f"the log {store.origin} has {size} entries already, so that its guard is lost, not new: find it, or make "
            "one at a head that covers those of the published checkpoint, the witnesses and the chain",
        )
    guard.create(EMPTY_HEAD)


def read_entries(store: Store, first: int, size: int) -> Iterator[tuple[int, bytes]]:
    """Entries ``first`` … ``size - 1`` with their indices, in chunks, for followers; ``size`` is that of a head.

    Ends early where the log does.
    """
    while first < size:
        chunk = store.entries(first, min(_READ_CHUNK, size - first))
        if not chunk:
            return
        yield from enumerate(chunk, first)
        first += len(chunk)
