"""The envelope of JSON-RPC 2.0: bytes of a request in, bytes of the answer out.

Responsible for parsing, batches, error objects and their bounds. Knows no method: a callable answers one.
"""

import json
from collections.abc import Callable

MAX_REQUEST = 1_048_576
"""Bytes of one request: far more than a batch of the largest transactions that the anchor contract takes."""

MAX_BATCH = 100
"""Calls in one request, so that one client does not hold the chain's lock for long."""

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603

Handler = Callable[[str, list[object]], object]
"""Answers one method with a JSON value, or raises MethodError."""


class MethodError(Exception):
    """An error object: its number, its message, and a JSON value as data."""

    def __init__(self, number: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.number = number
        self.message = message
        self.data = data


def answer_request(body: bytes, handle: Handler) -> bytes:
    """The answer to a request or a batch; empty where only notifications were sent."""
    try:
        request: object = json.loads(body)
    except (ValueError, RecursionError):
        return _encode(_error(None, PARSE_ERROR, "the request is not JSON"))
    if not isinstance(request, list):
        answer = _answer_one(request, handle)
        return b"" if answer is None else _encode(answer)
    if not request or len(request) > MAX_BATCH:
        return _encode(_error(None, INVALID_REQUEST, f"a batch has from 1 to {MAX_BATCH} requests"))
    answers = [answer for one in request if (answer := _answer_one(one, handle)) is not None]
    return _encode(answers) if answers else b""


def _answer_one(request: object, handle: Handler) -> dict[str, object] | None:
    if not isinstance(request, dict):
        return _error(None, INVALID_REQUEST, "a request is an object")
    identifier = request.get("id")
    if isinstance(identifier, bool) or not isinstance(identifier, str | int | None):
        return _error(None, INVALID_REQUEST, "an id is a string or a number")
    method, params = request.get("method"), request.get("params", [])
    if request.get("jsonrpc") != "2.0" or not isinstance(method, str):
        return _error(identifier, INVALID_REQUEST, "a request has jsonrpc 2.0 and the name of a method")
    if not isinstance(params, list):
        return _error(identifier, INVALID_PARAMS, "parameters are given as a list")
    try:
        result = handle(method, params)
    except MethodError as error:
        answer = _error(identifier, error.number, error.message, error.data)
    else:
        answer = {"jsonrpc": "2.0", "id": identifier, "result": result}
    return answer if "id" in request else None


def _error(identifier: object, number: int, message: str, data: object = None) -> dict[str, object]:
    error: dict[str, object] = {"code": number, "message": message}
    if data is not None:
        error["data"] = data
    return {"jsonrpc": "2.0", "id": identifier, "error": error}


def _encode(answer: object) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()
