"""The whole audit of a publication, from the policy's key to the last published number.

Responsible for the order of the checks and for what each failure leaves unjudged. It reads the publication through a
``Source`` and the chain through a callable; it has no clock, prints nothing and ends with a ``Verdict``.

    checkpoint -> tree -> records, fold and snapshots -> state files -> anchors -> chain

What the checkpoint does not vouch for is not judged: an entry that is not in the tree ends the audit. A record that
does not verify does not; it counts for nothing.
"""

import contextlib
import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from ledger.anchor.node_answers import RpcCall
from ledger.checkpoint import VerifiedCheckpoint
from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.fold import Fold
from ledger.observer.anchors import AnchorCheck
from ledger.observer.fetch import FileFault, Source, UnreachableError, open_readers
from ledger.observer.findings import Finding, Findings, Verdict
from ledger.observer.origin import parse_origin
from ledger.observer.published_entries import CHECKPOINT, read_checkpoint
from ledger.observer.records import RecordCheck
from ledger.observer.snapshots import History, SnapshotCheck, SnapshotNotes
from ledger.observer.state_files import StateFileCheck
from ledger.observer.successions import SuccessionCheck, find_successor, log_key
from ledger.observer.tree import MAX_ENTRIES, Spool, Tree
from ledger.observer.tree_check import READ_AHEAD, TreeCheck
from ledger.policy import Policy
from ledger.results import LATEST
from ledger.signing import CryptographyVerifier, Verifier

_MAX_GLANCE = 1024 * 1024


def audit(
    source: Source,
    policy: Policy,
    pause: Callable[[float], object],
    pauses_s: Sequence[float],
    *,
    call: RpcCall | None = None,
    verifier: Verifier | None = None,
    predecessor: Source | None = None,
) -> Verdict:
    """Check a publication by a policy, and, through ``call``, its anchors by the chain.

    ``pause`` waits for seconds; ``pauses_s`` are the waits for a server that is publishing; ``predecessor`` is the
    publication of the log before this one. Failures of what is checked are in the verdict, and raise nothing.
    """
    with Audit(source, policy, pause, pauses_s, call=call, verifier=verifier) as whole:
        return whole.run(predecessor)


class Audit:
    """An audit that can go on with a log that grows. A context manager: it holds threads and the log's entries.

    ``checkpoint`` is the newest that was judged, ``tree`` what its entries hash to, ``fold`` what they say.
    """

    def __init__(
        self,
        source: Source,
        policy: Policy,
        pause: Callable[[float], object],
        pauses_s: Sequence[float],
        *,
        call: RpcCall | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        """As audit()."""
        self._source, self._policy, self._pause, self._pauses_s = source, policy, pause, pauses_s
        self._call, self._verifier = call, verifier or CryptographyVerifier()
        self.checkpoint: VerifiedCheckpoint | None = None
        self.tree = Tree()
        self._of_log, self._of_files = Findings(), Findings()
        self._of_records, self._of_successions = Findings(), Findings()
        self.fold = Fold()
        self._verdict = Verdict()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._spool = stack.enter_context(Spool())
            self._readers = stack.enter_context(open_readers(self._source, READ_AHEAD))
            # Verifying a signature holds no lock of the interpreter: threads use all processors.
            self._verifiers = stack.enter_context(ThreadPoolExecutor(os.cpu_count() or 1))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, predecessor: Source | None = None) -> Verdict:
        """The whole audit, once; ``predecessor`` is as audit() has it."""
        return self._conclude(lambda: self._check(predecessor))

    def go_on(self) -> Verdict:
        """Judge what is new since a verdict that was a pass: entries, state files and anchors; no old file again."""
        self._verdict = Verdict(origin=self._verdict.origin, successor=self._verdict.successor)
        return self._conclude(self._check_again)

    def entries(self, count: int) -> list[bytes]:
        """The first entries as they were judged; fewer where there are not so many."""
        chunks = self._spool.read(0)
        return list(itertools.islice(itertools.chain.from_iterable(chunks), count))

    def _conclude(self, check: Callable[[], None]) -> Verdict:
        verdict = self._verdict
        try:
            check()
        except (UnjudgeableError, UnreachableError) as error:
            verdict.error = Finding(error.code, None, None, {"detail": error.message})
        for findings in (self._of_log, self._of_records, self._of_successions, self._of_files):
            verdict.failures.extend(findings)
        fold = self.fold
        verdict.inadmissible, verdict.rulings = fold.held, fold.rulings
        verdict.entries, verdict.snapshots, verdict.tallies = fold.size, fold.snapshots, len(fold.live)
        verdict.repeats, verdict.gaps, verdict.complete = fold.repeats, len(fold.gaps), fold.definition.complete
        return verdict

    def _check(self, predecessor: Source | None) -> None:
        checkpoint = self._read_first_checkpoint()
        if checkpoint is None:
            return
        try:
            self._origin = parse_origin(checkpoint.origin)
        except FormatError as error:
            raise UnjudgeableError(error.code, error.message) from error
        self._verdict.origin = checkpoint.origin
        self._verdict.successor = find_successor(self._origin, self._policy)
        self._notes = SnapshotNotes(self._origin.election_id)
        self._tree_check = TreeCheck(self._source, self.tree, self._keep, self._of_log, self._readers)
        self._begin_fold()
        if self._advance(checkpoint):
            check = self._check_succession(checkpoint)
            if predecessor is not None:
                check.compare(predecessor, self._policy)
            self._check_files(checkpoint)

    def _check_again(self) -> None:
        if self.checkpoint is None:
            raise UnreachableError("NOT_A_PUBLICATION", "there is no verdict to go on from")
        self._verdict.tree_size, self._verdict.root_hash = self.checkpoint.size, self.checkpoint.root
        if self._refresh():
            self._check_succession(self.checkpoint)
            self._check_files(self.checkpoint)

    def _check_succession(self, checkpoint: VerifiedCheckpoint) -> SuccessionCheck:
        self._of_successions = Findings()
        check = SuccessionCheck(self._origin, self.fold, self.tree, checkpoint, self._of_successions)
        self._verdict.handover = check.check()
        return check

    def _check_files(self, checkpoint: VerifiedCheckpoint) -> None:
        state_files = StateFileCheck(
            self._source, self._history, self._refresh, self._pause, self._of_files, self._pauses_s
        )
        state_files.check()
        self._check_anchors(checkpoint)

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
        self._of_records, self.fold = Findings(), Fold()
        self._snapshots = SnapshotCheck(self._notes, self.fold, self.tree, self._source, self._of_records)
        self._records = RecordCheck(
            self._origin, self.fold, self._snapshots, self._of_records, self._verifier, self._verifiers
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
        self.checkpoint = checkpoint
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
        if checkpoint.size > self.tree.size:
            return self._advance(checkpoint)
        # A cache may hold an older one. The same log it must be.
        if checkpoint.root != self.tree.root_at(checkpoint.size):
            self._of_log.add("CHECKPOINT_FORK", path=CHECKPOINT, size=checkpoint.size)
            return False
        return True

    def _check_anchors(self, checkpoint: VerifiedCheckpoint) -> None:
        anchors = AnchorCheck(
            self._source, self.tree, self._refresh, self._of_files, self._readers, self._pause, self._pauses_s
        )
        chains = self.fold.definition.chains
        anchors.check_claims(chains)
        self._verdict.anchor_claims = anchors.claims
        if self._call is not None and chains and self._verdict.error is None:
            anchors.ask_chain(self._call, self._origin.text, chains, log_key(checkpoint))
            self._verdict.anchors, self._verdict.error = anchors.count, anchors.error
