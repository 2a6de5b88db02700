"""Takes records from the outbox to the server and the server's receipts back, one step at a time.

Holds what lasts from one step to the next: how often it failed, what it put off, when to go again. A receipt is kept
only after it was verified against the pinned policy; one that is not valid leaves the record pending. What the server
refused is offered again when nothing else waits: at the start, and then seldom. It has no thread and no clock of its
own, so that a test, a simulator and the agent's thread drive the same code.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ledger.errors import TunukError
from urn_agent.delivery import (
    MAX_BATCH,
    NEEDS_PEOPLE,
    OUTAGE,
    REFUSED,
    RawAnswer,
    ReceiptVerdict,
    RefusalVerdict,
    Unanswered,
    Verdicts,
    encode_batch,
    parse_answer,
    parse_date,
    plan_batch,
    plan_limit,
    plan_pause,
)
from urn_agent.outbox import Outbox, Receipt, Refusal
from urn_agent.outbox_file import OutboxError
from urn_agent.report_records import ChainedRecord
from urn_agent.uplink import UplinkError

IDLE_MS = 60_000
"""How often an idle courier looks into the outbox although nobody woke it: another process may have stored a report."""


class Sender(Protocol):
    """Carries a request's body to the server. Raises UplinkError when no answer came."""

    def send_records(self, body: bytes) -> RawAnswer: ...


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the last step did not bring everything through."""

    code: str
    words: str
    needs_people: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: records concluded either way, what is in the way, and when to step again.

    ``server_time_s`` is Unix time by the server's clock, where an answer told it.
    """

    receipted: int
    refused: tuple[Refusal, ...]
    trouble: Trouble | None
    due_ms: int
    server_time_s: int | None = None


class Courier:
    """``prove(proof, entry)`` verifies a receipt and gives the entry's index in the log; it raises TunukError.

    ``draw`` gives a random number from 0 to 1. Use it in the thread that opened ``outbox`` and ``sender``.
    """

    def __init__(
        self, outbox: Outbox, sender: Sender, prove: Callable[[bytes, bytes], int], draw: Callable[[], float]
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._prove = prove
        self._draw = draw
        self._limit = MAX_BATCH
        self._failures = 0
        self._deferred: set[int] = set()
        self._refused_rounds = 0
        self._refused_after = 0
        self._refused_due_ms: int | None = None
        self._server_time_s: int | None = None

    def step(self, now_ms: int) -> Step:
        """Send one batch, if there is something to send, and keep what became of it. Never raises TunukError."""
        self._server_time_s = None
        try:
            pending = self._outbox.pending(MAX_BATCH + len(self._deferred))
            batch = plan_batch(pending, self._deferred, self._limit) if pending else self._plan_refused(now_ms)
            if not batch:
                self._failures = 0
                return Step(0, (), None, now_ms + IDLE_MS)
            answer = self._send(batch)
            self._limit = plan_limit(self._limit, answer)
            if isinstance(answer, Unanswered):
                trouble = Trouble(answer.code, answer.words, answer.needs_people)
                return self._fail(trouble, now_ms, answer.retry_after_s)
            step = self._conclude(batch, answer, now_ms)
            if pending and step.refused:
                self._refused_rounds = self._refused_after = 0
                self._put_refused_off(now_ms)
            return step
        except OutboxError as error:
            return self._fail(Trouble(error.code, error.message, True), now_ms)

    def _plan_refused(self, now_ms: int) -> list[ChainedRecord]:
        """The next of the refused records, if it is time; after the last of them a pause begins."""
        if self._refused_due_ms is not None and now_ms < self._refused_due_ms:
            return []
        batch = plan_batch(self._outbox.refused(self._refused_after, MAX_BATCH), (), self._limit)
        self._refused_after = batch[-1].seq if batch else 0
        if not batch:
            self._put_refused_off(now_ms)
        return batch

    def _put_refused_off(self, now_ms: int) -> None:
        self._refused_rounds += 1
        self._refused_due_ms = now_ms + plan_pause(REFUSED, self._refused_rounds, self._draw())

    def _send(self, batch: list[ChainedRecord]) -> Verdicts | Unanswered:
        try:
            answer = self._sender.send_records(encode_batch(batch))
        except UplinkError as error:
            return Unanswered(error.code, error.message, error.needs_people)
        self._server_time_s = parse_date(answer.date)
        return parse_answer(answer, len(batch))

    def _conclude(self, batch: list[ChainedRecord], answer: Verdicts, now_ms: int) -> Step:
        outcomes: list[Receipt | Refusal] = []
        trouble: Trouble | None = None
        for record, verdict in zip(batch, answer.verdicts, strict=True):
            outcome = self._judge(record, verdict)
            if isinstance(outcome, Trouble):
                self._deferred.add(record.seq)
                trouble = outcome
            else:
                self._deferred.discard(record.seq)
                outcomes.append(outcome)
        self._outbox.conclude(outcomes)
        if not outcomes and trouble is not None:
            return self._fail(trouble, now_ms)
        self._failures = 0
        refused = tuple(outcome for outcome in outcomes if isinstance(outcome, Refusal))
        return Step(len(outcomes) - len(refused), refused, trouble, now_ms, self._server_time_s)

    def _judge(self, record: ChainedRecord, verdict: ReceiptVerdict | RefusalVerdict) -> Receipt | Refusal | Trouble:
        if isinstance(verdict, RefusalVerdict):
            if verdict.retry:
                return Trouble(verdict.code, verdict.words, needs_people=False)
            return Refusal(record.seq, verdict.code, verdict.words)
        try:
            index = self._prove(verdict.proof, record.data)
        except TunukError as error:
            # Too few witnesses so far is a matter of time; every other reason is a wrong server or a wrong policy.
            words = f"the receipt for record {record.seq} does not hold: {error.message}"
            return Trouble("RECEIPT_NOT_VALID", words, needs_people=error.code != "QUORUM_NOT_MET")
        return Receipt(record.seq, index, verdict.proof)

    def _fail(self, trouble: Trouble, now_ms: int, retry_after_s: int = 0) -> Step:
        self._failures += 1
        pace = NEEDS_PEOPLE if trouble.needs_people else OUTAGE
        pause_ms = plan_pause(pace, self._failures, self._draw(), retry_after_s)
        return Step(0, (), trouble, now_ms + pause_ms, self._server_time_s)
