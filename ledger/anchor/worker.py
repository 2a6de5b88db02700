"""The anchor worker: follows the published log and keeps the contract's head near it.

Responsible for the order of things: first every anchor that the chain holds is written down as a claim, then the newest
published head is proven, signed and sent. Every step reads the contract's state anew, so that a restart, a lost answer
or somebody else's anchor needs no other path. A failure delays anchors and nothing else; it is shown in the status.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ledger.anchor.anchor_key import AnchorSigner
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.evm_transactions import TransactionState
from ledger.anchor.node_answers import NodeReceipt
from ledger.anchor.primitives import ChainHash
from ledger.anchor.schedule import AnchorPace, Wait, plan_anchor, plan_pending, plan_retry
from ledger.anchor.statement import AnchorDomain, AnchorSignature
from ledger.errors import ConflictError, RollbackError, TunukError
from ledger.merkle import verify_consistency
from ledger.primitives import Hash
from ledger.store.contract import TreeHead


class PublishedLog(Protocol):
    """The log as it is published. Called from the worker's thread; may raise TunukError or OSError."""

    def newest_head(self) -> TreeHead | None:
        """The newest published checkpoint: only such heads, which the guard has passed, are ever anchored."""
        ...

    def consistency_proof(self, old_size: int, new_size: int) -> Sequence[Hash]: ...

    def root_at(self, size: int) -> Hash:
        """Of a size up to the newest head's."""
        ...


class Anchors(Protocol):
    """The contract as the worker uses it; AnchorContract is one."""

    @property
    def domain(self) -> AnchorDomain: ...

    def block_number(self) -> int: ...

    def head(self) -> TreeHead | None: ...

    def holds(self, claim: AnchorClaim) -> bool: ...

    def claims_after(self, known: AnchorClaim | None, block: int) -> list[AnchorClaim]: ...

    def submit(self, head: TreeHead, proof: Sequence[Hash], signature: AnchorSignature) -> ChainHash: ...

    def transaction_state(self, transaction_hash: ChainHash) -> NodeReceipt | TransactionState: ...


@dataclass(frozen=True, slots=True)
class AnchorStatus:
    """For metrics and alarms. ``failures`` counts failed steps in a row, ``problem`` is the last one's code."""

    published: TreeHead | None = None
    anchored: TreeHead | None = None
    claimed: TreeHead | None = None
    failures: int = 0
    problem: str | None = None
    message: str | None = None

    @property
    def lag(self) -> int:
        """Published entries that no anchor covers yet."""
        covered = 0 if self.anchored is None else self.anchored.size
        return 0 if self.published is None else max(0, self.published.size - covered)


@dataclass(frozen=True, slots=True)
class _Pending:
    transaction_hash: ChainHash
    sent_at: float


