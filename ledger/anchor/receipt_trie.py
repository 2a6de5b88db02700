"""That a block holds a receipt: its path in the receipts trie, made from all receipts, and verified without them.

A Merkle-Patricia trie (Yellow Paper, appendix D) from ``rlp(transaction index)`` to the receipt's encoding. Nodes of
fewer than 32 bytes stand in their parents; the path lists the others, from the root to the receipt.

    BAD_TRIE_NODE      a node of the path is no node of a trie
    NOT_IN_BLOCK       the path does not lead from the root to a receipt of this index
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger.anchor.block_header import keccak
from ledger.anchor.node_answers import NodeLog, parse_logs
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.rlp import Item, decode_rlp, encode_number, encode_rlp
from ledger.anchor.rpc_values import parse_data, parse_fields, parse_quantity
from ledger.errors import FormatError, VerificationError

MAX_RECEIPTS = 10_000
MAX_RECEIPT = 65_536
MAX_PATH = 64
"""Nodes: a key of n bytes has 2n nibbles, and an index has at most four bytes."""

_EMPTY_ROOT = keccak(encode_rlp(b""))
_HASHED = 32
Nibbles = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReceiptLog:
    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt's encoding says; ``type`` is 0 for a legacy transaction."""

    type: int
    succeeded: bool
    logs: tuple[ReceiptLog, ...]


def encode_receipt(answer: object) -> bytes:
    """The encoding of a receipt as ``eth_getTransactionReceipt`` gives it. Raises FormatError(``BAD_RPC_VALUE``)."""
    fields = parse_fields(answer, "receipt")
    logs = parse_logs(fields.get("logs"))
    body = encode_rlp(
        [
            encode_number(parse_quantity(fields.get("status"), "receipt.status", 1)),
            encode_number(parse_quantity(fields.get("cumulativeGasUsed"), "receipt.cumulativeGasUsed")),
            parse_data(fields.get("logsBloom"), "receipt.logsBloom", 256),
            [_log(log) for log in logs],
        ]
    )
    kind = parse_quantity(fields.get("type", "0x0"), "receipt.type", 0x7F)
    return bytes([kind]) + body if kind else body


def parse_receipt_value(data: bytes) -> Receipt:
    """Raises FormatError(``BAD_RECEIPT``, ``BAD_RLP``)."""
    kind, body = (data[0], data[1:]) if data[:1] and data[0] < 0x80 else (0, data)
    match decode_rlp(body):
        case [bytes(status), bytes(_), bytes(_), [*logs]] if status in (b"", b"\x01"):
            return Receipt(kind, status == b"\x01", tuple(_parse_log(log) for log in logs))
    raise FormatError("BAD_RECEIPT", "a receipt has a status, its gas, a bloom and its logs")


def receipts_root(receipts: Sequence[bytes]) -> ChainHash:
    """Of a block with these receipts, in the order of its transactions."""
    return _EMPTY_ROOT if not receipts else keccak(_build(_keys(receipts)))


