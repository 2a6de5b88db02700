"""The filter object of ``eth_getLogs``: which blocks, which addresses, which topics."""

from dataclasses import dataclass

from ledger.anchor.chain_store import StoredLog
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.rpc_values import parse_address, parse_fields, parse_hash, parse_list
from ledger.errors import FormatError

_MAX_TOPICS = 4
_MAX_ALTERNATIVES = 100
"""Addresses, and topics in one place: more than any client of one contract asks for."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """``topics``: for each place the values that match, None for any. Blocks are still as the client wrote them."""

    block_hash: ChainHash | None
    from_block: object
    to_block: object
    addresses: tuple[Address, ...]
    topics: tuple[frozenset[bytes] | None, ...]

    def matches(self, log: StoredLog) -> bool:
        """Whether the topics match; blocks and addresses are the store's to select."""
        if len(self.topics) > len(log.topics):
            return False
        pairs = zip(self.topics, log.topics, strict=False)
        return all(wanted is None or topic in wanted for wanted, topic in pairs)


def parse_log_filter(value: object) -> LogFilter:
    """Raises FormatError(``BAD_RPC_VALUE``)."""
    fields = parse_fields(value, "filter")
    block_hash = fields.get("blockHash")
    if block_hash is not None and ("fromBlock" in fields or "toBlock" in fields):
        raise FormatError("BAD_RPC_VALUE", "a filter has a block's hash or a range of blocks, not both")
    address, topics = fields.get("address"), fields.get("topics")
    addresses = address if isinstance(address, list) else [] if address is None else [address]
    return LogFilter(
        None if block_hash is None else parse_hash(block_hash, "blockHash"),
        fields.get("fromBlock", "latest"),
        fields.get("toBlock", "latest"),
        tuple(parse_address(one, "address") for one in parse_list(addresses, "address", _MAX_ALTERNATIVES)),
        tuple(_parse_topic(one) for one in parse_list([] if topics is None else topics, "topics", _MAX_TOPICS)),
    )


def _parse_topic(value: object) -> frozenset[bytes] | None:
    if value is None:
        return None
    alternatives = parse_list(value, "topics", _MAX_ALTERNATIVES) if isinstance(value, list) else [value]
    # A list with null in it, or an empty one, matches anything, as in go-ethereum.
    if not alternatives or None in alternatives:
        return None
    return frozenset(bytes(parse_hash(one, "topic")) for one in alternatives)
