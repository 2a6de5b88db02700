"""RLP, the encoding of Ethereum's headers and receipts: byte strings and lists of them (Yellow Paper, appendix B).

One item, one encoding: what another spelling would decode to as well is refused, so that what was hashed is what is
read. Here and not a library's, because those bring an Ethereum toolkit along that an observer would have to trust.
"""

from collections.abc import Sequence
from typing import TypeAlias

from ledger.errors import FormatError

Item: TypeAlias = bytes | Sequence["Item"]

MAX_DEPTH = 16
"""Lists within lists: a header's seals are three deep."""


def encode_rlp(item: Item) -> bytes:
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _head(0x80, len(item)) + item
    data = b"".join(encode_rlp(one) for one in item)
    return _head(0xC0, len(data)) + data


def encode_number(value: int) -> bytes:
    """A whole number as the byte string that RLP has it in: big-endian, without leading zeros, empty for 0."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def parse_number(data: bytes) -> int:
    """Raises FormatError(``BAD_RLP``) for leading zeros or more than 32 bytes."""
    if len(data) > 32 or data[:1] == b"\x00":
        raise _bad("a number with leading zeros, or too long")
    return int.from_bytes(data, "big")


def decode_rlp(data: bytes) -> Item:
    """Byte strings and lists. Raises FormatError(``BAD_RLP``) for all that ``encode_rlp`` does not give."""
    item, end = _decode(data, 0, 0)
    if end != len(data):
        raise _bad("bytes after the item")
    return item


def _head(base: int, length: int) -> bytes:
    if length < 56:
        return bytes([base + length])
    size = encode_number(length)
    return bytes([base + 55 + len(size)]) + size


def _decode(data: bytes, at: int, depth: int) -> tuple[Item, int]:
    if at >= len(data):
        raise _bad("the data end before the item")
    first = data[at]
    if first < 0x80:
        return data[at : at + 1], at + 1
    start, end = _span(data, at, 0xC0 if first >= 0xC0 else 0x80)
    if first < 0xC0:
        text = data[start:end]
        if len(text) == 1 and text[0] < 0x80:
            raise _bad("a byte that needs no length before it")
        return text, end
    if depth == MAX_DEPTH:
        raise _bad(f"more than {MAX_DEPTH} lists within one another")
    items: list[Item] = []
    while start < end:
        item, start = _decode(data, start, depth + 1)
        items.append(item)
    if start != end:
        raise _bad("an item is longer than its list")
    return items, end


def _span(data: bytes, at: int, base: int) -> tuple[int, int]:
    """Where the item's content begins and ends."""
    length, start = data[at] - base, at + 1
    if length > 55:
        size = length - 55
        length = int.from_bytes(data[start : start + size], "big")
        start += size
        if start > len(data) or length < 56 or data[at + 1] == 0:
            raise _bad("a length in a longer form than it needs")
    if start + length > len(data):
        raise _bad("the data end within the item")
    return start, start + length


def _bad(what: str) -> FormatError:
    return FormatError("BAD_RLP", f"not RLP: {what}")
