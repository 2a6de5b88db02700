"""A claim has one spelling, and nothing else is read as one."""

import json
from typing import Any

import pytest

from ledger.anchor.claim import AnchorClaim, encode_claim, parse_claim
from ledger.anchor.primitives import Address, ChainHash
from ledger.errors import FormatError
from ledger.primitives import sha256
from ledger.store.contract import TreeHead

CLAIM = AnchorClaim(
    TreeHead(1_002_500, sha256(b"root")),
    240_413,
    Address(b"\xab" * 20),
    ChainHash(sha256(b"transaction")),
    77,
    ChainHash(sha256(b"block")),
    0,
)


def test_round_trip() -> None:
    data = encode_claim(CLAIM)
    assert parse_claim(data) == CLAIM
    assert json.loads(data)["root"] == "0x" + CLAIM.head.root.hex()
    assert data.endswith(b"}\n")


@pytest.mark.parametrize(
    "change",
    [
        {"format": "tunuk/anchor-claim/v2"},
        {"size": 0},
        {"size": "1002500"},
        {"size": True},
        {"size": 2**63},
        {"size": 1.0},
        {"root": "0x" + "AB" * 32},
        {"root": "0x" + "ab" * 31},
        {"chain_id": 2**53},
        {"contract": "0x" + "AB" * 20},
        {"transaction_hash": None},
        {"block_number": -1},
        {"block_hash": "ab" * 32},
        {"log_index": 2**31},
        {"note": "one field more"},
    ],
)
def test_other_values_are_refused(change: dict[str, Any]) -> None:
    data = json.dumps({**json.loads(encode_claim(CLAIM)), **change}, indent=2).encode() + b"\n"
    with pytest.raises(FormatError):
        parse_claim(data)


@pytest.mark.parametrize("field", list(json.loads(encode_claim(CLAIM))))
def test_a_missing_field_is_refused(field: str) -> None:
    fields = json.loads(encode_claim(CLAIM))
    del fields[field]
    with pytest.raises(FormatError):
        parse_claim(json.dumps(fields, indent=2).encode() + b"\n")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"null", b"{", b"\xff", b"[" * 2_000, b" " * 3_000,
        encode_claim(CLAIM)[:-1], encode_claim(CLAIM) + b"\n", encode_claim(CLAIM).replace(b"  ", b" "),
        json.dumps(json.loads(encode_claim(CLAIM)), indent=2, sort_keys=True).encode() + b"\n",
    ],
)  # fmt: skip
def test_other_spellings_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_claim(data)
