"""What to send to the server next, what its answers mean, and how long to wait: decided here, done in ``courier``.

Pure: bytes and numbers in, values out. The rules:
- Only a verdict on a record decides about that record: a receipt (which the caller verifies) or a refusal. A receipt is
  signed and ends the matter. A refusal is not, so that it ends the hurry only: the record is offered again, seldom.
- An answer to the whole request, whatever it says, decides about none: every record stays pending and is sent again.
  So a wrong setting at the server, or a certificate not yet known to it, costs time and never a report.
- The pause grows with each failure, is longer where only people can help, and is never shorter than ``Retry-After``.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from ledger import canonical
from ledger.canonical import Count
from ledger.errors import FormatError
from ledger.proof import MAX_PROOF
from urn_agent.report_records import ChainedRecord

RECORDS_TYPE = "application/msgpack"
MAX_BATCH = 50
"""Records in a request: a receipt is about 3 KB, so that an answer stays near 150 KB on a poor line."""

MAX_BODY = 1_048_576
"""Bytes in a request: what the server takes."""

_HEAD = 5
"""Bytes that MessagePack puts before an array or byte string at most."""

MAX_RETRY_AFTER_S = 900
"""A longer pause than this is not obeyed: the night is short."""


class ReceiptVerdict(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="receipt"):
    """The record is in the log, says the server; ``proof`` is a tlog-proof."""

    index: Count
    proof: Annotated[bytes, Meta(max_length=MAX_PROOF)]


class RefusalVerdict(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="refused"):
    """The record was not taken; with ``retry`` the same bytes may be taken later."""

    code: Annotated[str, Meta(max_length=64)]
    words: Annotated[str, Meta(max_length=500)]
    retry: bool


class _Problem(msgspec.Struct, frozen=True):
    """The body of an answer that refuses the whole request."""

    code: Annotated[str, Meta(max_length=64)]
    message: Annotated[str, Meta(max_length=500)]
    retry: bool


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An HTTP answer, cut off from the library that received it. ``retry_after`` and ``date`` are headers' texts."""

    status: int
    content_type: str
    retry_after: str
    body: bytes
    date: str = ""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One verdict for each record, in the order in which they were sent."""

    verdicts: tuple[ReceiptVerdict | RefusalVerdict, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nothing was decided about any record. ``needs_people``: waiting alone will not mend it."""

    code: str
    words: str
    needs_people: bool
    retry_after_s: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """Milliseconds between attempts: doubled after each failure, from ``first_ms`` to ``limit_ms``."""

    first_ms: int
    limit_ms: int


NEEDING_PEOPLE = frozenset(
    {
        "UPLINK_ADDRESS",
        "UPLINK_ANSWER_TOO_LONG",
        "UPLINK_BAD_ANSWER",
        "UPLINK_CERTIFICATE_REFUSED",
        "UPLINK_SERVER_NOT_TRUSTED",
        "UPLINK_SETTINGS",
    }
)
"""The agent's own codes that waiting alone will not mend. It goes on trying all the same, and says so."""

OUTAGE = Pace(1_000, 30_000)
NEEDS_PEOPLE = Pace(5_000, 120_000)
REFUSED = Pace(300_000, 3_600_000)
"""For records that were refused: after some minutes, then less and less often. `urn-agent resend` does not wait."""


def plan_batch(pending: Sequence[ChainedRecord], deferred: Collection[int], limit: int) -> list[ChainedRecord]:
    """The records to send next, in the chain's order; those in ``deferred`` (by seq) only where there are no others.

    At most ``limit`` records and MAX_BODY bytes. A record that waits for something never holds up the rest.
    """
    candidates = [record for record in pending if record.seq not in deferred] or list(pending)
    batch: list[ChainedRecord] = []
    size = _HEAD
    for record in candidates[:limit]:
        size += _HEAD + len(record.data)
        if size > MAX_BODY:
            break
        batch.append(record)
    return batch


def encode_batch(batch: Sequence[ChainedRecord]) -> bytes:
    """The request's body: a MessagePack array of byte strings."""
    return canonical.encode([record.data for record in batch])


def parse_answer(answer: RawAnswer, count: int) -> Verdicts | Unanswered:
    """What the answer to a request with ``count`` records means. Never raises: a bad answer decides nothing."""
    if answer.status != 200:
        return _parse_problem(answer)
    try:
        if answer.content_type.partition(";")[0].strip().lower() != RECORDS_TYPE:
            raise FormatError("UPLINK_BAD_ANSWER", f"the answer is {answer.content_type[:80]!r}, not {RECORDS_TYPE}")
        verdicts = msgspec.msgpack.decode(answer.body, type=tuple[ReceiptVerdict | RefusalVerdict, ...])
        if len(verdicts) != count:
            raise FormatError("UPLINK_BAD_ANSWER", f"{len(verdicts)} verdicts for {count} records")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, FormatError) as error:
        code = "UPLINK_BAD_ANSWER"
        return Unanswered(code, f"the server's answer cannot be used: {error}", code in NEEDING_PEOPLE)
    return Verdicts(verdicts)


def parse_date(text: str) -> int | None:
    """Unix seconds of a ``Date`` header (RFC 9110, 5.6.7); None where there is none that can be read."""
    try:
        return int(parsedate_to_datetime(text).timestamp()) if len(text) <= 40 else None
    except (ValueError, OverflowError):
        return None


def _parse_problem(answer: RawAnswer) -> Unanswered:
    retry_after_s = 0
    if answer.retry_after.isascii() and answer.retry_after.isdigit():
        retry_after_s = min(int(answer.retry_after[:9]), MAX_RETRY_AFTER_S)
    try:
        problem = msgspec.json.decode(answer.body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A proxy's page, or another program behind this address.
        is_passing = answer.status in (429, 502, 503, 504)
        words = f"the server answered with status {answer.status} and no code"
        return Unanswered("UPLINK_STATUS", words, not is_passing, retry_after_s)
    return Unanswered(problem.code, problem.message, not problem.retry, retry_after_s)


def plan_limit(limit: int, answer: Verdicts | Unanswered) -> int:
    """How many records the next request may have: half after TOO_LARGE, otherwise as many as fit."""
    if isinstance(answer, Unanswered) and answer.code == "TOO_LARGE":
        return max(1, limit // 2)
    return MAX_BATCH


def plan_pause(pace: Pace, failures: int, jitter: float, retry_after_s: int = 0) -> int:
    """Milliseconds to wait after ``failures`` (1…) in a row; ``jitter`` from 0 to 1 spreads the agents of a country.

    Between half and all of the doubled pause, so that a server that comes back is not met by all at the same moment.
    """
    pause = min(pace.first_ms << min(failures - 1, 20), pace.limit_ms)
    return max(int(pause * (0.5 + jitter / 2)), retry_after_s * 1_000)
