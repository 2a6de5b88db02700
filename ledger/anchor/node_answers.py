"""What a node says about anchors, read strictly: blocks, receipts, and logs of the anchor contract.

A node may be broken or may lie: every answer is checked for its form here, and for its sense by whoever asked. Raises
FormatError(``BAD_RPC_VALUE``, ``BAD_EVENT``, ``BAD_CALL_ANSWER``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.anchor.contract_code import AnchoredEvent, parse_anchored_event
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.rpc_values import parse_address, parse_data, parse_fields, parse_hash, parse_list, parse_quantity
from ledger.errors import FormatError

RpcCall = Callable[[str, Sequence[object]], object]
"""Asks a node: method and parameters in, the result out. Raises ChainError (RpcError where the node answered so)."""

MAX_BLOCK_NUMBER = 2**53 - 1
_MAX_LOGS = 10_000
_MAX_TOPICS = 4
_MAX_DATA = 65_536
"""Bytes of a log's data or of a call's answer. The contract's have at most 96."""


@dataclass(frozen=True, slots=True)
class NodeLog:
    """One event log, and where it stands."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: ChainHash
    transaction_hash: ChainHash
    log_index: int

    def anchored(self) -> AnchoredEvent:
        """The log as the contract's event. Raises FormatError(``BAD_EVENT``)."""
        return parse_anchored_event(self.topics, self.data)


@dataclass(frozen=True, slots=True)
class NodeReceipt:
    succeeded: bool
    transaction_hash: ChainHash
    block_number: int
    block_hash: ChainHash
    gas_used: int
    contract: Address | None
    logs: tuple[NodeLog, ...]


def parse_log(value: object) -> NodeLog:
    fields = parse_fields(value, "log")
    # A log that a reorganisation took back is never wanted.
    if fields.get("removed", False) is not False:
        raise FormatError("BAD_RPC_VALUE", "log: removed from the chain")
    topics = parse_list(fields.get("topics"), "log.topics", _MAX_TOPICS)
    return NodeLog(
        parse_address(fields.get("address"), "log.address"),
        tuple(bytes(parse_hash(topic, "log.topics")) for topic in topics),
        parse_data(fields.get("data"), "log.data", _MAX_DATA),
        parse_quantity(fields.get("blockNumber"), "log.blockNumber", MAX_BLOCK_NUMBER),
        parse_hash(fields.get("blockHash"), "log.blockHash"),
        parse_hash(fields.get("transactionHash"), "log.transactionHash"),
        parse_quantity(fields.get("logIndex"), "log.logIndex", MAX_BLOCK_NUMBER),
    )


def parse_logs(value: object) -> list[NodeLog]:
    return [parse_log(one) for one in parse_list(value, "logs", _MAX_LOGS)]


def parse_receipt(value: object) -> NodeReceipt:
    fields = parse_fields(value, "receipt")
    contract = fields.get("contractAddress")
    return NodeReceipt(
        parse_quantity(fields.get("status"), "receipt.status", 1) == 1,
        parse_hash(fields.get("transactionHash"), "receipt.transactionHash"),
        parse_quantity(fields.get("blockNumber"), "receipt.blockNumber", MAX_BLOCK_NUMBER),
        parse_hash(fields.get("blockHash"), "receipt.blockHash"),
        parse_quantity(fields.get("gasUsed"), "receipt.gasUsed"),
        None if contract is None else parse_address(contract, "receipt.contractAddress"),
        tuple(parse_logs(fields.get("logs"))),
    )


def parse_block_hash(value: object) -> ChainHash:
    return parse_hash(parse_fields(value, "block").get("hash"), "block.hash")


def parse_call_answer(value: object) -> bytes:
    return parse_data(value, "call", _MAX_DATA)
