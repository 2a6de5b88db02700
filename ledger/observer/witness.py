"""A witness (C2SP tlog-witness): it cosigns a log's head once it has seen that this extends the last one it cosigned.

Responsible for the answer to one request. The rules, in the order in which they are asked, each with its status:

1. The request can be read (400), its checkpoint is of a log that is known here (404) and signed by it (403).
2. The old size is at most the checkpoint's (400), and the size that this witness cosigned last (409, with that size).
3. The checkpoint extends the last one: the same root at the same size, or a consistency proof (422).
4. The log has not asked too often (429).

Then the head is stored, durably and only if nothing newer has been stored since rule 2; the answer comes after that.
Two heads of one size that the log signed are evidence of a fork, and are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.checkpoint import VerifiedCheckpoint, parse_checkpoint, verify_checkpoint
from ledger.errors import ConsistencyError, FormatError, SignatureError, UnjudgeableError
from ledger.evidence import encode_evidence, make_fork
from ledger.merkle import EMPTY_ROOT, verify_consistency
from ledger.note import NoteSigner, encode_signatures, parse_note, sign_text
from ledger.observer.rate_limit import RateLimit
from ledger.primitives import Hash
from ledger.vkey import NoteKey
from ledger.witness_protocol import SIZE_TYPE, AddCheckpoint, encode_size, parse_request

PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class SeenHead:
    """The last head of a log that was cosigned here, and the note that it came in; none yet: size 0, no note."""

    size: int
    root: Hash
    note: bytes


NOTHING_SEEN = SeenHead(0, EMPTY_ROOT, b"")


class HeadStore(Protocol):
    """What a witness remembers. Both methods may raise StorageError."""

    def read(self, origin: str) -> SeenHead: ...

    def advance(self, origin: str, before: SeenHead, after: SeenHead) -> bool:
        """Put ``after`` in the place of ``before``, durable when this returns; False, and no change, if that is gone.

        One step, whatever other threads and processes do.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends, and the code that its own log shows."""

    status: int
    code: str
    body: bytes
    content_type: str = PLAIN


class Witness:
    """Safe for many threads, as its store and limit are."""

    def __init__(
        self,
        logs: Sequence[NoteKey],
        signers: Sequence[NoteSigner],
        store: HeadStore,
        limit: RateLimit,
        keep_evidence: Callable[[bytes], None],
    ) -> None:
        self._keys: dict[str, list[NoteKey]] = {}
        for key in logs:
            self._keys.setdefault(key.name, []).append(key)
        self._signers = tuple(signers)
        self._store = store
        self._limit = limit
        self._keep_evidence = keep_evidence

    def add_checkpoint(self, body: bytes) -> Answer:
        """Raises StorageError; nothing was answered then, and asking again is safe."""
        try:
            request = parse_request(body)
            note = parse_note(request.note)
            claimed = parse_checkpoint(note.text)
        except FormatError as error:
            return _refuse(400, error.code, error.message)
        keys = self._keys.get(claimed.origin)
        if keys is None:
            return _refuse(404, "UNKNOWN_LOG", f"this witness does not know the log {claimed.origin}")
        try:
            checkpoint = verify_checkpoint(request.note, keys)
        except (SignatureError, UnjudgeableError) as error:
            return _refuse(403, error.code, error.message)
        if claimed.extensions:
            return _refuse(403, "EXTENSION_LINES", "this witness cosigns no lines that it does not understand")
        if request.old_size > checkpoint.size:
            return _refuse(400, "OLD_SIZE_TOO_LARGE", f"{request.old_size} is more than {checkpoint.size}")
        return self._extend(checkpoint, request, note.text)

    def _extend(self, checkpoint: VerifiedCheckpoint, request: AddCheckpoint, text: bytes) -> Answer:
        seen = self._store.read(checkpoint.origin)
        if request.old_size != seen.size:
            return _conflict(seen.size)
        if seen.size == checkpoint.size != 0 and seen.root != checkpoint.root:
            # Signed twice by the log itself: nobody else could have sent this.
            self._keep_evidence(encode_evidence(make_fork(seen.note, checkpoint.note, checkpoint.root, ())))
            return _refuse(422, "FORK", f"the log has signed another head of size {seen.size}")
        try:
            verify_consistency(seen.size, seen.root, checkpoint.size, checkpoint.root, request.proof)
        except ConsistencyError as error:
            return _refuse(422, error.code, error.message)
        if not self._limit.allows(checkpoint.origin):
            return _refuse(429, "TOO_MANY_REQUESTS", "this log asks too often; try again in a second")
        after = SeenHead(checkpoint.size, checkpoint.root, checkpoint.note)
        if seen.size < checkpoint.size and not self._store.advance(checkpoint.origin, seen, after):
            return _conflict(self._store.read(checkpoint.origin).size)
        lines = [sign_text(text, signer) for signer in self._signers]
        return Answer(200, "COSIGNED", encode_signatures(lines))


def _conflict(size: int) -> Answer:
    return Answer(409, "OLD_SIZE_NOT_LAST", encode_size(size), SIZE_TYPE)


def _refuse(status: int, code: str, words: str) -> Answer:
    return Answer(status, code, f"{code}: {words}\n".encode())
