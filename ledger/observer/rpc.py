"""JSON-RPC to a node of the chain, over HTTP. Responsible for the envelope and its bounds; the methods are others'."""

import itertools
import time
from collections.abc import Sequence
from typing import Self

import httpx
import msgspec

from ledger.anchor.primitives import ChainError, RpcError

TIMEOUT_S = 30.0
DEADLINE_S = 60.0
"""For a whole answer: a node that sends a byte now and then would hold the audit up for ever."""

MAX_ANSWER = 8 * 1024 * 1024
"""Bytes: a block that lists a hundred thousand transactions, of 70 bytes each."""


class HttpRpc:
    """Calls one node. Raises ChainError(``CHAIN_UNREACHABLE``, ``CHAIN_ANSWER_MALFORMED``), and RpcError."""

    def __init__(self, url: str) -> None:
        """Raises ChainError(``BAD_ADDRESS``)."""
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ChainError("BAD_ADDRESS", f"not an address: {url[:200]!r}", retryable=False) from error
        if address.scheme not in ("http", "https") or not address.host:
            raise ChainError("BAD_ADDRESS", f"a node's address is http:// or https://: {url[:200]!r}", retryable=False)
        self._url = address
        self._numbers = itertools.count(1)
        self._client = httpx.Client(timeout=TIMEOUT_S, headers={"Accept-Encoding": "identity"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __call__(self, method: str, params: Sequence[object]) -> object:
        number = next(self._numbers)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
        try:
            answer = self._post(msgspec.json.encode(request))
        except httpx.HTTPError as error:
            words = f"no answer from {self._url}: {str(error) or type(error).__name__}"
            raise ChainError("CHAIN_UNREACHABLE", words[:500], retryable=True) from error
        try:
            document: object = msgspec.json.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _malformed(f"{method}: not JSON") from error
        if not isinstance(document, dict) or document.get("id") != number:
            raise _malformed(f"{method}: not an answer to this request")
        if document.get("error") is not None:
            raise _refusal(document["error"])
        if "result" not in document:
            raise _malformed(f"{method}: neither a result nor an error")
        return document["result"]

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        deadline = time.monotonic() + DEADLINE_S
        with self._client.stream("POST", self._url, content=body, headers=headers) as response:
            if response.status_code != 200:
                words = f"{self._url} answered {response.status_code}"
                raise ChainError("CHAIN_UNREACHABLE", words, retryable=response.status_code >= 500)
            data = bytearray()
            for piece in response.iter_raw(64 * 1024):
                data += piece
                if time.monotonic() > deadline:
                    raise ChainError("CHAIN_UNREACHABLE", f"no whole answer in {DEADLINE_S:.0f} s", retryable=True)
                if len(data) > MAX_ANSWER:
                    raise _malformed(f"an answer of more than {MAX_ANSWER} bytes")
        return bytes(data)


def _malformed(words: str) -> ChainError:
    return ChainError("CHAIN_ANSWER_MALFORMED", f"the node answers nonsense: {words}", retryable=True)


def _refusal(error: object) -> RpcError:
    fields = error if isinstance(error, dict) else {}
    number, message = fields.get("code"), fields.get("message")
    return RpcError(number if isinstance(number, int) else 0, str(message))