class AnchorWorker:
    """One worker for one contract; step() and run() belong to one thread, ``status`` may be read from any.

    ``open_anchors`` connects, and deploys where need be; it is asked again until it succeeds. ``last_claim`` is the
    newest claim on record. ``write_claim`` must be durable when it returns and may be called again with the same claim
    after a crash; ``replace_claims`` puts other claims in the place of all, where the chain has left a block. Claims
    are written in order, without gaps, for blocks at least ``confirmations`` below the last one (0 where blocks are
    final at once). ``clock`` is monotonic, in seconds.
    """

    def __init__(
        self,
        *,
        open_anchors: Callable[[], Anchors],
        log: PublishedLog,
        signer: AnchorSigner,
        last_claim: AnchorClaim | None,
        write_claim: Callable[[AnchorClaim], None],
        replace_claims: Callable[[Sequence[AnchorClaim]], None],
        pace: AnchorPace,
        confirmations: int,
        clock: Callable[[], float],
    ) -> None:
        self._open_anchors = open_anchors
        self._log = log
        self._signer = signer
        self._last_claim = last_claim
        self._write_claim = write_claim
        self._replace_claims = replace_claims
        self._pace = pace
        self._confirmations = confirmations
        self._clock = clock
        self._anchors: Anchors | None = None
        self._pending: _Pending | None = None
        self._sent_at: float | None = None
        self.status = AnchorStatus(claimed=None if last_claim is None else last_claim.head)

    def run(self, stop: threading.Event) -> None:
        """Follow the log until ``stop`` is set."""
        while not stop.is_set():
            stop.wait(self.step())

    def step(self) -> float:
        """Do what can be done now; the seconds until the next step. Failures end up in the status, not here."""
        try:
            seconds = self._follow()
        except (TunukError, OSError) as error:
            # Whatever answers after this is checked against the pins again.
            self._anchors = None
            failures = self.status.failures + 1
            code = error.code if isinstance(error, TunukError) else "IO_FAILED"
            self.status = replace(self.status, failures=failures, problem=code, message=str(error)[:500])
            return plan_retry(failures)
        self.status = replace(self.status, failures=0, problem=None, message=None)
        return seconds

    def _follow(self) -> float:
        if self._anchors is None:
            self._anchors = self._open_anchors()
        self._write_claims(self._anchors)
        waiting = self._look_after_pending(self._anchors)
        if waiting is not None:
            return waiting.seconds
        anchored, newest = self._anchors.head(), self._log.newest_head()
        self.status = replace(self.status, anchored=anchored, published=newest)
        _require_same_log(anchored, newest)
        plan = plan_anchor(self._pace, anchored=anchored, newest=newest, sent_at=self._sent_at, now=self._clock())
        if isinstance(plan, Wait):
            return plan.seconds
        self._send(self._anchors, anchored, plan.head)
        return self._pace.poll

    def _write_claims(self, anchors: Anchors) -> None:
        """Write down every anchor that is on the chain and not on record, whoever submitted it."""
        block = anchors.block_number() - self._confirmations
        if block < (0 if self._last_claim is None else self._last_claim.block_number):
            # A node that is behind knows nothing of the last claim's block, and takes nothing back.
            return
        if self._last_claim is not None and not anchors.holds(self._last_claim):
            # Not on a chain whose blocks are final. What stands of the record is found anew, from the first on.
            self._replace(anchors.claims_after(None, block))
        for claim in anchors.claims_after(self._last_claim, block):
            # What somebody else made of a stolen key is none of ours, and is not published as if it were.
            self._require_ours(claim.head)
            self._write_claim(claim)
            self._last_claim = claim
            self.status = replace(self.status, claimed=claim.head)

    def _require_ours(self, anchored: TreeHead) -> None:
        newest = self._log.newest_head()
        if newest is None or newest.size < anchored.size:
            raise _ahead(anchored)
        if self._log.root_at(anchored.size) != anchored.root:
            raise _fork(anchored)

    def _replace(self, claims: Sequence[AnchorClaim]) -> None:
        self._replace_claims(claims)
        self._last_claim = claims[-1] if claims else None
        self.status = replace(self.status, claimed=None if self._last_claim is None else self._last_claim.head)

    def _look_after_pending(self, anchors: Anchors) -> Wait | None:
        if self._pending is None:
            return None
        state = anchors.transaction_state(self._pending.transaction_hash)
        if isinstance(state, TransactionState):
            dropped = state is TransactionState.UNKNOWN
            waiting = plan_pending(self._pace, dropped=dropped, sent_at=self._pending.sent_at, now=self._clock())
            if waiting is not None:
                return waiting
            # Lost, or held for too long by a node that may have lost touch with the others: ask another one.
            self._anchors, self._pending = None, None
            return Wait(0.0)
        # In a block. What came of it, the contract's head tells.
        self._pending = None
        return None

    def _send(self, anchors: Anchors, anchored: TreeHead | None, head: TreeHead) -> None:
        proof: Sequence[Hash] = ()
        if anchored is not None:
            proof = self._log.consistency_proof(anchored.size, head.size)
            # The contract would refuse it; here it also tells that its last root is none of this log's.
            verify_consistency(anchored.size, anchored.root, head.size, head.root, proof)
        signature = self._signer.sign_anchor(anchors.domain, head)
        transaction_hash = anchors.submit(head, proof, signature)
        self._sent_at = self._clock()
        self._pending = _Pending(transaction_hash, self._sent_at)


def _require_same_log(anchored: TreeHead | None, newest: TreeHead | None) -> None:
    """Raises RollbackError(``ANCHOR_AHEAD``) and ConflictError(``ANCHOR_FORK``): both mean a second history."""
    if anchored is None:
        return
    if newest is None or newest.size < anchored.size:
        raise _ahead(anchored)
    if newest.size == anchored.size and newest.root != anchored.root:
        raise _fork(anchored)


def _ahead(anchored: TreeHead) -> RollbackError:
    return RollbackError("ANCHOR_AHEAD", f"size {anchored.size} is anchored, but the published log is smaller")


def _fork(anchored: TreeHead) -> ConflictError:
    return ConflictError("ANCHOR_FORK", f"the root anchored for size {anchored.size} is not the published one")
