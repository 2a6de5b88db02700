"""Transactions and calls as the embedded chain takes them: what is refused before execution, and how execution fails.

Responsible for parsing, for the checks that py-evm leaves to a node (chain id, nonce, length) and for one family of
errors. Holds no state and writes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from eth.abc import SignedTransactionAPI, TransactionBuilderAPI, UnsignedTransactionAPI
from eth.exceptions import PyEVMError, Revert, VMError
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address as EthAddress
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from ledger.anchor.primitives import Address
from ledger.errors import TunukError

MAX_TRANSACTION = 131_072
"""Bytes of one signed transaction, as in go-ethereum's pool; the anchor contract's is below 5,000."""


class TransactionRefusedError(TunukError):
    """A transaction or a call that the chain does not execute; nothing has changed."""


class ExecutionError(TunukError):
    """A call that was executed and failed; ``data`` is what it gave back when it reverted, else None."""

    def __init__(self, code: str, message: str, data: bytes | None) -> None:
        super().__init__(code, message)
        self.data = data


@dataclass(frozen=True, slots=True)
class Call:
    """A message that is executed and then forgotten; without ``to`` it would create a contract."""

    sender: Address
    to: Address | None
    data: bytes
    value: int
    gas: int | None


def parse_transaction(raw: bytes, builder: type[TransactionBuilderAPI], chain_id: int) -> SignedTransactionAPI:
    """A signed transaction for this chain. Raises TransactionRefusedError."""
    if len(raw) > MAX_TRANSACTION:
        raise TransactionRefusedError("TX_TOO_LONG", f"a transaction has at most {MAX_TRANSACTION} bytes")
    try:
        transaction = builder.decode(raw)
    except (RLPException, ValidationError, PyEVMError, ValueError) as error:
        message = f"not a legacy or access-list transaction: {error}"
        raise TransactionRefusedError("TX_MALFORMED", message[:500]) from error
    with coded_refusals():
        transaction.validate()
        transaction.check_signature_validity()
    if transaction.chain_id != chain_id:
        raise TransactionRefusedError("TX_OTHER_CHAIN", f"invalid chain id: sign for chain {chain_id} (EIP-155)")
    return transaction


def require_nonce(transaction: SignedTransactionAPI, nonce: int) -> None:
    """There is no queue here: a transaction comes at its turn or not at all. Raises TransactionRefusedError."""
    if transaction.nonce != nonce:
        problem = "low" if transaction.nonce < nonce else "high"
        raise TransactionRefusedError("TX_NONCE", f"nonce too {problem}: next is {nonce}, not {transaction.nonce}")


def spoof_transaction(call: Call, unsigned: UnsignedTransactionAPI) -> SignedTransactionAPI:
    """A transaction that py-evm executes as if the caller had signed it."""
    # py-evm passes attributes through and declares no common type.
    return cast(SignedTransactionAPI, SpoofTransaction(unsigned, from_=EthAddress(bytes(call.sender))))


def execution_error(error: VMError) -> ExecutionError:
    if isinstance(error, Revert):
        return ExecutionError("REVERTED", "execution reverted", bytes(error.args[0]) if error.args else b"")
    return ExecutionError("EXECUTION_FAILED", f"execution failed: {type(error).__name__}: {error}"[:500], None)


@contextmanager
def coded_refusals() -> Iterator[None]:
    """Turns py-evm's verdict that something cannot be executed into a TransactionRefusedError."""
    try:
        yield
    except ValidationError as error:
        raise TransactionRefusedError("TX_REFUSED", f"not executable: {error}"[:500]) from error
