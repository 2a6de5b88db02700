"""A monitor: it looks at a publication again and again, and remembers what it saw. One round is one look.

Responsible for the order of a round and for what becomes of what it finds:

1. The checkpoint is read and judged by the policy.
2. It is held against every head that was kept: the same root at the same size; a larger tree that extends the last one;
   a smaller one only for as long as a cache may hold it. Two that cannot both be true are a fork: evidence is written,
   and from then on every round says so.
3. What is new is audited: entries, sums, published files, anchors. The first round, one an hour, and those after a
   failure begin anew, so that every old entry, tile and file is read again.
4. Receipts that devices were given are held against the tree: it must contain their heads, and grow up to them. What
   is remembered of a log that has ended is held against its successor.
5. A log that has stood still for too long, and a publication that cannot be judged three times on end, are alarms too.

Alarms are kept before they are told, and told until somebody has taken them.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from ledger.anchor.node_answers import RpcCall
from ledger.checkpoint import VerifiedCheckpoint
from ledger.errors import ConsistencyError, FormatError, SignatureError, UnjudgeableError
from ledger.evidence import Evidence, Fork, encode_evidence, verify_fork
from ledger.observer.audit import Audit
from ledger.observer.evidence import fork_finding, is_of_entries, plan_bad_entry, plan_bad_succession
from ledger.observer.fetch import FileFault, Source, UnreachableError
from ledger.observer.findings import Finding
from ledger.observer.fork_search import find_contradicted, find_fork, find_fork_below, read_served_tile
from ledger.observer.monitor_state import KeptHead, MonitorState
from ledger.observer.monitor_succession import hold_former, is_later
from ledger.observer.published_entries import CHECKPOINT, read_checkpoint
from ledger.observer.tree import Tree
from ledger.policy import Policy
from ledger.store.durable import write_file

WHOLE_SECONDS = 3600.0
DARK_ROUNDS = 3
MAX_EVIDENCE_A_ROUND = 10
RECEIPT_SECONDS = 600.0
"""How long the publication may stay behind a receipt: a quorum of witnesses may be missing for a while."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """``evidence``: name of the file in the state's folder. ``lasting``: no later round can take it back."""

    finding: Finding
    evidence: str | None = None
    lasting: bool = False

    @property
    def name(self) -> str:
        index = "" if self.finding.index is None else self.finding.index
        return f"{self.finding.code} {index} {self.finding.path or ''}".strip()


@dataclass(slots=True)
class Round:
    """``error``: why not all could be judged. ``size`` is that of the newest head that was verified, ever."""

    alarms: list[Alarm] = field(default_factory=list)
    error: Finding | None = None
    size: int | None = None
    whole: bool = False


