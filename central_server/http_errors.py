"""The one table of what the server answers when it does not accept: code, HTTP status, and whether to try again.

Documentation and tests read this table, and agents act on what is made from it. ``retry`` true says that the same
request may succeed later, unchanged. Messages are for people; programs go by code and ``retry``.
"""

from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from ledger.errors import FormatError, RollbackError, TunukError
from ledger.store.durable import StorageError

RETRY_AFTER_SECONDS = 5
"""How long a client is asked to wait where it may try again."""

MAX_MESSAGE = 500
"""Characters of a message: agents keep what they are told, and bound it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a refusal is told. ``meaning`` is for the documentation."""

    status: HTTPStatus
    retry: bool
    meaning: str


class RequestError(TunukError):
    """A whole request is refused: nothing of it was logged, unless ``retry`` says that it may have been.

    ``code`` is a key of REQUEST_REFUSALS or RULING_REFUSALS.
    """

    @property
    def answer(self) -> Answer:
        return REQUEST_REFUSALS.get(self.code) or RULING_REFUSALS[self.code]


REQUEST_REFUSALS: dict[str, Answer] = {
    "BAD_BATCH": Answer(HTTPStatus.BAD_REQUEST, False, "the body is not an array of 1 to 100 records"),
    "BAD_REQUEST": Answer(HTTPStatus.BAD_REQUEST, False, "the request is not one that this address takes"),
    "UNEXPECTED_BODY": Answer(HTTPStatus.BAD_REQUEST, False, "a request by GET or HEAD has no body"),
    "NO_CERTIFICATE": Answer(HTTPStatus.UNAUTHORIZED, False, "the client presented no certificate"),
    "UNKNOWN_DEVICE": Answer(HTTPStatus.FORBIDDEN, False, "the certificate's key is not that of a device in the log"),
    "NOT_FOUND": Answer(HTTPStatus.NOT_FOUND, False, "nothing is served at this address"),
    "NO_RECEIPT": Answer(HTTPStatus.NOT_FOUND, False, "the log has no entry of this leaf hash: send the record"),
    "WRONG_METHOD": Answer(HTTPStatus.METHOD_NOT_ALLOWED, False, "this address takes another method"),
    "TOO_SLOW": Answer(HTTPStatus.REQUEST_TIMEOUT, True, "the request did not arrive in time"),
    "TOO_LARGE": Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, False, "the body is over 1 MiB: send fewer records"),
    "WRONG_TYPE": Answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, False, "the content type is not application/msgpack"),
    "TOO_MANY_REPEATS": Answer(HTTPStatus.TOO_MANY_REQUESTS, True, "the device sends what is logged over and over"),
    "HEAD_TOO_LONG": Answer(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, False, "the request's line and headers are over 32 KiB"
    ),
    "INTERNAL": Answer(HTTPStatus.INTERNAL_SERVER_ERROR, True, "a fault of the server; its operator's log says which"),
    "BUSY": Answer(HTTPStatus.SERVICE_UNAVAILABLE, True, "more is waiting than the server takes on at once"),
    "STOPPING": Answer(HTTPStatus.SERVICE_UNAVAILABLE, True, "the server is being stopped"),
    "STORAGE_FULL": Answer(HTTPStatus.SERVICE_UNAVAILABLE, True, "the server's disk is full"),
    "STORAGE_FAILED": Answer(HTTPStatus.SERVICE_UNAVAILABLE, True, "the server's disk or database failed"),
    "LOG_STOPPED": Answer(HTTPStatus.SERVICE_UNAVAILABLE, True, "the log must not be written until it is put right"),
}

RULING_REFUSALS: dict[str, Answer] = {
    "BAD_RULING": Answer(HTTPStatus.BAD_REQUEST, False, "the body is not a ruling of this election"),
    "NOT_AUTHORISED": Answer(HTTPStatus.FORBIDDEN, False, "the ruling is not signed by those who may sign it"),
}
"""Refusals of a ruling that officials submit; no agent meets them."""

RECORD_REFUSALS: dict[str, Answer] = {
    "RECORD_TOO_LONG": Answer(HTTPStatus.OK, False, "the record is longer than an entry may be"),
    "NOT_CANONICAL": Answer(HTTPStatus.OK, False, "the bytes are not a record in its one canonical form"),
    "SIGNATURES_UNSORTED": Answer(HTTPStatus.OK, False, "the record's signatures are not sorted, or doubled"),
    "UNKNOWN_KIND": Answer(HTTPStatus.OK, False, "this server does not know the record's kind"),
    "KIND_NOT_ACCEPTED": Answer(HTTPStatus.OK, False, "a device sends opening/1 and tally/1 only"),
    "OTHER_ELECTION": Answer(HTTPStatus.OK, False, "the record is of another election"),
    "FOREIGN_RECORD": Answer(HTTPStatus.OK, False, "the record is not signed by the client's own key"),
    "WRONG_SIGNATURE_COUNT": Answer(HTTPStatus.OK, False, "a device's record has one signature"),
    "BAD_SIGNATURE": Answer(HTTPStatus.OK, False, "the record's signature does not verify"),
    "TOO_MANY_RECORDS": Answer(HTTPStatus.OK, False, "the log has far more of this device than a night brings"),
}
"""Refusals of one record within a batch: the request itself is answered with status 200."""

_UNREAD = frozenset({"TOO_LARGE", "TOO_SLOW", "UNEXPECTED_BODY"})
_STORAGE_CODES = {"DISK_FULL": "STORAGE_FULL", "STORE_BUSY": "BUSY"}


def request_error(error: TunukError) -> RequestError:
    """The refusal of a request that an error of the log or of the body's format leads to."""
    if isinstance(error, RequestError):
        return error
    match error:
        case RollbackError():
            code = "LOG_STOPPED"
        case StorageError():
            code = _STORAGE_CODES.get(error.code, "STORAGE_FAILED")
        case FormatError() if error.code in REQUEST_REFUSALS:
            return RequestError(error.code, error.message)
        case _:
            code = "INTERNAL"
    # What exactly is wrong with disk and log is for the operator, who reads it in the server's own log.
    return RequestError(code, REQUEST_REFUSALS[code].meaning)


def encode_refusal(error: RequestError) -> bytes:
    """The JSON body of a refused request: code, message, retry."""
    message = error.message[:MAX_MESSAGE]
    return msgspec.json.encode({"code": error.code, "message": message, "retry": error.answer.retry})


def refusal_headers(error: RequestError) -> dict[str, str]:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if error.answer.retry else {}
    # The rest of such a body is not waited for, so that nothing can come after it.
    return headers | ({"Connection": "close"} if error.code in _UNREAD else {})
