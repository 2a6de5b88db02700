"""All witnesses of a policy, asked at once for every head before it is published: no quorum, no publication.

Responsible for who is asked when, and for the quorum. A witness that does not answer holds up nobody else: once the
quorum is there, the others have a moment more, and whoever failed is left alone for a while. The log's own second
signature (ML-DSA-44) is added here as well: it asks nobody.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Self

from central_server.witness_client import TOTAL_SECONDS, Cosigner, NewHead, WitnessError
from ledger.checkpoint import parse_checkpoint, verify_checkpoint
from ledger.errors import TunukError
from ledger.note import NoteSignature, NoteSigner, encode_note, parse_note, sign_text
from ledger.policy import Policy
from ledger.primitives import Hash

GRACE_SECONDS = 0.3
"""For witnesses beyond the quorum: their signatures are welcome, but nobody waits long for them."""
FIRST_BACKOFF, LAST_BACKOFF = 1.0, 30.0


class QuorumError(TunukError):
    """``WITNESS_QUORUM``: too few witnesses have cosigned, so that the head must not be published yet."""


@dataclass(slots=True)
class _Asked:
    """A witness, and what is known of it. ``problem``: code of its last failure."""

    cosigner: Cosigner
    url: str
    pending: "Future[tuple[NoteSignature, ...]] | None" = None
    failures: int = 0
    not_before: float = 0.0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class WitnessCounts:
    """Of the last head: witnesses asked, and those whose signatures it carries."""

    asked: int = 0
    cosigned: int = 0


@dataclass(slots=True)
class _Gathered:
    signatures: list[NoteSignature] = field(default_factory=list)
    cosigned: int = 0


class Witnesses:
    """A context manager: it holds threads, one for each witness. ``cosign`` is for one thread at a time."""

    def __init__(
        self,
        policy: Policy,
        cosigners: Sequence[tuple[str, Cosigner]],
        own: Sequence[NoteSigner],
        monotonic: Callable[[], float],
        report: Callable[[str, TunukError], None],
    ) -> None:
        """``cosigners`` by address; ``own``: the log's further keys; ``report`` is told of each witness that fails."""
        self._policy, self._own = policy, tuple(own)
        self._monotonic, self._report = monotonic, report
        self._asked = [_Asked(cosigner, url) for url, cosigner in cosigners]
        self._pool = ThreadPoolExecutor(max(1, len(self._asked)), thread_name_prefix="witness")
        self._counts = WitnessCounts()
        self.problem: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Each ends within its own bounds; what it brings then is for nobody.
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def size(self) -> int:
        """Witnesses that are asked at all."""
        return len(self._asked)

    @property
    def counts(self) -> WitnessCounts:
        return self._counts

    def cosign(self, data: bytes, prove: Callable[[int], Sequence[Hash]]) -> bytes:
        """The checkpoint with all signatures that came in time. Raises QuorumError."""
        note = parse_note(data)
        lines = [*note.signatures, *(sign_text(note.text, signer) for signer in self._own)]
        size = parse_checkpoint(note.text).size
        gathered = _Gathered(lines)
        started = self._start(NewHead(note, encode_note(note.text, lines), size, prove))
        deadline, met = self._monotonic() + TOTAL_SECONDS, self._is_met(note.text, lines)
        if met:
            deadline = self._monotonic() + GRACE_SECONDS
        waiting = {one.pending: one for one in started if one.pending is not None}
        while waiting and (left := deadline - self._monotonic()) > 0:
            done, _ = wait(waiting, timeout=left, return_when=FIRST_COMPLETED)
            for future in done:
                self._take(waiting.pop(future), future, gathered)
            if not met and self._is_met(note.text, gathered.signatures):
                met, deadline = True, self._monotonic() + GRACE_SECONDS
        self._counts = WitnessCounts(len(started), gathered.cosigned)
        self.problem = None if met else "WITNESS_QUORUM"
        if not met:
            codes = ", ".join(sorted({one.problem or "WITNESS_SLOW" for one in self._asked}))
            raise QuorumError(
                "WITNESS_QUORUM",
                f"{gathered.cosigned} of {len(self._asked)} witnesses have cosigned the head of size {size}: not the "
                f"policy's quorum, so that it is not published; records are taken as before ({codes})",
            )
        return encode_note(note.text, gathered.signatures)

    def _start(self, head: NewHead) -> list[_Asked]:
        now = self._monotonic()
        started = []
        for one in self._asked:
            if one.pending is not None and one.pending.done():
                self._settle(one, one.pending)
            if one.pending is None and now >= one.not_before:
                one.pending = self._pool.submit(one.cosigner.cosign, head)
                started.append(one)
        return started

    def _take(self, one: _Asked, future: "Future[tuple[NoteSignature, ...]]", gathered: _Gathered) -> None:
        signatures = self._settle(one, future)
        gathered.signatures += signatures
        gathered.cosigned += bool(signatures)

    def _settle(self, one: _Asked, future: "Future[tuple[NoteSignature, ...]]") -> tuple[NoteSignature, ...]:
        """What a request that has ended brought, and what follows for the next one."""
        one.pending = None
        try:
            signatures = future.result()
        except TunukError as error:
            one.failures += 1
            asked_for = error.retry_after if isinstance(error, WitnessError) else 0.0
            pause = min(LAST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(one.failures - 1, 10))
            one.not_before = self._monotonic() + max(asked_for, pause)
            one.problem = error.code
            self._report("witnesses", error)
            return ()
        one.failures, one.not_before, one.problem = 0, 0.0, None
        return signatures

    def accepts(self, data: bytes) -> bool:
        """Whether a checkpoint of this log has the quorum. Raises FormatError, SignatureError, UnjudgeableError."""
        note = parse_note(data)
        return self._is_met(note.text, note.signatures)

    def _is_met(self, text: bytes, lines: Iterable[NoteSignature]) -> bool:
        witnesses = [witness.key for witness in self._policy.witnesses]
        logs = [log.key for log in self._policy.logs]
        checkpoint = verify_checkpoint(encode_note(text, list(lines)), logs, witnesses)
        return self._policy.accepts({line.key for line in checkpoint.signatures})
