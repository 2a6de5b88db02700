"""Frames on the line: known encodings, and each way in which one is refused."""

import zlib

import pytest

from ledger.errors import FormatError
from urn_agent.frame import (
    MAX_ENCODED,
    MAX_PAYLOAD,
    BadFrame,
    Frame,
    FrameDecoder,
    decode_cobs,
    encode_cobs,
    encode_frame,
)


# The examples that stand in the article on consistent overhead byte stuffing and in its encyclopaedia entries.
@pytest.mark.parametrize(
    ("data", "encoded"),
    [
        ("00", "0101"),
        ("0000", "010101"),
        ("00110000", "0102110101"),
        ("11223300 44", "0411223302 44"),
        ("11223344", "0511223344"),
        ("11000000", "0211010101"),
        (bytes(range(1, 255)).hex(), "ff" + bytes(range(1, 255)).hex()),
        (bytes(range(0, 255)).hex(), "01ff" + bytes(range(1, 255)).hex()),
        (bytes(range(1, 256)).hex(), "ff" + bytes(range(1, 255)).hex() + "02ff"),
        (bytes([*range(2, 256), 0]).hex(), "ff" + bytes(range(2, 256)).hex() + "0101"),
        (bytes([*range(3, 256), 0, 1]).hex(), "fe" + bytes(range(3, 256)).hex() + "0201"),
    ],
)
def test_published_examples(data: str, encoded: str) -> None:
    assert encode_cobs(bytes.fromhex(data)) == bytes.fromhex(encoded)
    assert decode_cobs(bytes.fromhex(encoded)) == bytes.fromhex(data)


def test_a_frame_is_the_stuffed_payload_with_its_checksum() -> None:
    """CRC-32 of "123456789" is the check value that every catalogue of checksums gives."""
    assert encode_frame(b"123456789") == b"\x00\x0e123456789" + bytes.fromhex("cbf43926") + b"\x00"


def test_the_longest_frame_passes_and_fills_the_bound() -> None:
    payload = b"\xff" * MAX_PAYLOAD
    assert len(encode_frame(payload)) - 2 == MAX_ENCODED
    assert FrameDecoder().feed(encode_frame(payload)) == [Frame(payload)]


@pytest.mark.parametrize(
    ("payload", "code"), [(b"", "LINK_FRAME_TOO_SHORT"), (b"x" * (MAX_PAYLOAD + 1), "LINK_FRAME_TOO_LONG")]
)
def test_what_cannot_be_framed_is_refused(payload: bytes, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        encode_frame(payload)
    assert caught.value.code == code


def stuffed(payload: bytes) -> bytes:
    return encode_cobs(payload + zlib.crc32(payload).to_bytes(4, "big"))


@pytest.mark.parametrize(
    ("between", "code"),
    [
        (b"\x05ab", "LINK_FRAME_BAD_STUFFING"),
        (b"\x03ab", "LINK_FRAME_TOO_SHORT"),
        (stuffed(b""), "LINK_FRAME_TOO_SHORT"),
        (stuffed(b"hello")[:-1] + b"\x01", "LINK_FRAME_BAD_CHECKSUM"),
        # Zeros need no more room stuffed than plain, so the payload's own bound has to hold as well.
        (stuffed(b"\x00" * (MAX_PAYLOAD + 1)), "LINK_FRAME_TOO_LONG"),
        (b"\x01" * (MAX_ENCODED + 1), "LINK_FRAME_TOO_LONG"),
    ],
)
def test_each_bad_frame_has_its_code_and_the_next_one_passes(between: bytes, code: str) -> None:
    events = FrameDecoder().feed(b"\x00" + between + encode_frame(b"next"))
    assert [event.code if isinstance(event, BadFrame) else event for event in events] == [code, Frame(b"next")]


def test_a_line_that_never_sends_a_zero_is_reported_once() -> None:
    decoder = FrameDecoder()
    events = [event for _ in range(50) for event in decoder.feed(b"\x01" * 1_000)]
    assert events == [BadFrame("LINK_FRAME_TOO_LONG", MAX_ENCODED)]
