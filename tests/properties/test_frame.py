"""Frames survive every way in which a stream can be cut or spoilt."""

from hypothesis import given
from hypothesis import strategies as st

from urn_agent.frame import (
    DELIMITER,
    MAX_ENCODED,
    MAX_PAYLOAD,
    BadFrame,
    Frame,
    FrameDecoder,
    decode_cobs,
    encode_cobs,
    encode_frame,
)

payloads = st.binary(min_size=1, max_size=MAX_PAYLOAD)


@given(st.binary(max_size=2_000) | st.binary(max_size=3).map(lambda part: part * 400))
def test_stuffing_hides_zeros_and_is_undone(data: bytes) -> None:
    encoded = encode_cobs(data)
    assert 0 not in encoded
    assert decode_cobs(encoded) == data
    assert len(encoded) <= len(data) + len(data) // 254 + 1


@given(st.lists(payloads, max_size=4), st.binary(max_size=80))
def test_split_at_every_byte_gives_the_same_events(contents: list[bytes], noise: bytes) -> None:
    stream = noise + b"".join(encode_frame(content) for content in contents)
    whole = FrameDecoder().feed(stream)
    for position in range(0, len(stream) + 1, 1 + len(stream) // 300):
        decoder = FrameDecoder()
        assert decoder.feed(stream[:position]) + decoder.feed(stream[position:]) == whole
    byte_by_byte = FrameDecoder()
    assert [event for byte in stream for event in byte_by_byte.feed(bytes([byte]))] == whole


@given(st.binary(max_size=3 * MAX_ENCODED), payloads)
def test_a_frame_after_any_garbage_arrives(garbage: bytes, payload: bytes) -> None:
    """The leading delimiter closes the garbage, whatever it was."""
    assert FrameDecoder().feed(garbage + encode_frame(payload))[-1] == Frame(payload)


@given(payloads, st.data())
def test_a_changed_byte_never_passes(payload: bytes, data: st.DataObject) -> None:
    """CRC-32 finds every single wrong byte; a byte that becomes a delimiter cuts the frame."""
    stream = encode_frame(payload)
    position = data.draw(st.integers(0, len(stream) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != stream[position]))
    events = FrameDecoder().feed(stream[:position] + bytes([value]) + stream[position + 1 :] + DELIMITER)
    good = [event for event in events if isinstance(event, Frame)]
    # A spoilt outer delimiter may leave the frame itself unharmed.
    assert good == [] or (good == [Frame(payload)] and position in (0, len(stream) - 1))


@given(st.lists(st.binary(max_size=2_000), max_size=8))
def test_the_buffer_is_bounded(pieces: list[bytes]) -> None:
    decoder = FrameDecoder()
    for piece in pieces:
        events = decoder.feed(piece)
        assert all(event.size <= MAX_ENCODED for event in events if isinstance(event, BadFrame))
        assert len(decoder._buffer) <= MAX_ENCODED
