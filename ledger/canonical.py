"""One value, one byte string: the canonical MessagePack form in which everything that is signed or hashed is written.

A value is an array, NFC text, bin, bool, an integer from 0 to 2**53 - 1, or nil for an absent optional; each in its
shortest form. Types are msgspec structs derived from ``Canonical``, so an array that is too short or too long is
refused; whatever does not re-encode to itself is refused too. This module knows no kind of record.
"""

import threading
import unicodedata
from typing import Annotated, Any, TypeVar

import msgspec

from ledger.errors import FormatError
from ledger.primitives import FixedBytes

MAX_ENTRY = 65_535
"""Bytes of one log entry: entry bundles carry a 16-bit length (C2SP tlog-tiles)."""

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
Time = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]
"""Unix seconds, to the end of the year 9999: the last that can be written as a date."""

Hash32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Bytes16 = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Bytes20 = Annotated[bytes, msgspec.Meta(min_length=20, max_length=20)]
Bytes64 = Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
Identifier = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
"""A short ASCII name for a thing: 1 to 64 letters, digits, dots, underscores and hyphens, first a letter or digit."""

Text = Annotated[str, msgspec.Meta(max_length=500)]
"""Free text for people, NFC. A struct that holds one calls ``require_text`` from its ``__post_init__``."""

_T = TypeVar("_T")


def _plain(value: object) -> bytes:
    if isinstance(value, FixedBytes):
        return bytes(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)
_DECODERS: dict[Any, msgspec.msgpack.Decoder[Any]] = {}
_MAKING_DECODER = threading.Lock()


class Canonical(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Base of every struct with a canonical form: its fields in order, as one array."""


def encode(value: object) -> bytes:
    """The canonical bytes of ``value`` (a ``Canonical`` struct, or a list or tuple of canonical values)."""
    return _ENCODER.encode(value)


def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """The decoder of a type, made once and by one thread at a time.

    msgspec 0.22 looks a struct's fields up when it meets the type for the first time, and a second thread that meets it
    meanwhile gets fields that are not there yet: the process dies. A decoder that is made holds all that it needs.
    """
    decoder = _DECODERS.get(kind)
    if decoder is None:
        with _MAKING_DECODER:
            decoder = _DECODERS.setdefault(kind, msgspec.msgpack.Decoder(kind))
    return decoder


def decode(kind: type[_T], data: bytes) -> _T:
    """Parse ``data`` as ``kind`` and refuse every spelling but the canonical one.

    Raises FormatError(``NOT_CANONICAL``) with the place of the fault where one is known.
    """
    try:
        value: _T = _decoder(kind).decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise FormatError("NOT_CANONICAL", f"not a well-formed {kind.__name__}: {error}") from error
    if _ENCODER.encode(value) != data:
        raise FormatError("NOT_CANONICAL", f"this {kind.__name__} does not re-encode to the same bytes")
    return value


# Controls, line separators, and what is there without being seen: it makes equal-looking names differ, or turns the
# direction of the text around them. None of the project's three languages is written with any of these.
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})


def decode_many(kind: type[_T], data: bytes) -> tuple[_T, ...]:
    """Parse an array of ``kind`` as ``decode`` does, for bytes that ``encode`` made of a tuple. Raises FormatError."""
    try:
        values: tuple[_T, ...] = _decoder(tuple[kind, ...]).decode(data)  # type: ignore[valid-type]  # made at run time
    except (msgspec.DecodeError, RecursionError) as error:
        raise FormatError("NOT_CANONICAL", f"not a well-formed array of {kind.__name__}: {error}") from error
    return values


def require_text(*texts: str) -> None:
    """Raise ValueError for text that is not NFC, has invisible characters, or starts or ends with a blank."""
    for text in texts:
        if not unicodedata.is_normalized("NFC", text):
            raise ValueError(f"text is not in Unicode normalisation form C: {text[:80]!r}")
        if text != text.strip() or any(unicodedata.category(character) in _INVISIBLE for character in text):
            raise ValueError(f"text has invisible characters or blanks at an end: {text[:80]!r}")
