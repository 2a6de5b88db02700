"""Frames on the serial line: where one message ends and the next begins, and whether it arrived whole.

A frame is ``00 ‖ COBS(payload ‖ CRC-32) ‖ 00``. Consistent overhead byte stuffing (Cheshire and Baker, 1999) removes
every zero from the inside, so that a zero always ends a frame, and a receiver that starts in the middle of a stream or
after noise is in step again at the next zero. The leading zero closes whatever noise came before. CRC-32 is the one of
zlib and Ethernet, big-endian.

Responsible for the envelope only: it carries opaque bytes, does no IO, and knows nothing of messages, acknowledgements
or time. The checksum finds noise; it is no protection against a person at the cable.
"""

import zlib
from dataclasses import dataclass

from ledger.errors import FormatError

DELIMITER = b"\x00"
CRC_SIZE = 4

MAX_PAYLOAD = 1_024
"""Bytes of payload in a frame. At 9,600 baud such a frame takes 1.1 s: a longer one would make each repeat after noise
dearer, a much shorter one would spend the line on overhead and on waiting for answers."""

_FULL_BLOCK = 254
MAX_ENCODED = MAX_PAYLOAD + CRC_SIZE + (MAX_PAYLOAD + CRC_SIZE) // _FULL_BLOCK + 1
"""Bytes between two delimiters. The decoder's buffer never holds more: no sender has a reason to go on longer without a
zero, so what exceeds it is noise or an attack, and is dropped instead of kept."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that arrived whole: 1…MAX_PAYLOAD bytes."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Bytes between two delimiters that are no frame. Reported for counting; the stream goes on.

    ``code`` is one of LINK_FRAME_TOO_LONG, LINK_FRAME_TOO_SHORT, LINK_FRAME_BAD_STUFFING, LINK_FRAME_BAD_CHECKSUM.
    """

    code: str
    size: int


def encode_frame(payload: bytes) -> bytes:
    """Wrap 1…MAX_PAYLOAD bytes. Raises FormatError(``LINK_FRAME_TOO_LONG``, ``LINK_FRAME_TOO_SHORT``)."""
    if not payload:
        raise FormatError("LINK_FRAME_TOO_SHORT", "a frame carries at least one byte")
    if len(payload) > MAX_PAYLOAD:
        raise FormatError("LINK_FRAME_TOO_LONG", f"a frame carries at most {MAX_PAYLOAD} bytes, not {len(payload)}")
    return DELIMITER + encode_cobs(payload + zlib.crc32(payload).to_bytes(CRC_SIZE, "big")) + DELIMITER


class FrameDecoder:
    """Turns a stream, however it is cut into pieces, into frames. ``feed`` never raises on what the line brings."""

    __slots__ = ("_buffer", "_is_skipping")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_skipping = False

    def feed(self, data: bytes) -> list[Frame | BadFrame]:
        """Take the next bytes of the stream; return what they completed, in order (at most one event a byte)."""
        events: list[Frame | BadFrame] = []
        *ended, rest = data.split(DELIMITER)
        for piece in ended:
            self._keep(piece, events)
            if self._buffer:
                events.append(_parse_frame(bytes(self._buffer)))
            self._buffer.clear()
            self._is_skipping = False
        self._keep(rest, events)
        return events

    def _keep(self, piece: bytes, events: list[Frame | BadFrame]) -> None:
        if self._is_skipping:
            return
        if len(self._buffer) + len(piece) > MAX_ENCODED:
            # Said as soon as it is certain, so that a line that sends no zero at all still shows as broken.
            events.append(BadFrame("LINK_FRAME_TOO_LONG", MAX_ENCODED))
            self._buffer.clear()
            self._is_skipping = True
            return
        self._buffer += piece


def _parse_frame(encoded: bytes) -> Frame | BadFrame:
    try:
        body = decode_cobs(encoded)
    except FormatError as error:
        return BadFrame(error.code, len(encoded))
    if len(body) <= CRC_SIZE:
        return BadFrame("LINK_FRAME_TOO_SHORT", len(encoded))
    payload, checksum = body[:-CRC_SIZE], body[-CRC_SIZE:]
    if len(payload) > MAX_PAYLOAD:
        return BadFrame("LINK_FRAME_TOO_LONG", len(encoded))
    if zlib.crc32(payload).to_bytes(CRC_SIZE, "big") != checksum:
        return BadFrame("LINK_FRAME_BAD_CHECKSUM", len(encoded))
    return Frame(payload)


def encode_cobs(data: bytes) -> bytes:
    """Stuff ``data`` so that it holds no zero byte; ``len(data) // 254 + 1`` bytes longer at most."""
    encoded = bytearray()
    runs = data.split(DELIMITER)
    for position, run in enumerate(runs):
        is_last = position == len(runs) - 1
        start = 0
        while len(run) - start >= _FULL_BLOCK:
            encoded.append(_FULL_BLOCK + 1)
            encoded += run[start : start + _FULL_BLOCK]
            start += _FULL_BLOCK
        # A full block stands for no zero; so when the data ends with one, nothing is left to say.
        if not (is_last and start and start == len(run)):
            encoded.append(len(run) - start + 1)
            encoded += run[start:]
    return bytes(encoded)


def decode_cobs(encoded: bytes) -> bytes:
    """Undo ``encode_cobs``. Raises FormatError(``LINK_FRAME_BAD_STUFFING``)."""
    data = bytearray()
    position = 0
    while position < len(encoded):
        code = encoded[position]
        block = encoded[position + 1 : position + code]
        if code == 0 or len(block) != code - 1 or 0 in block:
            raise FormatError("LINK_FRAME_BAD_STUFFING", f"the stuffing breaks at byte {position} of {len(encoded)}")
        data += block
        position += code
        if code <= _FULL_BLOCK and position < len(encoded):
            data.append(0)
    return bytes(data)
