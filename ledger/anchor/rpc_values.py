"""Hexadecimal values of Ethereum's JSON-RPC, read strictly: what a node or a client sends may be anything.

Raises FormatError(``BAD_RPC_VALUE``) throughout. ``where`` names the value in the message.
"""

import re
from collections.abc import Mapping

from ledger.anchor.primitives import Address, ChainHash
from ledger.errors import FormatError

MAX_NUMBER = 2**256 - 1
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,63})")
_DATA = re.compile(r"0x([0-9a-fA-F]{2})*")


def encode_quantity(value: int) -> str:
    return hex(value)


def encode_data(value: bytes) -> str:
    return "0x" + value.hex()


def parse_quantity(value: object, where: str, maximum: int = MAX_NUMBER) -> int:
    """A number in hexadecimal without leading zeros."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise _bad(where, "a quantity is hexadecimal with 0x and no leading zeros", value)
    number = int(value, 16)
    if number > maximum:
        raise _bad(where, f"at most {maximum} is possible", value)
    return number


def parse_data(value: object, where: str, maximum: int) -> bytes:
    """Bytes in hexadecimal, at most ``maximum`` of them."""
    if not isinstance(value, str) or len(value) > 2 + 2 * maximum or not _DATA.fullmatch(value):
        raise _bad(where, f"data is hexadecimal with 0x, at most {maximum} bytes", value)
    return bytes.fromhex(value[2:])


def parse_hash(value: object, where: str) -> ChainHash:
    data = parse_data(value, where, ChainHash.SIZE)
    if len(data) != ChainHash.SIZE:
        raise _bad(where, "a hash has 32 bytes", value)
    return ChainHash(data)


def parse_address(value: object, where: str) -> Address:
    data = parse_data(value, where, Address.SIZE)
    if len(data) != Address.SIZE:
        raise _bad(where, "an address has 20 bytes", value)
    return Address(data)


def parse_fields(value: object, where: str) -> Mapping[str, object]:
    """A JSON object; a missing field reads as None by ``get``."""
    if not isinstance(value, dict):
        raise _bad(where, "an object is expected", value)
    return value


def parse_list(value: object, where: str, maximum: int) -> list[object]:
    if not isinstance(value, list) or len(value) > maximum:
        raise _bad(where, f"a list of at most {maximum} values is expected", value)
    return value


def _bad(where: str, rule: str, value: object) -> FormatError:
    # repr of a long list or string would be built whole before it is cut.
    shown = repr(value[:60]) if isinstance(value, str) else type(value).__name__
    return FormatError("BAD_RPC_VALUE", f"{where}: {rule}, not {shown}")
