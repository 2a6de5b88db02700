"""Deploying and submitting: the pins are held, and every refusal has a code."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ledger.anchor.evm import deploy_contract, open_contract
from ledger.anchor.evm_transactions import TransactionState, read_transaction, wait_for_receipt
from ledger.anchor.primitives import Address, ChainError, ChainHash, RpcError
from ledger.anchor.submitter import KeySubmitter
from ledger.anchor.transactions import contract_address
from ledger.errors import FormatError
from ledger.primitives import PublicKey, sha256
from tests.unit.ledger.anchor.chain_bench import CHAIN_ID, Bench, wait_in_tests

OTHER = KeySubmitter(sha256(b"another account"))


@pytest.mark.independent
def test_addresses_are_those_of_the_yellow_paper() -> None:
    """The first contract of a well-known account, as many other tools compute it."""
    deployer = Address.from_hex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    assert contract_address(deployer) == Address.from_hex("cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d")


def test_the_contract_stands_at_the_address_known_beforehand(bench: Bench) -> None:
    receipt = bench.node.call("eth_getBlockReceipts", ["0x1"])
    assert isinstance(receipt, list)
    assert receipt[0]["contractAddress"] == "0x" + bench.target.contract.hex()
    assert bench.target.contract == contract_address(bench.submitter.address)


def test_deploying_again_changes_nothing(bench: Bench) -> None:
    head = bench.chain.head_number()
    bench.deploy()
    open_contract(bench.node.call, bench.target, OTHER, 0)
    assert bench.chain.head_number() == head


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"chain_id": CHAIN_ID + 1}, "CHAIN_ID_MISMATCH"),
        ({"genesis_hash": ChainHash(bytes(32))}, "GENESIS_MISMATCH"),
        ({"origin": "another/log"}, "CONTRACT_FOREIGN"),
        ({"log_public_key": PublicKey(b"\x07" * 32)}, "CONTRACT_FOREIGN"),
        ({"anchor_address": Address(b"\x07" * 20)}, "CONTRACT_FOREIGN"),
        ({"contract": Address(b"\x07" * 20)}, "CONTRACT_MISSING"),
    ],
)
def test_what_does_not_fit_the_pins_is_not_used(bench: Bench, change: dict[str, Any], code: str) -> None:
    with pytest.raises(ChainError) as caught:
        open_contract(bench.node.call, replace(bench.target, **change), bench.submitter, 0)
    assert caught.value.code == code


def test_an_address_that_cannot_be_reached_any_more_is_told(bench: Bench) -> None:
    """The address depends on the deployer and its first transaction."""
    elsewhere = replace(bench.target, contract=contract_address(OTHER.address))
    with pytest.raises(ChainError) as foreign:
        deploy_contract(bench.node.call, elsewhere, bench.submitter, 0, wait_in_tests)
    assert foreign.value.code == "DEPLOYER_FOREIGN"
    bench.chain.send_transaction(
        OTHER.sign(chain_id=CHAIN_ID, nonce=0, to=bench.target.contract, data=b"", gas=100_000, gas_price=0).raw
    )
    with pytest.raises(ChainError) as used:
        deploy_contract(bench.node.call, elsewhere, OTHER, 0, wait_in_tests)
    assert used.value.code == "DEPLOYER_USED"


def test_a_deployment_whose_answer_was_lost_is_found(bench: Bench) -> None:
    """The process died after the transaction was taken; sent again, the same bytes are found by their hash."""
    lagging = {"eth_getCode": iter(["0x"]), "eth_getTransactionCount": iter(["0x0"])}
    bench.node.after = lambda method, result: next(lagging.get(method, iter([])), result)
    bench.node.asked.clear()
    head = bench.chain.head_number()
    bench.deploy()
    assert "eth_sendRawTransaction" in bench.node.asked
    assert bench.chain.head_number() == head


def test_a_refused_anchor_tells_the_contracts_reason(bench: Bench) -> None:
    bench.anchor(5)
    contract, head = bench.deploy(), bench.log.head(8)
    before = bench.chain.head_number()
    for proof, signed, reason in [
        ((), head, "proof is too short"),
        (bench.log.consistency_proof(5, 8), bench.log.head(9), "signer is not the anchor key"),
    ]:
        with pytest.raises(ChainError) as caught:
            contract.submit(head, proof, bench.anchor_key.sign_anchor(contract.domain, signed))
        assert (caught.value.code, caught.value.retryable) == ("ANCHOR_REFUSED", True)
        assert reason in caught.value.message
    # No transaction was wasted.
    assert bench.chain.head_number() == before


def test_sending_what_the_node_has_already_is_no_error(bench: Bench) -> None:
    """An answer was lost and the same transaction is sent again: it is found by its hash."""
    bench.anchor(5)
    contract, head = bench.deploy(), bench.log.head(8)
    arguments = (head, bench.log.consistency_proof(5, 8), bench.anchor_key.sign_anchor(contract.domain, head))

    def after(method: str, result: object) -> object:
        if method == "eth_sendRawTransaction":
            raise RpcError(-32000, "already known")
        return result

    bench.node.after = after
    transaction_hash = contract.submit(*arguments)
    state = contract.transaction_state(transaction_hash)
    assert not isinstance(state, TransactionState)
    assert state.succeeded

    def before(method: str) -> None:
        if method == "eth_sendRawTransaction":
            raise RpcError(-32000, "txpool is full")

    bench.node.before = before
    head = bench.log.head(9)
    with pytest.raises(ChainError) as caught:
        contract.submit(head, bench.log.consistency_proof(8, 9), bench.anchor_key.sign_anchor(contract.domain, head))
    assert caught.value.code == "TX_REFUSED"


@pytest.mark.parametrize(("known", "state"), [(None, TransactionState.UNKNOWN), ({}, TransactionState.PENDING)])
def test_waiting_for_a_block_ends(known: object, state: TransactionState) -> None:
    now, waited = [0.0], []

    def call(method: str, params: Sequence[object]) -> object:
        return None if method == "eth_getTransactionReceipt" else known

    def wait(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    assert read_transaction(call, ChainHash(bytes(32))) is state
    with pytest.raises(ChainError) as caught:
        wait_for_receipt(call, ChainHash(bytes(32)), clock=lambda: now[0], wait=wait, timeout=5.0, pause=2.0)
    assert (caught.value.code, caught.value.retryable) == ("TX_NOT_MINED", True)
    assert waited == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, b"\x01" * 31])
def test_a_bad_submitters_key_is_refused(key: bytes) -> None:
    with pytest.raises(FormatError):
        KeySubmitter(key)


def reverse(logs: list[object]) -> object:
    return logs[::-1]


@pytest.mark.parametrize(
    "lie",
    [reverse, lambda logs: logs[:1] + logs[2:], lambda logs: [], lambda logs: logs[:1] * 2, lambda logs: "0x"],
    ids=["order", "one missing", "none", "twice", "nonsense"],
)
def test_a_history_that_does_not_hang_together_is_refused(bench: Bench, lie: Callable[[list[object]], object]) -> None:
    bench.anchor(5, 8, 21)
    contract = bench.deploy()
    bench.node.after = lambda method, result: (
        lie(result) if method == "eth_getLogs" and isinstance(result, list) else result
    )
    with pytest.raises((ChainError, FormatError)):
        contract.claims_after(None, contract.block_number())
