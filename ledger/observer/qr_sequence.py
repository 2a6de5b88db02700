"""Bytes as a sequence of QR codes' texts, and back: the form in which a proof goes by paper.

The format is BBQr (public domain; github.com/coinkite/BBQr): each text is ``B$``, the encoding, the type of file, how
many parts there are and which this is (two digits of base 36 each), then Base32 without padding. Here the encoding is
``Z`` (DEFLATE in a window of 1 KiB) where that is shorter, else ``2``, and the type is ``B``. Any reader of BBQr can
join them.
"""

import binascii
import zlib
from base64 import b32decode, b32encode

from ledger.errors import FormatError

PART_CHARACTERS = 1_448
"""Of a text, header and all: what a QR code of version 25 holds at error correction level M, in whole Base32 groups."""

MAX_PARTS = 99
"""11 sheets of paper; a proof of one contest has about ten."""

_HEADER = 8
_WINDOW_BITS = -10
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def encode_qr_sequence(data: bytes) -> list[str]:
    """The texts, in order. Raises FormatError(``TOO_MANY_CODES``)."""
    deflate = zlib.compressobj(level=9, wbits=_WINDOW_BITS)
    packed = deflate.compress(data) + deflate.flush()
    encoding, content = ("Z", packed) if len(packed) < len(data) else ("2", data)
    step = (PART_CHARACTERS - _HEADER) * 5 // 8
    parts = [content[at : at + step] for at in range(0, len(content), step)] or [b""]
    if len(parts) > MAX_PARTS:
        raise FormatError("TOO_MANY_CODES", f"this would take {len(parts)} codes: ask for one contest")
    return [
        f"B${encoding}B{_base36(len(parts))}{_base36(place)}" + b32encode(part).decode().rstrip("=")
        for place, part in enumerate(parts)
    ]


def is_qr_sequence(data: bytes) -> bool:
    """Whether it begins as a scanned code does; no proof bundle begins so."""
    return data.startswith(b"B$")


def parse_qr_sequence(text: bytes, limit: int) -> bytes:
    """Of scanned codes, a line each, in any order, some of them twice. ``limit`` bounds the bytes that come out.

    Raises FormatError(``BAD_QR_CODE``, ``QR_CODES_MIXED``, ``QR_CODES_MISSING``).
    """
    parts: dict[int, bytes] = {}
    kinds: set[tuple[str, int]] = set()
    for number, line in enumerate(text.decode("ascii", errors="replace").split(), 1):
        kind, place, part = _parse_part(line, number)
        kinds.add(kind)
        if len(kinds) > 1 or parts.setdefault(place, part) != part:
            raise FormatError("QR_CODES_MIXED", f"line {number} is a code of another sheet than those before it")
    [(encoding, total)] = kinds
    missing = [str(place + 1) for place in range(total) if place not in parts]
    if missing:
        raise FormatError("QR_CODES_MISSING", f"of {total} codes, scan these too: {', '.join(missing)}")
    content = b"".join(parts[place] for place in range(total))
    return content if encoding == "2" else _inflate(content, limit)


def _parse_part(line: str, number: int) -> tuple[tuple[str, int], int, bytes]:
    try:
        total, place = _number(line[4:6]), _number(line[6:8])
        if line[:2] != "B$" or line[2] not in "2Z" or line[3] != "B" or not place < total <= MAX_PARTS:
            raise ValueError
        text = line[_HEADER:]
        return (line[2], total), place, b32decode(text + "=" * (-len(text) % 8))
    except (ValueError, IndexError, binascii.Error) as error:
        words = f"line {number} is no code of a proof: a file of scanned codes has one in each line, whole"
        raise FormatError("BAD_QR_CODE", words) from error


def _inflate(content: bytes, limit: int) -> bytes:
    inflate = zlib.decompressobj(wbits=_WINDOW_BITS)
    try:
        data = inflate.decompress(content, limit)
    except zlib.error as error:
        raise FormatError("BAD_QR_CODE", "the codes together are not what was printed: scan them anew") from error
    if not inflate.eof or inflate.unused_data:
        raise FormatError("BAD_QR_CODE", f"the codes together are cut short, or hold more than {limit} bytes")
    return data


def _base36(number: int) -> str:
    return _DIGITS[number // 36] + _DIGITS[number % 36]


def _number(digits: str) -> int:
    if len(digits) != 2:
        raise ValueError(digits)
    return _DIGITS.index(digits[0]) * 36 + _DIGITS.index(digits[1])
