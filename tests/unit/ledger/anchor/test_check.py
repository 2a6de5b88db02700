"""The observer's check finds what is wrong with a claim, a contract, a chain or a node, and says so with a code."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from ledger.anchor.check import ChainProblem, check_anchors, read_anchored_head
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.primitives import Address, ChainError, ChainHash
from ledger.errors import FormatError
from ledger.primitives import sha256
from tests.unit.ledger.anchor.chain_bench import Bench, Node, make_bench

SIZES = (5, 8, 21)


@pytest.fixture(scope="module")
def anchored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, list[AnchorClaim]]]:
    """One chain for all of these tests: none of them changes it."""
    made = make_bench(tmp_path_factory.mktemp("chain"))
    yield made, made.anchor(*SIZES)
    made.chain.close()


@pytest.fixture
def bench(anchored: tuple[Bench, list[AnchorClaim]]) -> Bench:
    """The chain behind a node without faults."""
    return replace(anchored[0], node=Node(anchored[0].chain))


@pytest.fixture
def claims(anchored: tuple[Bench, list[AnchorClaim]]) -> list[AnchorClaim]:
    return anchored[1]


def codes(problems: list[ChainProblem]) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.size) for problem in problems]


def test_honest_claims_pass(bench: Bench, claims: list[AnchorClaim]) -> None:
    assert [claim.head.size for claim in claims] == list(SIZES)
    assert check_anchors(bench.node.call, bench.pins, claims) == []
    assert codes(check_anchors(bench.node.call, bench.pins, claims[1:])) == [("ANCHOR_CLAIM_MISSING", SIZES[1])]
    assert check_anchors(bench.node.call, bench.pins, []) == []
    assert read_anchored_head(bench.node.call, bench.pins) == claims[-1].head


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"chain_id": 1}, "CHAIN_ID_MISMATCH"),
        ({"genesis_hash": ChainHash(bytes(32))}, "GENESIS_MISMATCH"),
        ({"runtime_code": b"\x60\x00"}, "CONTRACT_FOREIGN"),
        ({"contract": Address(b"\x01" * 20)}, "CONTRACT_FOREIGN"),
    ],
)
def test_pins_are_checked_first(bench: Bench, claims: list[AnchorClaim], change: dict[str, Any], code: str) -> None:
    assert codes(check_anchors(bench.node.call, replace(bench.pins, **change), claims)) == [(code, None)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"contract": Address(b"\x01" * 20)}, ["CLAIM_FOREIGN"]),
        ({"chain_id": 1}, ["CLAIM_FOREIGN"]),
        ({"transaction_hash": ChainHash(bytes(32))}, ["ANCHOR_TX_UNKNOWN"]),
        ({"block_number": 1}, ["ANCHOR_TX_ELSEWHERE", "ANCHOR_BLOCK_GONE"]),
        ({"block_hash": ChainHash(bytes(32))}, ["ANCHOR_TX_ELSEWHERE", "ANCHOR_BLOCK_GONE"]),
        ({"log_index": 1}, ["ANCHOR_EVENT_MISSING"]),
    ],
)
def test_every_field_of_a_claim_counts(
    bench: Bench, claims: list[AnchorClaim], change: dict[str, Any], expected: list[str]
) -> None:
    tampered = replace(claims[2], **change)
    assert codes(check_anchors(bench.node.call, bench.pins, [tampered])) == [(code, 21) for code in expected]


def test_another_root_is_found_in_event_and_contract(bench: Bench, claims: list[AnchorClaim]) -> None:
    """The same place on the chain, but not the head that was anchored there."""
    tampered = replace(claims[2], head=replace(claims[2].head, root=sha256(b"other")))
    expected = [("ANCHOR_EVENT_DIFFERS", 21), ("ANCHOR_ROOT_DIFFERS", 21)]
    assert codes(check_anchors(bench.node.call, bench.pins, [tampered])) == expected


def test_a_claim_that_was_left_out_is_missed(bench: Bench, claims: list[AnchorClaim]) -> None:
    assert codes(check_anchors(bench.node.call, bench.pins, [claims[0], claims[2]])) == [("ANCHOR_CLAIM_MISSING", 21)]


def alter_log(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda receipt: receipt["logs"][0].update({key: value})


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (alter_log("data", "0x" + "11" * 96), "CHAIN_ANSWER_MALFORMED"),
        (alter_log("data", "0x" + "11" * 32 + "00" * 64), "ANCHOR_EVENT_DIFFERS"),
        (alter_log("data", "0x"), "CHAIN_ANSWER_MALFORMED"),
        (alter_log("address", "0x" + "11" * 20), "ANCHOR_EVENT_MISSING"),
        (alter_log("topics", ["0x" + "11" * 32] * 2), "CHAIN_ANSWER_MALFORMED"),
        (alter_log("topics", [[]]), "CHAIN_ANSWER_MALFORMED"),
        (alter_log("removed", True), "CHAIN_ANSWER_MALFORMED"),
        (alter_log("blockHash", "0x" + "11" * 32), "ANCHOR_EVENT_MISSING"),
        (lambda receipt: receipt.update(status="0x0"), "ANCHOR_TX_ELSEWHERE"),
        (lambda receipt: receipt.update(status=1), "CHAIN_ANSWER_MALFORMED"),
        (lambda receipt: receipt.update(logs={}), "CHAIN_ANSWER_MALFORMED"),
        (lambda receipt: receipt.update(logs=[]), "ANCHOR_EVENT_MISSING"),
        (lambda receipt: receipt.update(blockNumber="0x" + "f" * 64), "CHAIN_ANSWER_MALFORMED"),
        (lambda receipt: receipt.clear(), "CHAIN_ANSWER_MALFORMED"),
    ],
)
def test_an_altered_receipt_is_found_out(
    bench: Bench, claims: list[AnchorClaim], alter: Callable[[dict[str, Any]], None], code: str
) -> None:
    """A lying node gets a code, never a crash."""

    def after(method: str, result: object) -> object:
        if method != "eth_getTransactionReceipt" or not isinstance(result, dict):
            return result
        altered = deepcopy(result)
        alter(altered)
        return altered

    bench.node.after = after
    assert codes(check_anchors(bench.node.call, bench.pins, [claims[0]])) == [(code, 5)]


@pytest.mark.parametrize("nonsense", [None, "", "0x", "0xzz", "0x1", [], {}, 7, True, "0x" + "00" * 100_000])
@pytest.mark.parametrize(
    "method", ["eth_chainId", "eth_getBlockByNumber", "eth_getCode", "eth_getTransactionReceipt", "eth_call"]
)
def test_nonsense_is_a_problem_not_a_crash(
    bench: Bench, claims: list[AnchorClaim], method: str, nonsense: object
) -> None:
    bench.node.after = lambda asked, result: nonsense if asked == method else result
    problems = check_anchors(bench.node.call, bench.pins, claims)
    assert problems
    assert not any(problem.unjudged for problem in problems)


def test_a_node_that_goes_away_judges_nothing(bench: Bench, claims: list[AnchorClaim]) -> None:
    def before(method: str) -> None:
        if method == "eth_getTransactionReceipt":
            raise ChainError("CHAIN_UNREACHABLE", "gone", retryable=True)

    bench.node.before = before
    (problem,) = check_anchors(bench.node.call, bench.pins, claims)
    assert (problem.code, problem.size, problem.unjudged) == ("CHAIN_UNREACHABLE", 5, True)


def test_a_flood_of_claims_is_refused(bench: Bench, claims: list[AnchorClaim]) -> None:
    with pytest.raises(FormatError) as caught:
        check_anchors(bench.node.call, bench.pins, claims[:1] * 100_001)
    assert caught.value.code == "TOO_MANY_CLAIMS"
