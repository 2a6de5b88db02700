"""Reading the anchor contract through any node: its head, its roots, and the events behind them as claims.

Responsible for asking within bounds and for refusing a history that does not hang together. Sends nothing, and needs
the standard library only. Raises ChainError, and FormatError for answers that make no sense.
"""

from collections.abc import Iterator

from ledger.anchor.claim import AnchorClaim
from ledger.anchor.contract_code import (
    AnchoredEvent,
    encode_head_call,
    encode_roots_call,
    parse_head_answer,
    parse_root_answer,
    read_artifact,
)
from ledger.anchor.node_answers import (
    MAX_BLOCK_NUMBER,
    NodeLog,
    RpcCall,
    parse_block_hash,
    parse_call_answer,
    parse_logs,
)
from ledger.anchor.primitives import Address, ChainError
from ledger.anchor.rpc_values import encode_data, encode_quantity, parse_quantity
from ledger.errors import FormatError
from ledger.primitives import Hash
from ledger.store.contract import TreeHead

PAGE_BLOCKS = 2_000
"""Blocks in one request for logs: nodes refuse ranges above some thousands."""

MAX_PAGES = 5_000
"""Pages searched for the anchors of one step: ten million blocks, a third of a year at one a second."""


class AnchorReader:
    """The contract at one address of one chain."""

    def __init__(self, call: RpcCall, chain_id: int, contract: Address) -> None:
        self._call = call
        self.chain_id = chain_id
        self.contract = contract

    def block_number(self) -> int:
        return parse_quantity(self._call("eth_blockNumber", []), "eth_blockNumber", MAX_BLOCK_NUMBER)

    def head(self, block: int | None = None) -> TreeHead | None:
        """The last anchored head as of a block, or now; None before the first."""
        return parse_head_answer(self._view(encode_head_call(), block))

    def root(self, size: int) -> Hash | None:
        """The root anchored for a size."""
        return parse_root_answer(self._view(encode_roots_call(size), None))

    def _view(self, data: bytes, block: int | None) -> bytes:
        tag = "latest" if block is None else encode_quantity(block)
        return parse_call_answer(
            self._call("eth_call", [{"to": encode_data(self.contract), "data": encode_data(data)}, tag])
        )

    def holds(self, claim: AnchorClaim) -> bool:
        """Whether the claim's block is still one of the chain's: a chain without finality may have left it."""
        block = self._call("eth_getBlockByNumber", [encode_quantity(claim.block_number), False])
        return block is not None and parse_block_hash(block) == claim.block_hash

    def claims_after(self, known: AnchorClaim | None, block: int) -> list[AnchorClaim]:
        """The claims of all anchors after ``known`` up to a block, in order; of all anchors where none is known.

        Each event names the anchor before it, so that the walk back from the contract's head cannot miss one, whoever
        submitted it. Raises ChainError(``ANCHOR_HISTORY_BROKEN``).
        """
        wanted = self.head(block)
        if wanted == (None if known is None else known.head):
            return []
        found: list[AnchorClaim] = []
        for log in self._logs_backwards(0 if known is None else known.block_number, block):
            event = log.anchored()
            if wanted is None or TreeHead(event.size, event.root) != wanted:
                break
            found.append(_claim(self.chain_id, log, event))
            wanted = TreeHead(event.previous_size, event.previous_root) if event.previous_size else None
            if wanted == (None if known is None else known.head):
                return found[::-1]
        after = "the first" if known is None else f"size {known.head.size}"
        message = f"the contract's events up to block {block} do not lead back to {after}: has the chain gone back?"
        raise ChainError("ANCHOR_HISTORY_BROKEN", message, retryable=True)

    def _logs_backwards(self, first: int, last: int) -> Iterator[NodeLog]:
        topic = encode_data(read_artifact().anchored_topic)
        for page in range(MAX_PAGES):
            high = last - page * PAGE_BLOCKS
            low = max(first, high - PAGE_BLOCKS + 1)
            if high < low:
                return
            wanted = {"fromBlock": encode_quantity(low), "toBlock": encode_quantity(high), "topics": [topic]}
            logs = parse_logs(self._call("eth_getLogs", [{**wanted, "address": encode_data(self.contract)}]))
            places = [(log.block_number, log.log_index) for log in logs]
            if places != sorted(set(places)) or any(
                log.address != self.contract or not low <= log.block_number <= high for log in logs
            ):
                raise FormatError("BAD_RPC_VALUE", "eth_getLogs: logs out of order, or that were not asked for")
            yield from reversed(logs)


def _claim(chain_id: int, log: NodeLog, event: AnchoredEvent) -> AnchorClaim:
    return AnchorClaim(
        TreeHead(event.size, event.root),
        chain_id,
        log.address,
        log.transaction_hash,
        log.block_number,
        log.block_hash,
        log.log_index,
    )
