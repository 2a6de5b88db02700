"""Calls, answers and events of the contract, read and written without a chain's libraries."""

import subprocess
import sys

import pytest
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.contract_code import (
    encode_anchor_call,
    encode_roots_call,
    parse_anchored_event,
    parse_head_answer,
    parse_revert_reason,
    parse_root_answer,
    read_artifact,
)
from ledger.anchor.primitives import Address
from ledger.anchor.statement import AnchorDomain, AnchorSignature, encode_statement, origin_hash, statement_digest
from ledger.errors import FormatError
from ledger.primitives import sha256
from ledger.store.contract import TreeHead

HEAD = TreeHead(37, sha256(b"root"))
TYPES = ["uint256", "bytes32", "bytes32[]", "uint256", "bytes32", "bytes32"]


@pytest.mark.independent
def test_calls_are_what_another_encoder_makes() -> None:
    proof = [sha256(b"a"), sha256(b"b"), sha256(b"c")]
    values = [HEAD.size, HEAD.root, proof, 28, (7).to_bytes(32, "big"), (9).to_bytes(32, "big")]
    selector = keccak(text=f"anchor({','.join(TYPES)})")[:4]
    assert encode_anchor_call(HEAD, proof, AnchorSignature(28, 7, 9)) == selector + encode(TYPES, values)
    assert encode_roots_call(5) == keccak(text="roots(uint256)")[:4] + encode(["uint256"], [5])


@pytest.mark.independent
def test_revert_reasons_are_read_as_another_decoder_does() -> None:
    data = bytes.fromhex("08c379a0") + encode(["string"], ["size is not above the last"])
    assert parse_revert_reason(data) == decode(["string"], data[4:])[0]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x08\xc3\x79\xa0", bytes.fromhex("08c379a0") + b"\xff" * 64, bytes.fromhex("4e487b71") + bytes(64)],
)
def test_other_revert_data_has_no_reason(data: bytes) -> None:
    assert parse_revert_reason(data) is None


def test_a_proof_that_is_too_long_is_refused() -> None:
    with pytest.raises(FormatError):
        encode_anchor_call(HEAD, [sha256(b"x")] * 65, AnchorSignature(27, 1, 1))


@pytest.mark.parametrize(
    "data", [b"", bytes(63), bytes(31) + b"\x01" + bytes(32), bytes(32) + b"\x01" * 32, b"\xff" * 64]
)
def test_senseless_heads_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_head_answer(data)


def test_nothing_anchored_is_none() -> None:
    assert parse_head_answer(bytes(64)) is None
    assert parse_root_answer(bytes(32)) is None
    with pytest.raises(FormatError):
        parse_root_answer(b"")


@pytest.mark.parametrize("change", ["topic", "topics", "data", "size", "order"])
def test_other_events_are_refused(change: str) -> None:
    topics = [bytes(read_artifact().anchored_topic), (37).to_bytes(32, "big")]
    data = HEAD.root + (21).to_bytes(32, "big") + sha256(b"previous")
    assert parse_anchored_event(topics, data).previous_size == 21
    altered = {
        "topic": ([bytes(32), topics[1]], data),
        "topics": (topics[:1], data),
        "data": (topics, data + bytes(32)),
        "size": ([topics[0], b"\xff" * 32], data),
        "order": ([topics[0], (21).to_bytes(32, "big")], data),
    }[change]
    with pytest.raises(FormatError):
        parse_anchored_event(*altered)


def test_the_statement_is_spelled_as_documented() -> None:
    """Written out by hand: whoever signs elsewhere follows this."""
    domain = AnchorDomain(240_413, Address(b"\xaa" * 20), origin_hash("a/b"))
    expected = (
        b"tunuk/anchor/v1\n"
        + bytes(29) + bytes.fromhex("03ab1d")
        + b"\xaa" * 20
        + sha256(b"a/b")
        + bytes(31) + b"\x25"
        + HEAD.root
    )  # fmt: skip
    assert encode_statement(domain, HEAD) == expected
    assert statement_digest(domain, HEAD) == sha256(expected)


def test_signatures_are_deterministic_and_low() -> None:
    domain = AnchorDomain(1, Address(bytes(20)), origin_hash("a"))
    for number in range(1, 20):
        key, head = AnchorKey(sha256(b"%d" % number)), TreeHead(number, sha256(b"root"))
        assert key.sign_anchor(domain, head) == AnchorKey(sha256(b"%d" % number)).sign_anchor(domain, head)


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, bytes(33)])
def test_bad_keys_are_refused(key: bytes) -> None:
    with pytest.raises(FormatError):
        AnchorKey(key)


def test_an_observer_needs_no_chain_library() -> None:
    """What an observer imports works where web3, py-evm and their kin are not installed."""
    program = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'web3', 'eth', 'eth_keys', 'eth_utils', 'eth_account', 'rlp', 'requests'}:\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "import ledger.anchor.check, ledger.anchor.claim, ledger.anchor.contract_code\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