def receipt_path(receipts: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The nodes from the root to receipt ``index`` that are hashed; the first hashes to the root.

    Raises FormatError(``TOO_MANY_RECEIPTS``) beyond MAX_RECEIPTS.
    """
    if len(receipts) > MAX_RECEIPTS:
        raise FormatError("TOO_MANY_RECEIPTS", f"a block with more than {MAX_RECEIPTS} receipts")
    path: list[bytes] = []
    _walk(_keys(receipts), _nibbles(_key(index)), path)
    return tuple(path)


def verify_receipt_path(root: ChainHash, index: int, path: Sequence[bytes]) -> bytes:
    """The encoding of receipt ``index`` of the block. Raises VerificationError(``NOT_IN_BLOCK``), FormatError."""
    rest, expected, nodes = _nibbles(_key(index)), bytes(root), iter(path)
    if len(path) > MAX_PATH:
        raise FormatError("BAD_TRIE_NODE", f"a path of more than {MAX_PATH} nodes")
    node = _next(nodes, expected)
    while True:
        match node:
            case [bytes(packed), target]:
                prefix, is_leaf = _unpack(packed)
                if rest[: len(prefix)] != prefix or is_leaf != (len(rest) == len(prefix)):
                    raise _not_there()
                rest = rest[len(prefix) :]
                if is_leaf:
                    return _end(target, nodes)
            case [*children] if len(children) == 17:
                if not rest:
                    return _end(children[16], nodes)
                target, rest = children[rest[0]], rest[1:]
            case _:
                raise FormatError("BAD_TRIE_NODE", "a node is neither a branch nor an extension nor a leaf")
        node = _next(nodes, target) if isinstance(target, bytes) else target


def _next(nodes: Iterator[bytes], expected: bytes) -> Item:
    data = next(nodes, None)
    if data is None or len(data) > MAX_RECEIPT + 64 or bytes(keccak(data)) != expected:
        raise _not_there()
    return decode_rlp(data)


def _end(value: Item, nodes: Iterator[bytes]) -> bytes:
    if not isinstance(value, bytes) or not value or next(nodes, None) is not None:
        raise _not_there()
    return value


def _not_there() -> VerificationError:
    return VerificationError("NOT_IN_BLOCK", "the path does not lead from the block's receipts root to this receipt")


def _key(index: int) -> bytes:
    return encode_rlp(encode_number(index))


def _keys(receipts: Sequence[bytes]) -> dict[Nibbles, bytes]:
    return {_nibbles(_key(index)): receipt for index, receipt in enumerate(receipts)}


def _nibbles(data: bytes) -> Nibbles:
    return tuple(nibble for byte in data for nibble in (byte >> 4, byte & 15))


def _pack(nibbles: Nibbles, is_leaf: bool) -> bytes:
    odd = len(nibbles) % 2
    flag = (2 * is_leaf + odd, *((0,) if not odd else ()))
    full = flag + nibbles
    return bytes(full[at] << 4 | full[at + 1] for at in range(0, len(full), 2))


def _unpack(packed: bytes) -> tuple[Nibbles, bool]:
    nibbles = _nibbles(packed)
    if not nibbles or nibbles[0] > 3 or (nibbles[0] % 2 == 0 and nibbles[1] != 0):
        raise FormatError("BAD_TRIE_NODE", "a node's part of the key is not packed as tries have it")
    return nibbles[1 if nibbles[0] % 2 else 2 :], nibbles[0] > 1


def _build(values: Mapping[Nibbles, bytes]) -> bytes:
    """The encoded node of these values, whose keys begin at this node."""
    return encode_rlp(_node(values))


def _node(values: Mapping[Nibbles, bytes]) -> Item:
    if len(values) == 1:
        [(key, value)] = values.items()
        return [_pack(key, True), value]
    shared = _shared(values)
    if shared:
        below = {key[len(shared) :]: value for key, value in values.items()}
        return [_pack(shared, False), _reference(below)]
    children: list[Item] = [b""] * 17
    for nibble in range(16):
        below = {key[1:]: value for key, value in values.items() if key and key[0] == nibble}
        if below:
            children[nibble] = _reference(below)
    children[16] = values.get((), b"")
    return children


def _reference(values: Mapping[Nibbles, bytes]) -> Item:
    """A node as its parent has it: itself where it is short, else its hash."""
    encoded = _build(values)
    return _node(values) if len(encoded) < _HASHED else bytes(keccak(encoded))


def _shared(values: Mapping[Nibbles, bytes]) -> Nibbles:
    first, last = min(values), max(values)
    count = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:count]


def _walk(values: Mapping[Nibbles, bytes], rest: Nibbles, path: list[bytes]) -> None:
    """Add the hashed nodes on the way to ``rest``, this one first."""
    encoded = _build(values)
    if not path or len(encoded) >= _HASHED:
        path.append(encoded)
    if len(values) == 1:
        return
    shared = _shared(values)
    if shared:
        _walk({key[len(shared) :]: value for key, value in values.items()}, rest[len(shared) :], path)
    elif rest:
        _walk({key[1:]: value for key, value in values.items() if key and key[0] == rest[0]}, rest[1:], path)


def _log(log: NodeLog) -> Item:
    return [bytes(log.address), list(log.topics), log.data]


def _parse_log(item: Item) -> ReceiptLog:
    match item:
        case [bytes(address), [*topics], bytes(data)] if len(address) == Address.SIZE and len(topics) <= 4:
            hashes = tuple(topic for topic in topics if isinstance(topic, bytes) and len(topic) == ChainHash.SIZE)
            if len(hashes) == len(topics):
                return ReceiptLog(Address(address), hashes, data)
    raise FormatError("BAD_RECEIPT", "a log has an address, up to four topics and data")
