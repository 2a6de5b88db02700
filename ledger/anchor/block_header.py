"""Block headers: from what a node answers to the bytes that are hashed, and back to the fields that matter here.

Every field that a fork added is kept, in its order; a node that leaves one out gives a header of another hash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from Crypto.Hash import keccak as _keccak

from ledger.anchor.primitives import ChainHash
from ledger.anchor.rlp import Item, decode_rlp, encode_number, encode_rlp, parse_number
from ledger.anchor.rpc_values import parse_data, parse_fields, parse_quantity
from ledger.errors import FormatError

MAX_HEADER = 16_384
"""Bytes. The validators and seals of a hundred of them are 9 KB."""

_BYTES = "bytes"
_NUMBER = "number"
# In the order of the Yellow Paper, then of the forks: London, Shanghai, Cancun, Prague.
_FIELDS = (
    ("parentHash", _BYTES), ("sha3Uncles", _BYTES), ("miner", _BYTES), ("stateRoot", _BYTES),
    ("transactionsRoot", _BYTES), ("receiptsRoot", _BYTES), ("logsBloom", _BYTES), ("difficulty", _NUMBER),
    ("number", _NUMBER), ("gasLimit", _NUMBER), ("gasUsed", _NUMBER), ("timestamp", _NUMBER), ("extraData", _BYTES),
    ("mixHash", _BYTES), ("nonce", _BYTES), ("baseFeePerGas", _NUMBER), ("withdrawalsRoot", _BYTES),
    ("blobGasUsed", _NUMBER), ("excessBlobGas", _NUMBER), ("parentBeaconBlockRoot", _BYTES), ("requestsHash", _BYTES),
)  # fmt: skip
_ALWAYS = 15
_RECEIPTS_ROOT, _NUMBER_AT, _TIMESTAMP, EXTRA_DATA = 5, 8, 11, 12


def keccak(data: bytes) -> ChainHash:
    return ChainHash(_keccak.new(digest_bits=256, data=data).digest())


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """``fields`` as RLP has them; ``hash`` by the rule of most chains (QBFT has another: ``qbft``)."""

    fields: tuple[bytes, ...]

    @property
    def number(self) -> int:
        return parse_number(self.fields[_NUMBER_AT])

    @property
    def timestamp(self) -> int:
        """Unix seconds, by the validators' clocks."""
        return parse_number(self.fields[_TIMESTAMP])

    @property
    def receipts_root(self) -> ChainHash:
        return ChainHash(self.fields[_RECEIPTS_ROOT])

    @property
    def extra_data(self) -> bytes:
        return self.fields[EXTRA_DATA]

    @property
    def hash(self) -> ChainHash:
        return keccak(self.encode())

    def encode(self) -> bytes:
        return encode_rlp(self.fields)

    def with_extra_data(self, extra_data: bytes) -> "BlockHeader":
        return BlockHeader((*self.fields[:EXTRA_DATA], extra_data, *self.fields[EXTRA_DATA + 1 :]))


def parse_header(data: bytes) -> BlockHeader:
    """Raises FormatError(``BAD_HEADER``, ``BAD_RLP``)."""
    if len(data) > MAX_HEADER:
        raise FormatError("BAD_HEADER", f"a header has at most {MAX_HEADER} bytes, not {len(data)}")
    return _checked(decode_rlp(data))


def header_of_block(block: object) -> BlockHeader:
    """Of a block as ``eth_getBlockByNumber`` gives it. Raises FormatError(``BAD_RPC_VALUE``, ``BAD_HEADER``)."""
    given = parse_fields(block, "block")
    fields = [_field(given, name, kind) for name, kind in _FIELDS[:_ALWAYS]]
    for name, kind in _FIELDS[_ALWAYS:]:
        if given.get(name) is None:
            break
        fields.append(_field(given, name, kind))
    return _checked(fields)


def _field(given: Mapping[str, object], name: str, kind: str) -> bytes:
    if kind == _NUMBER:
        return encode_number(parse_quantity(given.get(name), f"block.{name}"))
    return parse_data(given.get(name), f"block.{name}", MAX_HEADER)


def _checked(fields: Item | Sequence[bytes]) -> BlockHeader:
    lengths = {0: 32, 1: 32, 2: 20, 3: 32, 4: 32, 5: 32, 6: 256, 13: 32, 14: 8}
    if isinstance(fields, bytes) or not _ALWAYS <= len(fields) <= len(_FIELDS):
        raise FormatError("BAD_HEADER", "a header is a list of 15 to 21 fields")
    strings = tuple(field for field in fields if isinstance(field, bytes))
    if len(strings) != len(fields) or any(len(strings[at]) != length for at, length in lengths.items()):
        raise FormatError("BAD_HEADER", "a header's field has a wrong length")
    header = BlockHeader(strings)
    # Read once, so that whoever asks later needs no care.
    _ = header.number, header.timestamp
    return header
