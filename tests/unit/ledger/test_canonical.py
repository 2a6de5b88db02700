"""One value has one byte string. Other spellings, made by hand or by another MessagePack, are refused."""

import msgpack
import pytest

from ledger.canonical import (
    MAX_INTEGER,
    Canonical,
    Count,
    Hash32,
    Identifier,
    Text,
    decode,
    encode,
    require_text,
)
from ledger.errors import FormatError
from ledger.primitives import Hash


class Sample(Canonical, frozen=True):
    number: Count
    name: Identifier
    words: Text
    data: bytes
    flag: bool
    absent: Hash32 | None
    items: tuple[int, ...]

    def __post_init__(self) -> None:
        require_text(self.words)


VALUE = Sample(5, "u-1.a_B", "Жалал-Абад", b"\x00\xff", True, None, (1, 200))
CANONICAL = bytes.fromhex("97 05 a7 752d312e615f42 b3 d096d0b0d0bbd0b0d0bb2dd090d0b1d0b0d0b4 c40200ff c3 c0 92 01 ccc8")


def refuse(data: bytes, kind: type[object] = Sample) -> str:
    with pytest.raises(FormatError) as caught:
        decode(kind, data)
    assert caught.value.code == "NOT_CANONICAL"
    return caught.value.message


def replace(old: str, new: str) -> bytes:
    """The canonical bytes with one part spelled otherwise."""
    assert CANONICAL.count(bytes.fromhex(old)) == 1
    return CANONICAL.replace(bytes.fromhex(old), bytes.fromhex(new))


def test_a_value_and_its_bytes() -> None:
    assert encode(VALUE) == CANONICAL
    assert decode(Sample, CANONICAL) == VALUE


@pytest.mark.independent
def test_another_implementation_reads_and_writes_the_same() -> None:
    plain = [5, "u-1.a_B", "Жалал-Абад", b"\x00\xff", True, None, [1, 200]]
    assert msgpack.packb(plain) == CANONICAL
    assert msgpack.unpackb(CANONICAL) == plain


@pytest.mark.parametrize(
    "integer",
    [
        *(["cc05", "cd0005", "ce00000005", "cf0000000000000005"]),
        *(["d005", "d10005", "d200000005", "d30000000000000005"]),
    ],
)
def test_an_integer_in_more_bytes_than_it_needs_is_refused(integer: str) -> None:
    refuse(b"\x97" + bytes.fromhex(integer) + CANONICAL[2:])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("97 05", "dc0007 05"),
        ("97 05", "dd00000007 05"),
        ("92 01", "dc0002 01"),
        ("a7 75", "d907 75"),
        ("a7 75", "da0007 75"),
        ("b3 d096", "db00000013 d096"),
        ("c402", "c50002"),
        ("c402", "c600000002"),
    ],
)
def test_a_length_in_more_bytes_than_it_needs_is_refused(old: str, new: str) -> None:
    refuse(replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("97 05", "97 cb4014000000000000"),
        ("97 05", "97 ca40a00000"),
        ("97 05", "97 c3"),
        ("97 05", "97 a135"),
        ("97 05", "97 ff"),
        ("97 05", "97 c0"),
        ("c3 c0", "01 c0"),
        ("c40200ff", "a2 6162"),
        ("a7 75", "c407 75"),
        ("c40200ff", "d40100"),
        ("92 01 ccc8", "82 01 02 03 04"),
        ("92 01 ccc8", "92 01 c0"),
    ],
)
def test_a_value_of_another_type_is_refused(old: str, new: str) -> None:
    """Floats that are whole, booleans for numbers, text for bytes, maps for arrays, extensions, negative numbers."""
    refuse(replace(old, new))


@pytest.mark.parametrize("number", [0, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, MAX_INTEGER])
def test_integers_up_to_the_largest_round_trip(number: int) -> None:
    data = encode([number])
    assert decode(tuple[Count, ...], data) == (number,)
    assert data == msgpack.packb([number])


@pytest.mark.parametrize("number", [MAX_INTEGER + 1, 2**63, 2**64 - 1, -1])
def test_integers_beyond_what_json_keeps_are_refused(number: int) -> None:
    refuse(msgpack.packb([number]), tuple[Count, ...])


def test_arrays_of_another_length_are_refused() -> None:
    plain = msgpack.unpackb(CANONICAL)
    refuse(msgpack.packb(plain[:-1]))
    refuse(msgpack.packb([*plain, None]))
    refuse(msgpack.packb([]))


def test_a_map_in_place_of_an_array_is_refused() -> None:
    plain = msgpack.unpackb(CANONICAL)
    refuse(msgpack.packb(dict(zip(Sample.__struct_fields__, plain, strict=True))))


@pytest.mark.parametrize("extra", [b"\x00", b"\xc0", CANONICAL])
def test_bytes_after_the_value_are_refused(extra: bytes) -> None:
    refuse(CANONICAL + extra)


def test_every_cut_is_refused() -> None:
    for length in range(len(CANONICAL)):
        refuse(CANONICAL[:length])


def test_what_is_nested_without_end_is_refused() -> None:
    """It neither crashes the decoder nor gets through."""
    refuse(b"\x91" * 60_000)
    refuse(b"\x97\x05" + b"\x91" * 60_000)


def test_text_that_is_not_utf8_is_refused() -> None:
    refuse(replace("b3 d096", "b3 ff96"))
    # A lone surrogate, as some encoders write it.
    refuse(b"\x91\xa3\xed\xa0\x80", tuple[str, ...])


@pytest.mark.parametrize(
    "text",
    [
        "e\u0301",
        "и\u0306",
        "\u212b",
        " a",
        "a ",
        "a\n",
        "a\tb",
        "\x00",
        "a\u0085b",
        "\u00a0a",
        "a\u202eb",
        "a\u200bb",
        "a\u00adb",
        "\ufeffa",
        "a\u2028b",
        "a\u2029b",
    ],
)
def test_text_that_two_keyboards_write_in_two_ways_is_refused(text: str) -> None:
    """Not NFC, blanks at an end, controls, characters that are not seen or turn the text around."""
    with pytest.raises(ValueError):
        require_text("fine", text)
    plain = msgpack.unpackb(CANONICAL)
    refuse(msgpack.packb([*plain[:2], text, *plain[3:]]))


@pytest.mark.parametrize("text", ["", "é", "й", "Å", "Жогорку Кеңеш", "a\u00a0b", "№ 12"])
def test_text_in_its_one_form_is_taken(text: str) -> None:
    require_text(text)


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "ä", "a\n", "a" * 65, "a/b"])
def test_identifiers_are_short_and_ascii(name: str) -> None:
    refuse(msgpack.packb([name]), tuple[Identifier, ...])
    assert decode(tuple[Identifier, ...], msgpack.packb(["A" * 64])) == ("A" * 64,)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_hashes_have_their_length(length: int) -> None:
    refuse(msgpack.packb([bytes(length)]), tuple[Hash32, ...])


def test_fixed_bytes_are_written_as_bytes_and_other_objects_are_not() -> None:
    assert encode([Hash(bytes(32))]) == encode([bytes(32)])
    with pytest.raises(TypeError):
        encode([object()])


def test_the_message_says_where_the_fault_is() -> None:
    assert "$[0]" in refuse(b"\x97\xc3" + CANONICAL[2:])
