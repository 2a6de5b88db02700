"""Fixed-size values of an Ethereum-like chain, and the error that a chain or its node causes."""

from ledger.errors import TunukError
from ledger.primitives import FixedBytes

MAX_CHAIN_ID = 2**53 - 1
"""Chain ids stay exact in every JSON reader."""


class Address(FixedBytes):
    """An account's or a contract's address."""

    SIZE = 20
    __slots__ = ()


class ChainHash(FixedBytes):
    """A Keccak-256 value that the chain computed: the hash of a block or of a transaction, or an event's topic."""

    SIZE = 32
    __slots__ = ()


class ChainError(TunukError):
    """A node is down, answers nonsense or refuses. ``retryable`` tells whether the same request may succeed later."""

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        super().__init__(code, message)
        self.retryable = retryable


class RpcError(ChainError):
    """The node understood and answered with a JSON-RPC error. ``data`` is what a reverted call gave back, if any."""

    def __init__(self, number: int, message: str, data: bytes | None = None) -> None:
        super().__init__("CHAIN_REFUSED", f"the node refused ({number}): {message[:500]}", retryable=False)
        self.number = number
        self.data = data