class Monitor:
    """A context manager, for one thread. ``clock``: POSIX seconds; ``stalled_after_s`` 0 never calls a log stalled."""

    def __init__(
        self,
        source: Source,
        policy: Policy,
        state: MonitorState,
        pause: Callable[[float], object],
        pauses_s: Sequence[float],
        clock: Callable[[], float],
        stalled_after_s: float,
        call: RpcCall | None = None,
    ) -> None:
        self._source, self._policy, self._state = source, policy, state
        self._pause, self._pauses_s, self._clock = pause, pauses_s, clock
        self._stalled_after_s, self._call = stalled_after_s, call
        self._audit: Audit | None = None
        self._stack = contextlib.ExitStack()
        self._began = 0.0
        self._dark = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def look(self) -> Round:
        """One round. Raises StorageError, from the state alone."""
        found = Round()
        try:
            for alarm in self._look(found):
                found.alarms.append(alarm)
        except (UnreachableError, UnjudgeableError) as error:
            found.error = Finding(error.code, facts={"detail": error.message})
        except (FileFault, FormatError, SignatureError) as error:
            found.alarms.append(Alarm(Finding(error.code, None, CHECKPOINT, {"detail": error.message})))
        self._dark = 0 if found.error is None else self._dark + 1
        if found.error is not None and self._dark >= DARK_ROUNDS:
            detail = found.error.facts.get("detail", found.error.code)
            found.alarms.append(Alarm(Finding("DARK", facts={"rounds": self._dark, "detail": detail})))
        if found.alarms or found.error is not None:
            self._drop_audit()
        newest = self._state.newest()
        found.size = None if newest is None else newest.size
        return found

    def _look(self, found: Round) -> Iterator[Alarm]:
        checkpoint = read_checkpoint(self._source, self._policy)
        if is_later(checkpoint.origin, known := self._state.origin()):
            self._drop_audit()
            self._state.succeed(checkpoint.origin)
            yield Alarm(Finding("SUCCEEDED", None, CHECKPOINT, {"before": known or "", "now": checkpoint.origin}))
        self._state.pin_origin(checkpoint.origin)
        try:
            alarm = self._compare(checkpoint)
        except (FileFault, FormatError, ConsistencyError) as error:
            # Tiles that are wrong, or gone: the audit names them, and says what the entries lead to.
            yield Alarm(Finding(error.code, None, CHECKPOINT, {"detail": error.message}))
            yield from self._judge(found)
            return
        if alarm is not None:
            yield alarm
            return
        newest = self._state.newest()
        if newest is None or checkpoint.size > newest.size:
            self._keep(checkpoint)
        elif self._stalled_after_s and (stood := self._clock() - newest.seen) > self._stalled_after_s:
            yield Alarm(Finding("STALLED", facts={"size": newest.size, "seconds": round(stood)}))
        yield from self._judge(found)

    def _compare(self, checkpoint: VerifiedCheckpoint) -> Alarm | None:
        """Hold the checkpoint against the heads that were kept. Raises what find_fork() does."""
        newest, same = self._state.newest(), self._state.head_at(checkpoint.size)
        fork = None
        if same is not None:
            fork = find_fork(same, checkpoint, read_served_tile(self._source))
        elif newest is not None and checkpoint.size > newest.size:
            fork = find_fork(newest, checkpoint, read_served_tile(self._source))
        elif newest is not None:
            tree = self._state.tree()
            top = self._state.head_at(tree.size)
            if top is not None and checkpoint.size <= top.size:
                fork = find_fork_below(checkpoint, top, tree)
        if fork is not None:
            return self._fork(fork)
        if newest is not None and checkpoint.size < newest.size and not self._catches_up(newest):
            return Alarm(Finding("ROLLED_BACK", None, CHECKPOINT, {"size": checkpoint.size, "newest": newest.size}))
        return None

    def _catches_up(self, newest: KeptHead) -> bool:
        """Whether the newest head, or a later one, is served within the pauses: a cache may hold an older one."""
        for pause_s in self._pauses_s:
            self._pause(pause_s)
            if read_checkpoint(self._source, self._policy).size >= newest.size:
                return True
        return False

    def _judge(self, found: Round) -> Iterator[Alarm]:
        now = self._clock()
        audit = self._audit
        if audit is not None and now - self._began < WHOLE_SECONDS:
            verdict = audit.go_on()
        else:
            self._drop_audit()
            self._began, found.whole = now, True
            audit = self._audit = self._stack.enter_context(
                Audit(self._source, self._policy, self._pause, self._pauses_s, call=self._call)
            )
            verdict = audit.run()
        found.error = verdict.error
        judged = audit.checkpoint
        if judged is not None:
            # A whole audit asks for all heads. In between, the newest was compared with what is served already.
            size = find_contradicted(self._state.roots(), audit.tree) if found.whole else None
            kept = None if size is None else self._state.head_at(size)
            fork = None if kept is None else find_fork(kept, judged, audit.tree.content)
            if fork is not None:
                yield self._fork(fork)
                return
            self._keep(judged)
            self._state.keep_leaves(audit.tree)
            yield from self._hold_receipts(judged, audit.tree)
            for finding, former in hold_former(self._state, audit.tree, audit.fold.successions):
                entries = audit.entries((finding.index or 0) + 1)
                planned = plan_bad_succession(former.head.note, judged, audit.tree, entries)
                name = f"succession-{former.head.size}.evidence"
                yield Alarm(finding, None if planned is None else self._write(name, planned), lasting=True)
        written = 0
        for finding in verdict.failures:
            evidence = None
            if is_of_entries(finding) and judged is not None and written < MAX_EVIDENCE_A_ROUND:
                evidence = self._write_entries(finding, judged, audit)
                written += 1
            yield Alarm(finding, evidence)
        if verdict.failures.left_out:
            yield Alarm(Finding("MORE_FINDINGS", facts={"count": verdict.failures.left_out}))

    def _hold_receipts(self, judged: VerifiedCheckpoint, tree: Tree) -> Iterator[Alarm]:
        """Against the tree that was judged. One that is contained needs no watching: every later tree extends this."""
        contained = []
        for receipt in self._state.receipts():
            if receipt.size > tree.size:
                waited = self._clock() - receipt.seen
                if waited > RECEIPT_SECONDS:
                    sizes = {"size": receipt.size, "published": tree.size}
                    yield Alarm(Finding("RECEIPT_NOT_COVERED", facts={**sizes, "seconds": round(waited)}))
            elif tree.root_at(receipt.size) == receipt.root:
                contained.append(receipt)
            elif (fork := find_fork(receipt, judged, tree.content)) is not None:
                yield self._fork(fork)
        self._state.drop_receipts(contained)

    def _keep(self, checkpoint: VerifiedCheckpoint) -> None:
        head = KeptHead(checkpoint.size, checkpoint.root, checkpoint.note, int(self._clock()))
        self._state.keep_head(head)

    def _fork(self, fork: Fork) -> Alarm:
        proven = verify_fork(fork, [log.key for log in self._policy.logs])
        name = f"fork-{proven.first.size}-{proven.second.size}.evidence"
        return Alarm(fork_finding(proven), self._write(name, fork), lasting=True)

    def _write_entries(self, finding: Finding, judged: VerifiedCheckpoint, audit: Audit) -> str | None:
        count = (finding.index or 0) + 1
        evidence = plan_bad_entry(finding, judged, audit.tree, audit.entries(count)) if count <= judged.size else None
        return None if evidence is None else self._write(f"entry-{finding.index}-{finding.code}.evidence", evidence)

    def _write(self, name: str, evidence: Evidence) -> str:
        path = self._state.directory / name
        if not path.exists():
            write_file(path, encode_evidence(evidence))
        return name

    def _drop_audit(self) -> None:
        self._stack.close()
        self._audit = None
