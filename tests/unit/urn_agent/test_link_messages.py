"""Messages as bytes: what firmware has to write and read."""

import pytest

from ledger.election import MAX_TURNOUT_TIMES
from ledger.errors import FormatError
from urn_agent.frame import MAX_PAYLOAD, encode_frame
from urn_agent.link_messages import (
    AGENT_TYPES,
    MAX_CHUNK,
    MAX_CONNECTION,
    MAX_WORDS,
    URN_TYPES,
    Data,
    Hello,
    Message,
    Noted,
    Refused,
    Welcome,
    encode_message,
    fit_words,
    parse_body,
    parse_header,
)

BIG = 2**53 - 1


# Written by hand from the description of the format: header, then a MessagePack array.
@pytest.mark.parametrize(
    ("message", "connection", "sequence", "written"),
    [
        (Hello(1, "u", "2.4", 7, None, b""), 0x01020304, 0, "01 01020304 00000000 96 01 a175 a3322e34 07 c0 c400"),
        (Data(3, 960, b"\x00"), 1, 258, "03 00000001 00000102 93 03 cd03c0 c40100"),
        (Noted(1_800_000_000), MAX_CONNECTION, 1, "86 ffffffff 00000001 91 ce6b49d200"),
    ],
)
def test_known_bytes(message: Message, connection: int, sequence: int, written: str) -> None:
    payload = bytes.fromhex(written)
    assert encode_message(connection, sequence, message) == payload
    header = parse_header(payload)
    assert (header.connection, header.sequence) == (connection, sequence)
    assert parse_body(header, payload, {**URN_TYPES, **AGENT_TYPES}) == message


@pytest.mark.parametrize(
    "message",
    [
        Data(BIG, BIG, bytes(MAX_CHUNK)),
        Refused(BIG, bytes(32), "X" * 64, "ү" * MAX_WORDS, False),
        Hello(BIG, "u" * 64, "f" * 64, BIG, BIG, bytes(128)),
        Welcome(BIG, bytes(32), BIG, (BIG,) * MAX_TURNOUT_TIMES, bytes(128), bytes(128)),
    ],
)
def test_the_longest_messages_fit_into_a_frame(message: Message) -> None:
    payload = encode_message(MAX_CONNECTION, MAX_CONNECTION, message)
    assert len(payload) <= MAX_PAYLOAD
    encode_frame(payload)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("01 00000001 00000000", "LINK_MESSAGE_TOO_SHORT"),
        ("7f 00000001 00000000 90", "LINK_MESSAGE_UNKNOWN"),
        ("86 00000001 00000000 90", "LINK_MESSAGE_UNKNOWN"),  # An agent's message, to the agent.
        ("04 00000001 00000000 9101", "LINK_MESSAGE_MALFORMED"),
        ("04 00000001 00000000 90c0", "LINK_MESSAGE_MALFORMED"),
        ("04 00000001 00000000 dc0000", "LINK_MESSAGE_MALFORMED"),  # Not the shortest form of an empty array.
        ("01 00000001 00000000 96 01 a120 a3322e34 07 c0 c400", "LINK_MESSAGE_MALFORMED"),
    ],
)
def test_what_is_no_message_is_refused_by_code(written: str, code: str) -> None:
    payload = bytes.fromhex(written)
    with pytest.raises(FormatError) as caught:
        parse_body(parse_header(payload), payload, URN_TYPES)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("words", "fitting"),
    [
        ("и\u0306", "й"),
        ("a\nb\x00c", "a b c"),
        ("\t x ", "x"),
        ("y" * 500, "y" * MAX_WORDS),
        # This letter becomes two when it is normalised, so that it has to be cut afterwards.
        ("\u0958" * MAX_WORDS, "\u0915\u093c" * (MAX_WORDS // 2)),
    ],
)
def test_words_are_made_to_fit(words: str, fitting: str) -> None:
    assert fit_words(words) == fitting
    Refused(0, bytes(32), "X", fit_words(words), False)
