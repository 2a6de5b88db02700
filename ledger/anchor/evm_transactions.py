"""Transactions on a node: sent once, looked up, and waited for within bounds.

Knows nothing of what they do. Raises ChainError, and FormatError for answers that make no sense.
"""

from collections.abc import Callable
from enum import Enum

from ledger.anchor.node_answers import NodeReceipt, RpcCall, parse_receipt
from ledger.anchor.primitives import Address, ChainError, ChainHash, RpcError
from ledger.anchor.rpc_values import encode_data, parse_quantity
from ledger.anchor.transactions import SignedTransaction

_MAX_NONCE = 2**64 - 1


class TransactionState(Enum):
    """Of a transaction without a receipt: the node holds it, or does not know it (it was dropped)."""

    PENDING = "pending"
    UNKNOWN = "unknown"


def wait_for_receipt(
    call: RpcCall,
    transaction_hash: ChainHash,
    *,
    clock: Callable[[], float],
    wait: Callable[[float], object],
    timeout: float,
    pause: float,
) -> NodeReceipt:
    """Ask every ``pause`` seconds until the transaction is in a block. Raises ChainError(``TX_NOT_MINED``)."""
    deadline = clock() + timeout
    while True:
        state = read_transaction(call, transaction_hash)
        if isinstance(state, NodeReceipt):
            return state
        if clock() >= deadline:
            message = f"transaction {transaction_hash.hex()} is {state.value} after {timeout:g} s: does the chain halt?"
            raise ChainError("TX_NOT_MINED", message, retryable=True)
        wait(pause)


def read_transaction(call: RpcCall, transaction_hash: ChainHash) -> NodeReceipt | TransactionState:
    wanted = [encode_data(transaction_hash)]
    receipt = call("eth_getTransactionReceipt", wanted)
    if receipt is not None:
        return parse_receipt(receipt)
    known = call("eth_getTransactionByHash", wanted)
    return TransactionState.UNKNOWN if known is None else TransactionState.PENDING


def read_nonce(call: RpcCall, account: Address) -> int:
    """How many transactions of this account are in blocks."""
    answer = call("eth_getTransactionCount", [encode_data(account), "latest"])
    return parse_quantity(answer, "eth_getTransactionCount", _MAX_NONCE)


def send_transaction(call: RpcCall, signed: SignedTransaction) -> ChainHash:
    """Hand a transaction to the node; its hash. Safe to repeat. Raises ChainError(``TX_REFUSED``)."""
    try:
        call("eth_sendRawTransaction", [encode_data(signed.raw)])
    except RpcError as error:
        # The node may hold it already: an earlier answer was lost.
        if read_transaction(call, signed.transaction_hash) is TransactionState.UNKNOWN:
            message = f"the node does not take the transaction: {error.message}"
            raise ChainError("TX_REFUSED", message, retryable=True) from error
    return signed.transaction_hash
