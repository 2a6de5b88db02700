"""Receipts' roots are those of real blocks and of another implementation; a path proves its receipt and no other."""

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from ledger.anchor.primitives import ChainHash
from ledger.anchor.receipt_trie import (
    encode_receipt,
    parse_receipt_value,
    receipt_path,
    receipts_root,
    verify_receipt_path,
)
from ledger.anchor.rlp import decode_rlp, encode_rlp
from ledger.errors import FormatError, TunukError, VerificationError
from tests.unit.ledger.anchor.qbft_blocks import CASES, header

MANY = "many-transactions"
# Receipts are never shorter: a bloom alone is 256 bytes.
RECEIPTS = st.lists(st.binary(min_size=40, max_size=80), min_size=1, max_size=140)


def encoded(name: str) -> list[bytes]:
    return [encode_receipt(answer) for answer in CASES[name]["receipts"]]


@pytest.mark.parametrize("name", CASES)
def test_roots_are_those_of_the_blocks(name: str) -> None:
    assert receipts_root(encoded(name)) == header(name).receipts_root


@pytest.mark.parametrize("index", range(20))
def test_every_receipt_has_its_path(index: int) -> None:
    receipts = encoded(MANY)
    path = receipt_path(receipts, index)
    value = verify_receipt_path(header(MANY).receipts_root, index, path)
    assert value == receipts[index]
    logs, given_logs = parse_receipt_value(value).logs, CASES[MANY]["receipts"][index]["logs"]
    assert ["0x" + log.data.hex() for log in logs] == [log["data"] for log in given_logs]
    for other in {0, 7, 19} - {index}:
        with pytest.raises(VerificationError):
            verify_receipt_path(header(MANY).receipts_root, other, path)


def test_a_refused_transaction_says_so() -> None:
    assert parse_receipt_value(encoded("reverted")[0]).succeeded is False


@settings(max_examples=40)
@given(RECEIPTS, st.data())
def test_another_implementation_has_the_same_root(receipts: list[bytes], data: st.DataObject) -> None:
    other = HexaryTrie({})
    for index, receipt in enumerate(receipts):
        other[rlp.encode(index)] = receipt
    root = receipts_root(receipts)
    assert bytes(root) == other.root_hash
    index = data.draw(st.integers(0, len(receipts) - 1))
    assert verify_receipt_path(root, index, receipt_path(receipts, index)) == receipts[index]


@settings(max_examples=60)
@given(st.integers(0, 19), st.data())
def test_no_changed_path_proves_anything(index: int, data: st.DataObject) -> None:
    path = list(receipt_path(encoded(MANY), index))
    place = data.draw(st.integers(0, len(path) - 1))
    change = data.draw(st.sampled_from(["flip", "drop", "twice", "more"]))
    if change == "flip":
        at = data.draw(st.integers(0, len(path[place]) - 1))
        path[place] = path[place][:at] + bytes([path[place][at] ^ 1]) + path[place][at + 1 :]
    elif change == "drop":
        del path[place]
    elif change == "twice":
        path.insert(place, path[place])
    else:
        path.append(b"\xc0")
    with pytest.raises(TunukError):
        verify_receipt_path(header(MANY).receipts_root, index, path)


def test_another_root_proves_nothing() -> None:
    with pytest.raises(VerificationError):
        verify_receipt_path(ChainHash(bytes(32)), 0, receipt_path(encoded(MANY), 0))


ITEMS = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5), max_leaves=12)


@given(ITEMS)
def test_rlp_is_that_of_another_implementation(item: "bytes | list[object]") -> None:
    data = encode_rlp(item)  # type: ignore[arg-type]  # what Hypothesis draws
    assert data == rlp.encode(item)
    assert decode_rlp(data) == item


@given(st.binary(max_size=80))
def test_rlp_has_one_spelling(data: bytes) -> None:
    try:
        item = decode_rlp(data)
    except FormatError as error:
        assert error.code == "BAD_RLP"
    else:
        assert encode_rlp(item) == data


@pytest.mark.parametrize(
    "data", [b"", b"\x81\x01", b"\xb8\x01a", b"\xb9\x00\x38" + bytes(56), b"\xc2\x01", b"\x01\x01"]
)
def test_rlp_refuses_other_spellings(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode_rlp(data)


def test_rlp_is_bounded() -> None:
    data = b""
    for _ in range(40):
        data = encode_rlp([data]) if not data else bytes([0xC0 + len(data)]) + data
    with pytest.raises(FormatError):
        decode_rlp(data)
