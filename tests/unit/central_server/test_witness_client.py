"""Asking one witness: every status, wrong guesses, and witnesses that lie or are not there."""

from collections.abc import Callable

import httpx
import pytest

from central_server.witness_client import NewHead, WitnessClient, WitnessError
from ledger.note import NoteSignature, encode_signatures, parse_note, sign_text
from ledger.witness_protocol import MAX_ANSWER, SIZE_TYPE, parse_request
from tests.unit.ledger.observer.witness_factory import (
    ED25519,
    LOG,
    MLDSA44,
    ORIGIN,
    WITNESS_KEYS,
    Bench,
    head,
    proof,
)

Handler = Callable[[httpx.Request], httpx.Response]


def respond(status: int, body: bytes = b"", **headers: str) -> httpx.Response:
    """As it comes from a network: not read yet."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, stream=httpx.ByteStream(body))


def client(handler: Handler, old_size: int = 0) -> WitnessClient:
    transport = httpx.Client(transport=httpx.MockTransport(handler))
    return WitnessClient(transport, "https://w.example/prefix/", WITNESS_KEYS, old_size, lambda: 0.0)


def new_head(size: int, fork_at: int | None = None) -> NewHead:
    data = head(size, fork_at)
    return NewHead(parse_note(data), data, size, lambda old: proof(old, size, fork_at))


def served(bench: Bench) -> Handler:
    """As the witness's own server answers."""

    def handler(request: httpx.Request) -> httpx.Response:
        assert (request.method, str(request.url)) == ("POST", "https://w.example/prefix/add-checkpoint")
        answer = bench.witness.add_checkpoint(request.read())
        return respond(answer.status, answer.body, Content_Type=answer.content_type)

    return handler


def code_of(handler: Handler, size: int = 5) -> str:
    with pytest.raises(WitnessError) as caught:
        client(handler).cosign(new_head(size))
    return caught.value.code


def test_a_witness_cosigns_one_head_after_another() -> None:
    bench = Bench()
    asking = client(served(bench))
    for size in (1, 5, 5, 300):
        assert [line.key_id for line in asking.cosign(new_head(size))] == [key.key_id for key in WITNESS_KEYS]
    assert bench.store.read(ORIGIN).size == 300


@pytest.mark.parametrize("guess", [0, 3, 4, 6, 1000])
def test_a_wrong_guess_is_corrected_by_the_witness(guess: int) -> None:
    bench = Bench()
    bench.ask(0, 4)
    assert client(served(bench), guess).cosign(new_head(6))


def test_a_witness_that_is_ahead_is_named() -> None:
    bench = Bench()
    bench.ask(0, 9)
    assert code_of(served(bench)) == "WITNESS_AHEAD"


def test_a_fork_of_our_own_is_named() -> None:
    bench = Bench()
    bench.ask(0, 5, fork_at=2)
    assert code_of(served(bench)) == "WITNESS_SEES_FORK"
    assert len(bench.evidence) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "WITNESS_BAD_REQUEST"),
        (403, "WITNESS_UNKNOWN_KEY"),
        (404, "WITNESS_UNKNOWN_LOG"),
        (409, "WITNESS_SEES_FORK"),
        (422, "WITNESS_SEES_FORK"),
        (429, "WITNESS_BUSY"),
        (500, "WITNESS_FAILED"),
        (503, "WITNESS_FAILED"),
        (301, "WITNESS_FAILED"),
        (204, "WITNESS_FAILED"),
    ],
)
def test_each_status_has_its_code(status: int, code: str) -> None:
    assert code_of(lambda request: respond(status, b"x", Location="/")) == code


def test_a_pause_that_is_asked_for_is_bounded() -> None:
    for said, seconds in (("7", 7.0), ("99999999999", 60.0), ("soon", 0.0), ("-1", 0.0)):
        busy = respond(429, Retry_After=said)
        with pytest.raises(WitnessError) as caught:
            client(lambda request, busy=busy: busy).cosign(new_head(5))  # type: ignore[misc]
        assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense\n",
        encode_signatures([sign_text(parse_note(head(6)).text, ED25519)]),
        encode_signatures([NoteSignature("w.example", ED25519.key.key_id, bytes(72))]),
        encode_signatures([sign_text(parse_note(head(5)).text, LOG)]),
        b"x" * (MAX_ANSWER + 1),
    ],
)
def test_a_200_without_a_good_signature_is_none(body: bytes) -> None:
    assert code_of(lambda request: respond(200, body)) == "WITNESS_BAD_ANSWER"


def test_signatures_of_strangers_are_left_out() -> None:
    text = parse_note(head(5)).text
    lines = [sign_text(text, LOG), sign_text(text, MLDSA44)]
    found = client(lambda request: respond(200, encode_signatures(lines))).cosign(new_head(5))
    assert [line.key_id for line in found] == [MLDSA44.key.key_id]


@pytest.mark.parametrize("body", [b"", b"07\n", b"5", b"99999999999999999999\n"])
def test_a_size_that_is_none_is_named(body: bytes) -> None:
    assert code_of(lambda request: respond(409, body, Content_Type=SIZE_TYPE)) == "WITNESS_BAD_ANSWER"


def test_a_witness_that_never_agrees_is_left() -> None:
    asked: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(parse_request(request.read()).old_size)
        return respond(409, b"%d\n" % (len(asked) % 2), Content_Type=SIZE_TYPE)

    assert code_of(handler) == "WITNESS_RACE" and len(asked) == 3


def test_a_witness_that_is_not_there_is_named() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    assert code_of(handler) == "WITNESS_UNREACHABLE"
