"""A signed statement has one form, and is signed by one key for one contract."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.evm import AnchorTarget
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.signed_statement import SignedStatement, encode_signed_statement, parse_signed_statement
from ledger.anchor.statement import AnchorDomain, AnchorSignature, origin_hash
from ledger.anchor.statement_signature import verify_signed_statement
from ledger.errors import FormatError, SignatureError
from ledger.primitives import Hash, PublicKey, sha256
from ledger.store.contract import TreeHead

KEY = AnchorKey(sha256(b"anchor"))
CONTRACT = Address(bytes([7]) * 20)
TARGET = AnchorTarget(1337, ChainHash(bytes(32)), CONTRACT, "log", PublicKey(bytes(32)), KEY.address)
HEAD = TreeHead(5, sha256(b"root"))
GOOD = SignedStatement(HEAD, 1337, CONTRACT, KEY.sign_anchor(AnchorDomain(1337, CONTRACT, origin_hash("log")), HEAD))
DATA = encode_signed_statement(GOOD)


def test_it_comes_back_and_verifies() -> None:
    assert parse_signed_statement(DATA) == GOOD
    verify_signed_statement(GOOD, TARGET)


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_no_changed_byte_passes(place: int, change: int) -> None:
    data = DATA[:place] + bytes([DATA[place] ^ change]) + DATA[place + 1 :]
    with pytest.raises((FormatError, SignatureError)):
        verify_signed_statement(parse_signed_statement(data), TARGET)


@pytest.mark.parametrize(
    "changes",
    [
        {"head": TreeHead(6, HEAD.root)},
        {"head": TreeHead(5, Hash(bytes(32)))},
        {"chain_id": 1338},
        {"contract": Address(bytes(20))},
        {"signature": AnchorSignature(27, 1, 1)},
        {"signature": AnchorKey(sha256(b"thief")).sign_anchor(AnchorDomain(1337, CONTRACT, origin_hash("log")), HEAD)},
        {"signature": KEY.sign_anchor(AnchorDomain(1337, CONTRACT, origin_hash("other")), HEAD)},
    ],
)
def test_what_the_pinned_key_did_not_sign_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SignatureError) as caught:
        verify_signed_statement(replace(GOOD, **changes), TARGET)  # type: ignore[arg-type]  # fields as named
    assert caught.value.code == "BAD_STATEMENT_SIGNATURE"


@pytest.mark.parametrize("change", [{"more": 1}, {"size": 0}, {"size": True}, {"v": 29}, {"root": "0x12"}, {"r": None}])
def test_another_form_is_refused(change: dict[str, object]) -> None:
    data = json.dumps(json.loads(DATA) | change, indent=2).encode() + b"\n"
    with pytest.raises(FormatError):
        parse_signed_statement(data)
    with pytest.raises(FormatError):
        parse_signed_statement(b"[1]")
