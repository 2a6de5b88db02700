"""What the deployed bytecode can do at all: nothing but compute, keep two things, and log."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.anchor.contract_code import encode_anchor_call, encode_head_call
from tests.contracts.contract_harness import Deployed, Tree

PUSH1, PUSH32 = 0x60, 0x7F
NAMES = {
    0x3B: "EXTCODESIZE", 0x3C: "EXTCODECOPY", 0x3F: "EXTCODEHASH", 0x31: "BALANCE", 0x32: "ORIGIN", 0x33: "CALLER",
    0x40: "BLOCKHASH", 0x42: "TIMESTAMP", 0x43: "NUMBER", 0x47: "SELFBALANCE", 0x48: "BASEFEE",
    0x5C: "TLOAD", 0x5D: "TSTORE", 0x5E: "MCOPY", 0x5F: "PUSH0",
    0xF0: "CREATE", 0xF1: "CALL", 0xF2: "CALLCODE", 0xF4: "DELEGATECALL", 0xF5: "CREATE2", 0xFF: "SELFDESTRUCT",
}  # fmt: skip
"""Who asks, when, and what others hold decide nothing; nothing is called, made or destroyed, or newer than London."""


def opcodes(code: bytes) -> Iterator[tuple[int, int]]:
    """Place and opcode of each instruction; what a PUSH carries is none."""
    at = 0
    while at < len(code):
        yield at, code[at]
        at += 1 + (code[at] - PUSH1 + 1 if PUSH1 <= code[at] <= PUSH32 else 0)


@pytest.fixture(scope="module")
def runtime(repository: Path) -> bytes:
    """Without the compiler's notes at the end, which are data."""
    document = json.loads((repository / "contracts" / "CheckpointAnchor.json").read_text(encoding="utf-8"))
    return bytes.fromhex(document["runtime_bytecode"][2:])


def test_nothing_in_it_reaches_outside(runtime: bytes) -> None:
    found = {NAMES[code] for _, code in opcodes(runtime) if code in NAMES}
    assert found == set()


def test_what_it_calls_are_three_precompiles(runtime: bytes) -> None:
    """ecrecover (1), SHA-256 (2), identity (4): a STATICCALL's address is on the stack, pushed right before the gas."""
    listing = list(opcodes(runtime))
    addresses = []
    for place, (_, code) in enumerate(listing):
        if code == 0xFA:
            before = [listing[place - back] for back in (2, 1)]
            assert before[1][1] == 0x5A, "the gas is all that is left"
            assert before[0][1] == PUSH1
            addresses.append(runtime[before[0][0] + 1])
    assert set(addresses) == {1, 2, 4}


def test_it_writes_in_one_place(runtime: bytes) -> None:
    """The root and the size, and the one event: each once in the code, so that nothing else can change them."""
    codes = [code for _, code in opcodes(runtime)]
    assert codes.count(0x55) == 2
    assert [code for code in codes if 0xA0 <= code <= 0xA4] == [0xA2]


@pytest.mark.parametrize("cut", [1, 31, 32, 33, 100])
def test_calls_that_are_cut_short_are_refused(deployed: Deployed, tree: Tree, cut: int) -> None:
    """What is missing reads as zeros, as everywhere in Ethereum: that can only be another, wrong call."""
    assert deployed.anchor(tree.head(21), ())[0]
    head = tree.head(37)
    data = encode_anchor_call(head, tree.proof(21, 37), deployed.sign(head))
    assert data[-1] != 0 and not deployed.send(data[:-cut], deployed.domain.contract)[0]
    assert deployed.send(data, deployed.domain.contract)[0]


@pytest.mark.parametrize("offset", [0, 1, 32, 2**64, 2**256 - 32])
def test_a_proof_that_lies_elsewhere_in_the_call_is_refused_or_read_as_it_lies(
    deployed: Deployed, tree: Tree, offset: int
) -> None:
    """The ABI lets a caller say where the proof's length is: whatever is there, no other head can come of it."""
    assert deployed.anchor(tree.head(21), ())[0]
    head = tree.head(37)
    data = bytearray(encode_anchor_call(head, tree.proof(21, 37), deployed.sign(head)))
    data[4 + 64 : 4 + 96] = offset.to_bytes(32, "big")
    assert not deployed.send(bytes(data), deployed.domain.contract)[0]


@pytest.mark.parametrize("length", [65, 2**32, 2**256 - 1])
def test_a_proof_that_is_longer_than_any_is_refused(deployed: Deployed, tree: Tree, length: int) -> None:
    assert deployed.anchor(tree.head(21), ())[0]
    head = tree.head(37)
    data = bytearray(encode_anchor_call(head, tree.proof(21, 37), deployed.sign(head)))
    at = 4 + int.from_bytes(data[4 + 64 : 4 + 96], "big")
    data[at : at + 32] = length.to_bytes(32, "big")
    assert not deployed.send(bytes(data), deployed.domain.contract)[0]


def test_more_bytes_than_the_call_needs_change_nothing(deployed: Deployed, tree: Tree) -> None:
    head = tree.head(5)
    assert deployed.send(encode_anchor_call(head, (), deployed.sign(head)) + b"more", deployed.domain.contract)[0]


@pytest.mark.parametrize("selector", ["00000000", "ffffffff", "8da5cb5b", "f2fde38b", "3659cfe6"])
def test_there_is_no_owner_no_proxy_and_no_fallback(deployed: Deployed, selector: str) -> None:
    """owner(), transferOwnership(address), upgradeTo(address), and what nobody has."""
    for data in (bytes.fromhex(selector) + bytes(64), b"", encode_head_call()[:3]):
        assert not deployed.send(data, deployed.domain.contract)[0]
