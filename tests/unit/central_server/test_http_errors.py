"""The table of answers is complete, and every error of log and disk leads to an entry of it."""

from http import HTTPStatus

import msgspec
import pytest

from central_server.http_errors import (
    MAX_MESSAGE,
    RECORD_REFUSALS,
    REQUEST_REFUSALS,
    RequestError,
    encode_refusal,
    refusal_headers,
    request_error,
)
from ledger.errors import ConflictError, FormatError, RollbackError, SignatureError, TunukError
from ledger.store.durable import StorageError


def test_retry_goes_with_the_status() -> None:
    """Only what may change without the client is worth trying again; a proxy must be able to tell from the status."""
    for code, answer in REQUEST_REFUSALS.items():
        passing = answer.status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
        assert answer.retry == (answer.status >= 500 or passing), code
        assert answer.meaning and answer.meaning[0].islower()
    assert {answer.status for answer in RECORD_REFUSALS.values()} == {HTTPStatus.OK}
    assert not any(answer.retry for answer in RECORD_REFUSALS.values())
    assert not RECORD_REFUSALS.keys() & REQUEST_REFUSALS.keys()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FormatError("BAD_BATCH", "words"), "BAD_BATCH"),
        (FormatError("TOO_LARGE", "words"), "TOO_LARGE"),
        (FormatError("NOT_IN_THE_TABLE", "words"), "INTERNAL"),
        (StorageError("DISK_FULL", "words"), "STORAGE_FULL"),
        (StorageError("STORE_BUSY", "words"), "BUSY"),
        (StorageError("GUARD_MISSING", "words"), "STORAGE_FAILED"),
        (RollbackError("LOG_NOT_OF_GUARD", "words"), "LOG_STOPPED"),
        (SignatureError("BAD_SIGNATURE", "words"), "INTERNAL"),
        (ConflictError("NUMBER_NOT_NEXT", "words"), "INTERNAL"),
        (RequestError("BUSY", "words"), "BUSY"),
    ],
)
def test_every_error_leads_to_an_answer(error: TunukError, code: str) -> None:
    assert request_error(error).code == code


def test_a_refusal_is_bounded_json() -> None:
    error = RequestError("BUSY", "ж" * 2_000)
    document = msgspec.json.decode(encode_refusal(error))
    assert document == {"code": "BUSY", "message": "ж" * MAX_MESSAGE, "retry": True}
    assert refusal_headers(error) == {"Retry-After": "5"}
    assert refusal_headers(RequestError("BAD_BATCH", "")) == {}
    assert refusal_headers(RequestError("TOO_LARGE", "")) == {"Connection": "close"}
