"""The whole audit of a publication, from the policy's key to the last published number.

Responsible for the order of the checks and for what each failure leaves unjudged. It reads the publication through a
``Source`` and the chain through a callable; it has no clock, prints nothing and ends with a ``Verdict``.

    checkpoint -> tree -> records, fold and snapshots -> state files -> anchors -> chain

What the checkpoint does not vouch for is not judged: an entry that is not in the tree ends the audit. A record that
does not verify does not; it counts for nothing.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from ledger.anchor.node_answers import RpcCall
from ledger.checkpoint import VerifiedCheckpoint
from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.fold import Fold
from ledger.note import MAX_NOTE
from ledger.observer.anchors import AnchorCheck
from ledger.observer.fetch import FileFault, Source, UnreachableError
from ledger.observer.findings import Finding, Findings, Verdict
from ledger.observer.origin import parse_origin
from ledger.observer.records import RecordCheck
from ledger.observer.snapshots import History, SnapshotCheck, SnapshotNotes
from ledger.observer.state_files import StateFileCheck
from ledger.observer.tree import MAX_ENTRIES, Spool, Tree
from ledger.observer.tree_check import READ_AHEAD, TreeCheck
from ledger.policy import Policy, verify_checkpoint_with_policy
from ledger.primitives import PublicKey
from ledger.results import LATEST
from ledger.signing import CryptographyVerifier, Verifier
from ledger.vkey import KeyType

CHECKPOINT = "checkpoint"
_MAX_GLANCE = 1024 * 1024


def audit(
    source: Source,
    policy: Policy,
    pause: Callable[[float], object],
    pauses_s: Sequence[float],
    *,
    call: RpcCall | None = None,
    verifier: Verifier | None = None,
) -> Verdict:
    """Check a publication by a policy, and, through ``call``, its anchors by the chain.

    ``pause`` waits for seconds; ``pauses_s`` are the waits for a server that is publishing. Every failure of what is
    checked is in the verdict; nothing is raised for it.
    """
    with (
        Spool() as spool,
        ThreadPoolExecutor(READ_AHEAD) as readers,
        # Verifying a signature holds no lock of the interpreter: threads use all processors.
        ThreadPoolExecutor(os.cpu_count() or 1) as verifiers,
    ):
        return _Audit(source, policy, pause, verifier or CryptographyVerifier(), spool, readers, verifiers).run(
            call, pauses_s
        )


def read_checkpoint(source: Source, policy: Policy) -> VerifiedCheckpoint:
    """Raises FileFault, FormatError, SignatureError, UnjudgeableError, UnreachableError."""
    return verify_checkpoint_with_policy(source.read(CHECKPOINT, MAX_NOTE), policy)


class _Audit:
    def __init__(
        self,
        source: Source,
        policy: Policy,
        pause: Callable[[float], object],
        verifier: Verifier,
        spool: Spool,
        readers: Executor,
        verifiers: Executor,
    ) -> None:
        self._source, self._policy, self._pause = source, policy, pause
        self._verifier, self._spool = verifier, spool
        self._readers, self._verifiers = readers, verifiers
        self._tree = Tree()
        self._of_log, self._of_files = Findings(), Findings()
        self._of_records = Findings()
        self._fold = Fold()
        self._verdict = Verdict()

    def run(self, call: RpcCall | None, pauses_s: Sequence[float]) -> Verdict:
        verdict = self._verdict
        try:
            self._check(call, pauses_s)
        except (UnjudgeableError, UnreachableError) as error:
            verdict.error = Finding(error.code, None, None, {"detail": error.message})
        for findings in (self._of_log, self._of_records, self._of_files):
            verdict.failures.extend(findings)
        fold = self._fold
        verdict.inadmissible, verdict.rulings = fold.held, fold.rulings
        verdict.entries, verdict.snapshots, verdict.tallies = fold.size, fold.snapshots, len(fold.live)
        verdict.repeats, verdict.gaps, verdict.complete = fold.repeats, len(fold.gaps), fold.definition.complete
        return verdict

    def _check(self, call: RpcCall | None, pauses_s: Sequence[float]) -> None:
        checkpoint = self._read_first_checkpoint()
        if checkpoint is None:
            return
        try:
            self._origin = parse_origin(checkpoint.origin)
        except FormatError as error:
            raise UnjudgeableError(error.code, error.message) from error
        self._verdict.origin = checkpoint.origin
        self._notes = SnapshotNotes(self._origin.election_id)
        self._tree_check = TreeCheck(self._source, self._tree, self._keep, self._of_log, self._readers)
        self._begin_fold()
        if self._advance(checkpoint):
            StateFileCheck(self._source, self._history, self._refresh, self._pause, self._of_files, pauses_s).check()
            self._check_anchors(call, checkpoint, pauses_s)

    def _read_first_checkpoint(self) -> VerifiedCheckpoint | None:
        try:
            return read_checkpoint(self._source, self._policy)
        except FileFault as error:
            if error.code == "FILE_MISSING" and not self._has_results():
                raise UnreachableError("NOT_A_PUBLICATION", "neither a checkpoint nor results are there") from error
            self._of_log.add_error(error, path=CHECKPOINT)
        except (FormatError, SignatureError) as error:
            self._of_log.add_error(error, path=CHECKPOINT)
        return None

    def _has_results(self) -> bool:
        try:
            self._source.read(LATEST, _MAX_GLANCE)
        except FileFault as error:
            return error.code != "FILE_MISSING"
        return True

    def _begin_fold(self) -> None:
        """Start from the first entry, with nothing found in records."""
        self._of_records, self._fold = Findings(), Fold()
        self._snapshots = SnapshotCheck(self._notes, self._fold, self._tree, self._source, self._of_records)
        self._records = RecordCheck(
            self._origin, self._fold, self._snapshots, self._of_records, self._verifier, self._verifiers
        )

    def _keep(self, start: int, entries: Sequence[bytes]) -> None:
        self._notes.note(start, entries)
        try:
            self._spool.append(entries)
        except OSError as error:
            raise UnreachableError("LOCAL_STORAGE", f"cannot keep the entries here: {error.strerror}") from error

    def _advance(self, checkpoint: VerifiedCheckpoint) -> bool:
        """Judge the log up to the checkpoint; False where it, or the rest of it, cannot be judged."""
        self._verdict.tree_size, self._verdict.root_hash = checkpoint.size, checkpoint.root
        if checkpoint.size > MAX_ENTRIES:
            raise UnjudgeableError("TREE_TOO_LARGE", f"this program takes on {MAX_ENTRIES} entries at most")
        if checkpoint.size == 0:
            self._of_log.add("EMPTY_LOG", path=CHECKPOINT)
            return False
        if not self._tree_check.grow(checkpoint):
            return False
        if self._snapshots.missed:
            self._begin_fold()
        goes_on = self._records.judge(self._spool)
        self._verdict.error = self._records.error
        return goes_on

    def _history(self) -> History:
        return self._snapshots.history

    def _refresh(self) -> bool:
        """Read the checkpoint again, and go on to it if the log has grown; False where nothing more can be judged."""
        try:
            checkpoint = read_checkpoint(self._source, self._policy)
        except (FileFault, FormatError, SignatureError) as error:
            self._of_log.add_error(error, path=CHECKPOINT)
            return False
        if checkpoint.origin != self._origin.text:
            # A successor log is another audit.
            return True
        if checkpoint.size > self._tree.size:
            return self._advance(checkpoint)
        # A cache may hold an older one. The same log it must be.
        if checkpoint.root != self._tree.root_at(checkpoint.size):
            self._of_log.add("CHECKPOINT_FORK", path=CHECKPOINT, size=checkpoint.size)
            return False
        return True

    def _check_anchors(self, call: RpcCall | None, checkpoint: VerifiedCheckpoint, pauses_s: Sequence[float]) -> None:
        anchors = AnchorCheck(
            self._source, self._tree, self._refresh, self._of_files, self._readers, self._pause, pauses_s
        )
        chains = self._fold.definition.chains
        anchors.check_claims(chains)
        self._verdict.anchor_claims = anchors.claims
        if call is not None and chains and self._verdict.error is None:
            anchors.ask_chain(call, self._origin.text, chains, _log_key(checkpoint))
            self._verdict.anchors, self._verdict.error = anchors.count, anchors.error


def _log_key(checkpoint: VerifiedCheckpoint) -> PublicKey:
    """The key by which the log signed, which the contract names. Raises UnjudgeableError(``UNKNOWN_KEY_TYPE``)."""
    for line in checkpoint.signatures:
        if line.key.name == checkpoint.origin and line.key.key_type is KeyType.ED25519:
            return PublicKey(line.key.public_key)
    raise UnjudgeableError("UNKNOWN_KEY_TYPE", "the contract names an Ed25519 key, and the log signed with none")
