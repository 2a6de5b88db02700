"""The entries judged one by one: parsed, verified by keys that the log named before, and folded.

Responsible for what each entry is worth and for the order in which that is decided. Signatures are checked ahead of the
fold, by several threads: whether a signature is by a key never changes. Whether that key may sign the record does, and
is asked in the entry's turn, of what the entries before it have named.
"""

import contextlib
from concurrent.futures import Executor
from dataclasses import dataclass

from ledger.election import Election
from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.fold import Fold
from ledger.observer.fetch import work_ahead
from ledger.observer.findings import Finding, Findings
from ledger.observer.origin import Origin
from ledger.observer.snapshots import SnapshotCheck
from ledger.observer.tree import Spool
from ledger.record import SignedRecord, Snapshot, VerifiedRecord, parse_record, verify_record
from ledger.signing import Verifier

CHUNKS_AHEAD = 4
"""Chunks of 256 entries that are verified ahead of the fold: at most 64 MiB of entries."""

_Parsed = SignedRecord | FormatError | UnjudgeableError


class _RememberingVerifier:
    """Verifies, and does not verify again what has verified. For one chunk: it forgets nothing."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._verified: set[tuple[bytes, bytes, bytes]] = set()

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> None:
        if (public_key, signature, message) not in self._verified:
            self._verifier.verify(public_key, signature, message)
            self._verified.add((public_key, signature, message))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Entries in order, parsed, and a verifier that knows most of their signatures already."""

    records: list[_Parsed]
    verifier: Verifier


class RecordCheck:
    """Folds the entries of a log whose name is ``origin``. ``fold`` is the sum; findings say what does not hold.

    ``error`` is set where an entry is of a kind, or by rules of addition, that this program does not know.
    """

    def __init__(
        self,
        origin: Origin,
        fold: Fold,
        snapshots: SnapshotCheck,
        findings: Findings,
        verifier: Verifier,
        pool: Executor,
    ) -> None:
        self._origin, self._fold, self._snapshots = origin, fold, snapshots
        self._findings, self._verifier, self._pool = findings, verifier, pool
        self._chunks = 0
        self.error: Finding | None = None

    def judge(self, spool: Spool) -> bool:
        """Judge what the spool holds beyond what was judged before; False where no further entry can be judged.

        A record that does not verify counts for nothing, and the entries after it are judged all the same.
        Raises UnreachableError for the files that snapshots name.
        """
        chunks = spool.read(self._chunks)
        self._chunks = spool.chunks
        for chunk in work_ahead(self._pool, self._verify_early, chunks, CHUNKS_AHEAD):
            for record in chunk.records:
                if not self._take(self._fold.size, record, chunk.verifier):
                    return False
        return True

    def _verify_early(self, entries: list[bytes]) -> _Chunk:
        """Runs in other threads, beside the fold."""
        verifier = _RememberingVerifier(self._verifier)
        records: list[_Parsed] = []
        for entry in entries:
            try:
                record = parse_record(entry)
            except (FormatError, UnjudgeableError) as error:
                records.append(error)
                continue
            # The key may be one that an entry shortly before this one names. It is looked for again in its turn.
            with contextlib.suppress(SignatureError):
                verify_record(record, self._fold.definition, verifier)
            records.append(record)
        return _Chunk(records, verifier)

    def _take(self, index: int, record: _Parsed, verifier: Verifier) -> bool:
        """Judge the entry at ``index``; False where the entries after it cannot be judged."""
        try:
            self._snapshots.before(index)
            return self._fold_in(index, record, verifier)
        except UnjudgeableError as error:
            self.error = Finding(error.code, index, None, {"detail": error.message})
            return False

    def _fold_in(self, index: int, record: _Parsed, verifier: Verifier) -> bool:
        try:
            if not isinstance(record, SignedRecord):
                raise record
            verified = verify_record(record, self._fold.definition, verifier)
        except (FormatError, SignatureError) as error:
            # It has no place in the log, and counts for nothing. Without the election record nothing can be judged.
            self._findings.add_error(error, index)
            self._fold.skip(index)
            return index > 0
        if index == 0 and not self._is_pinned(verified):
            return False
        outcome = self._fold.apply(index, verified)
        if isinstance(verified.body, Snapshot) and outcome.status == "applied":
            self._snapshots.check(index, verified.body)
        return True

    def _is_pinned(self, record: VerifiedRecord) -> bool:
        body, origin = record.body, self._origin
        if isinstance(body, Election) and (body.election_id, body.authority) == (origin.election_id, origin.authority):
            return True
        self._findings.add("WRONG_ELECTION", 0, origin=origin.text)
        return False
