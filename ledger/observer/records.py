"""The entries judged one by one: parsed, verified by keys that the log named before, and folded.

Responsible for what each entry is worth and for the order in which that is decided. Signatures are checked ahead of the
fold by several threads, which is sound because a key that the log has named stays named: what verifies early verifies
in its turn. What does not is judged again in its turn, since the key may have been named in between.
"""

from concurrent.futures import Executor

from ledger.election import Election
from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.fold import Fold
from ledger.observer.fetch import work_ahead
from ledger.observer.findings import Finding, Findings
from ledger.observer.origin import Origin
from ledger.observer.snapshots import SnapshotCheck
from ledger.observer.tree import Spool
from ledger.primitives import PublicKey
from ledger.record import SignedRecord, Snapshot, VerifiedRecord, parse_record, verify_record
from ledger.signing import Verifier

CHUNKS_AHEAD = 4
"""Chunks of 256 entries that are verified ahead of the fold: at most 64 MiB of entries."""

_Judged = VerifiedRecord | SignedRecord | FormatError | UnjudgeableError


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
        for judged in work_ahead(self._pool, self._verify_early, chunks, CHUNKS_AHEAD):
            for result in judged:
                if not self._take(self._fold.size, result):
                    return False
        return True

    def signing_key(self, record: SignedRecord) -> PublicKey:
        """The key that may sign ``record``, from what is folded so far (``record.Authority``)."""
        election = self._fold.definition.election
        if (
            isinstance(record.body, Election)
            and election is not None
            and record.body.election_key != election.election_key
        ):
            # Any election record is signed by the key that it names itself, but the log has named one already.
            raise SignatureError("UNKNOWN_KEY", "another election's record, by a key that this log never named")
        return self._fold.definition.signing_key(record)

    def _verify_early(self, entries: list[bytes]) -> list[_Judged]:
        """Runs in other threads, beside the fold."""
        judged: list[_Judged] = []
        for entry in entries:
            try:
                record = parse_record(entry)
            except (FormatError, UnjudgeableError) as error:
                judged.append(error)
                continue
            if isinstance(record.body, Election):
                # Whether its key may sign depends on whether it is the first: decided in its turn.
                judged.append(record)
                continue
            try:
                judged.append(verify_record(record, self, self._verifier))
            except SignatureError:
                judged.append(record)
        return judged

    def _take(self, index: int, judged: _Judged) -> bool:
        """Fold the entry at ``index``; False where the entries after it cannot be judged."""
        self._snapshots.before(index)
        if isinstance(judged, UnjudgeableError):
            return self._give_up(judged, index)
        if isinstance(judged, SignedRecord):
            try:
                judged = verify_record(judged, self, self._verifier)
            except SignatureError as error:
                return self._refuse(error, index)
        if isinstance(judged, FormatError):
            return self._refuse(judged, index)
        if index == 0 and not self._is_pinned(judged):
            return False
        try:
            outcome = self._fold.apply(index, judged)
        except UnjudgeableError as error:
            return self._give_up(error, index)
        if isinstance(judged.body, Snapshot) and outcome.status == "applied":
            try:
                self._snapshots.check(index, judged.body)
            except UnjudgeableError as error:
                return self._give_up(error, index)
        return True

    def _refuse(self, error: FormatError | SignatureError, index: int) -> bool:
        """Note a record that has no place in the log. Without the election record nothing else can be judged."""
        self._findings.add_error(error, index)
        self._fold.size += 1
        return index > 0

    def _give_up(self, error: UnjudgeableError, index: int) -> bool:
        self.error = Finding(error.code, index, None, {"detail": error.message})
        return False

    def _is_pinned(self, record: VerifiedRecord) -> bool:
        body, origin = record.body, self._origin
        if isinstance(body, Election) and (body.election_id, body.authority) == (origin.election_id, origin.authority):
            return True
        self._findings.add("WRONG_ELECTION", 0, origin=origin.text)
        return False
