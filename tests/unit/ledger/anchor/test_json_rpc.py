"""The JSON-RPC envelope: one request, batches, notifications, and everything that is neither."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.anchor.json_rpc import MAX_BATCH, MethodError, answer_request


def handle(method: str, params: list[object]) -> object:
    if method == "fail":
        raise MethodError(3, "reverted", "0x12")
    return [method, params]


def ask(request: object) -> Any:
    answer = answer_request(json.dumps(request).encode(), handle)
    return json.loads(answer) if answer else None


def request(identifier: object = 1, **changes: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": identifier, "method": "echo", "params": ["a"], **changes}


@pytest.mark.parametrize("identifier", [1, "one", None, 2**60])
def test_an_answer_carries_its_id(identifier: object) -> None:
    assert ask(request(identifier)) == {"jsonrpc": "2.0", "id": identifier, "result": ["echo", ["a"]]}


def test_parameters_may_be_left_out() -> None:
    assert ask({"jsonrpc": "2.0", "id": 1, "method": "echo"})["result"] == ["echo", []]


def test_an_error_object_carries_data() -> None:
    error = {"code": 3, "message": "reverted", "data": "0x12"}
    assert ask(request(method="fail")) == {"jsonrpc": "2.0", "id": 1, "error": error}


def test_batches_and_notifications() -> None:
    notification = {"jsonrpc": "2.0", "method": "echo"}
    assert ask(notification) is None
    assert ask([notification, notification]) is None
    answers = ask([request(1), notification, 7, request(2, method="fail")])
    assert [answer["id"] for answer in answers] == [1, None, 2]
    assert len(ask([request()] * MAX_BATCH)) == MAX_BATCH


@pytest.mark.parametrize(
    ("bad", "number"),
    [
        ([], -32600),
        ([request()] * (MAX_BATCH + 1), -32600),
        (7, -32600),
        (None, -32600),
        (request(jsonrpc="1.0"), -32600),
        (request(method=7), -32600),
        (request(identifier=[1]), -32600),
        (request(identifier=True), -32600),
        (request(identifier=1.5), -32600),
        (request(params={"a": 1}), -32602),
        (request(params=None), -32602),
    ],
)
def test_bad_requests_get_a_number(bad: object, number: int) -> None:
    assert ask(bad)["error"]["code"] == number


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"id": ' + b"9" * 10_000 + b"}"])
def test_what_is_no_json_gets_a_parse_error(body: bytes) -> None:
    assert json.loads(answer_request(body, handle))["error"]["code"] == -32700


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
NAMES = st.sampled_from(["id", "method", "params", "jsonrpc"])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=10
)


@given(JSON)
def test_any_json_gets_json_or_nothing(value: object) -> None:
    answer = answer_request(json.dumps(value).encode(), handle)
    assert not answer or isinstance(json.loads(answer), dict | list)
