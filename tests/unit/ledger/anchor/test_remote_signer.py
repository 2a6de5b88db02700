"""An external signer is asked for a signature, and believed in nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from rlp import decode as decode_rlp
from rlp import encode as encode_rlp

from ledger.anchor.primitives import Address, ChainError, RpcError
from ledger.anchor.remote_signer import RemoteSubmitter
from ledger.anchor.rpc_values import encode_data
from ledger.anchor.submitter import KeySubmitter
from ledger.anchor.transactions import SignedTransaction
from ledger.primitives import sha256

KEY = KeySubmitter(sha256(b"kept elsewhere"))
WANTED: dict[str, Any] = {
    "chain_id": 1337,
    "nonce": 0,
    "to": Address(bytes(range(20))),
    "data": b"call",
    "gas": 300_000,
    "gas_price": 0,
}


def ask(answer: Callable[[Any], object], **changes: Any) -> SignedTransaction:
    """By a signer that gives ``answer`` to the transaction's fields."""

    def call(method: str, params: Sequence[object]) -> object:
        assert method == "eth_signTransaction"
        return answer(params[0])

    return RemoteSubmitter(call, KEY.address).sign(**WANTED | changes)


def signed(**changes: Any) -> bytes:
    return KEY.sign(**WANTED | changes).raw


@pytest.mark.parametrize("changes", [{}, {"to": None}, {"nonce": 300, "gas_price": 7}, {"chain_id": 1}])
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_it_signs_is_what_the_key_would_sign(changes: dict[str, Any], wrapped: bool) -> None:
    raw = encode_data(signed(**changes))
    assert ask(lambda _: {"raw": raw, "tx": {}} if wrapped else raw, **changes) == KEY.sign(**WANTED | changes)


def test_it_is_told_everything_that_it_signs() -> None:
    told: list[dict[str, str]] = []

    def answer(fields: dict[str, str]) -> str:
        told.append(fields)
        return encode_data(signed())

    ask(answer)
    assert told == [
        {
            "from": encode_data(KEY.address),
            "to": encode_data(WANTED["to"]),
            "gas": "0x493e0",
            "gasPrice": "0x0",
            "value": "0x0",
            "nonce": "0x0",
            "chainId": "0x539",
            "data": "0x" + b"call".hex(),
        }
    ]


@pytest.mark.parametrize(
    "raw",
    [
        signed(nonce=1),
        signed(data=b"other"),
        signed(to=None),
        signed(gas=1),
        signed(gas_price=1),
        signed(chain_id=1338),
        KeySubmitter(sha256(b"another")).sign(**WANTED).raw,
        signed()[:-1],
        b"",
        b"\x02" + signed(),
        b"\xc0",
        b"\xc9" + b"\x80" * 9,
    ],
)
def test_any_other_transaction_is_not_sent(raw: bytes) -> None:
    with pytest.raises(ChainError) as caught:
        ask(lambda _: encode_data(raw))
    assert caught.value.code == "SIGNER_ANSWER"


@pytest.mark.parametrize(
    ("r", "s"), [(b"", b""), (b"\xff" * 32, b"\x01"), (b"\x01", b"\xff" * 32), (b"\x01" * 33, b"\x01"), ([], b"\x01")]
)
def test_a_signature_that_is_none_is_not_sent(r: object, s: object) -> None:
    raw = encode_rlp([*decode_rlp(signed())[:7], r, s])
    with pytest.raises(ChainError) as caught:
        ask(lambda _: encode_data(raw))
    assert caught.value.code == "SIGNER_ANSWER"


@pytest.mark.parametrize("answer", [None, 5, "raw", {"raw": None}, {}, "0x" + "00" * 200_000])
def test_what_is_no_transaction_is_refused(answer: object) -> None:
    with pytest.raises(ChainError) as caught:
        ask(lambda _: answer)
    assert caught.value.code == "SIGNER_ANSWER"


def test_a_refusal_and_an_outage_are_told_apart() -> None:
    def refuse(_: object) -> object:
        raise RpcError(-32_000, "request denied", None)

    def vanish(_: object) -> object:
        raise ChainError("CHAIN_UNREACHABLE", "no answer", retryable=True)

    for answer, code in ((refuse, "SIGNER_REFUSED"), (vanish, "SIGNER_UNREACHABLE")):
        with pytest.raises(ChainError) as caught:
            ask(answer)
        assert caught.value.code == code and caught.value.retryable
