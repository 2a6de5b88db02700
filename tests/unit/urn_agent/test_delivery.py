"""What to send, what answers mean, how long to wait."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.primitives import sha256
from ledger.proof import MAX_PROOF
from urn_agent.delivery import (
    MAX_BATCH,
    MAX_BODY,
    MAX_RETRY_AFTER_S,
    NEEDS_PEOPLE,
    OUTAGE,
    RECORDS_TYPE,
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
from urn_agent.report_records import ChainedRecord


def record(seq: int, size: int = 10) -> ChainedRecord:
    return ChainedRecord(seq, sha256(str(seq).encode()), bytes(size))


def answer(status: int, body: bytes, *, kind: str = RECORDS_TYPE, retry_after: str = "") -> RawAnswer:
    return RawAnswer(status, kind, retry_after, body)


def problem(status: int, code: str, *, retry: bool, retry_after: str = "") -> RawAnswer:
    body = msgspec.json.encode({"code": code, "message": "words", "retry": retry})
    return answer(status, body, kind="application/json", retry_after=retry_after)


def test_a_batch_is_the_chains_next_records() -> None:
    records = [record(seq) for seq in range(1, 80)]
    assert plan_batch(records, set(), MAX_BATCH) == records[:50]
    assert plan_batch(records, {1, 3}, 2) == [records[1], records[3]]


def test_deferred_records_go_when_there_are_no_others() -> None:
    records = [record(1), record(2)]
    assert plan_batch(records, {1, 2}, MAX_BATCH) == records


@given(st.lists(st.integers(100, 65_535), min_size=1, max_size=80))
def test_a_body_stays_within_the_bound(sizes: list[int]) -> None:
    batch = plan_batch([record(seq, size) for seq, size in enumerate(sizes)], set(), MAX_BATCH)
    assert 0 < len(batch) <= MAX_BATCH
    assert len(encode_batch(batch)) <= MAX_BODY
    assert msgspec.msgpack.decode(encode_batch(batch)) == [one.data for one in batch]


def test_a_batch_of_the_longest_records_fits() -> None:
    batch = plan_batch([record(seq, 65_535) for seq in range(MAX_BATCH)], set(), MAX_BATCH)
    assert MAX_BODY - 65_600 < len(encode_batch(batch)) <= MAX_BODY


def test_verdicts_are_read_in_order() -> None:
    body = msgspec.msgpack.encode([["receipt", 7, b"proof"], ["refused", "FOREIGN_RECORD", "no", False]])
    expected = (ReceiptVerdict(7, b"proof"), RefusalVerdict("FOREIGN_RECORD", "no", False))
    assert parse_answer(answer(200, body), 2) == Verdicts(expected)
    assert parse_answer(answer(200, body, kind="Application/MsgPack; charset=x"), 2) == Verdicts(expected)


GOOD = msgspec.msgpack.encode([["receipt", 7, b"proof"]])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (answer(200, GOOD + b"\x00"), "UPLINK_BAD_ANSWER"),
        (answer(200, GOOD, kind="text/html"), "UPLINK_BAD_ANSWER"),
        (answer(200, b"<html>"), "UPLINK_BAD_ANSWER"),
        (answer(200, b""), "UPLINK_BAD_ANSWER"),
        (answer(200, msgspec.msgpack.encode([])), "UPLINK_BAD_ANSWER"),
        (answer(200, msgspec.msgpack.encode([["receipt", -1, b""]])), "UPLINK_BAD_ANSWER"),
        (answer(200, msgspec.msgpack.encode([["receipt", 1, b"", 0]])), "UPLINK_BAD_ANSWER"),
        (answer(200, msgspec.msgpack.encode([["accepted", 1, b""]])), "UPLINK_BAD_ANSWER"),
        (answer(200, msgspec.msgpack.encode([["receipt", 1, bytes(MAX_PROOF + 1)]])), "UPLINK_BAD_ANSWER"),
        (answer(200, b"\x91" * 200_000), "UPLINK_BAD_ANSWER"),
        (answer(200, b"\x91\x93\xa7receipt\x07" + b"\x91" * 200_000), "UPLINK_BAD_ANSWER"),
        (answer(403, b'{"code":"X","message":"","retry":false,"more":' + b"[" * 200_000), "UPLINK_STATUS"),
        (answer(403, b"[" * 200_000), "UPLINK_STATUS"),
        (answer(204, b""), "UPLINK_STATUS"),
        (answer(404, b"<html>"), "UPLINK_STATUS"),
        (problem(401, "NO_CERTIFICATE", retry=False), "NO_CERTIFICATE"),
        (problem(403, "UNKNOWN_DEVICE", retry=False), "UNKNOWN_DEVICE"),
        (problem(413, "TOO_LARGE", retry=False), "TOO_LARGE"),
    ],
)
def test_what_people_must_mend_decides_about_no_record(raw: RawAnswer, code: str) -> None:
    """Nothing but a verdict ends a record's wait: the report outlives every wrong setting."""
    meaning = parse_answer(raw, 1)
    assert isinstance(meaning, Unanswered)
    assert (meaning.code, meaning.needs_people) == (code, True)


@pytest.mark.parametrize(
    ("raw", "retry_after_s"),
    [
        (problem(503, "BUSY", retry=True, retry_after="7"), 7),
        (problem(503, "STORAGE_FULL", retry=True), 0),
        (problem(503, "BUSY", retry=True, retry_after="-7"), 0),
        (problem(503, "BUSY", retry=True, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"), 0),
        (problem(503, "BUSY", retry=True, retry_after="9" * 5_000), MAX_RETRY_AFTER_S),
        (answer(502, b"<html>", kind="text/html"), 0),
        (answer(429, b"", retry_after="3"), 3),
    ],
)
def test_what_passes_is_waited_out(raw: RawAnswer, retry_after_s: int) -> None:
    meaning = parse_answer(raw, 1)
    assert isinstance(meaning, Unanswered)
    assert (meaning.needs_people, meaning.retry_after_s) == (False, retry_after_s)


def test_too_large_a_request_is_halved_until_one_record_is_left() -> None:
    limit, limits = MAX_BATCH, []
    for _ in range(7):
        limit = plan_limit(limit, Unanswered("TOO_LARGE", "", needs_people=True))
        limits.append(limit)
    assert limits == [25, 12, 6, 3, 1, 1, 1]
    assert plan_limit(1, Unanswered("BUSY", "", needs_people=False)) == MAX_BATCH


def test_pauses_grow_to_a_limit_and_spread() -> None:
    assert [plan_pause(OUTAGE, failures, 1.0) for failures in (1, 2, 3, 6, 1_000)] == [
        1_000,
        2_000,
        4_000,
        30_000,
        30_000,
    ]
    assert [plan_pause(OUTAGE, 2, jitter) for jitter in (0.0, 0.5, 1.0)] == [1_000, 1_500, 2_000]
    assert plan_pause(OUTAGE, 1, 0.0, retry_after_s=9) == 9_000
    assert plan_pause(NEEDS_PEOPLE, 1, 0.0) > plan_pause(OUTAGE, 1, 1.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Fri, 15 Jan 2027 08:00:00 GMT", 1_800_000_000),
        ("", None),
        ("yesterday", None),
        ("Fri, 99 Jan 2027 08:00:00 GMT", None),
        ("Fri, 15 Jan 99999999999999999 08:00:00 GMT", None),
        ("Fri, 15 Jan 2027 08:00:00 GMT" + " " * 40, None),
    ],
)
def test_a_date_is_read_or_passed_over(text: str, seconds: int | None) -> None:
    assert parse_date(text) == seconds
