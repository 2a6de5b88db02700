"""A proof's way over paper: texts of QR codes and back, and the page that they are on, read by another's reader."""

import json
import random
import re
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.observer.messages import LANGUAGES
from ledger.observer.qr_page import render_page
from ledger.observer.qr_sequence import (
    MAX_PARTS,
    PART_CHARACTERS,
    encode_qr_sequence,
    is_qr_sequence,
    parse_qr_sequence,
)

LIMIT = 1_000_000
CASES = json.loads((Path(__file__).parents[3] / "vectors" / "bbqr" / "sequences.json").read_text())["cases"]
PLAIN = "".join(f"line {number} of what is proved\n" for number in range(60)).encode()
RANDOM = random.Random(1).randbytes(5_000)  # any bytes that no program makes shorter


def refusal(text: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(FormatError) as caught:
        parse_qr_sequence(text, limit)
    return caught.value.code


@given(st.binary(max_size=4_000), st.randoms(use_true_random=False))
def test_scanned_codes_give_the_bytes_back_in_any_order_and_twice(data: bytes, order: random.Random) -> None:
    codes = encode_qr_sequence(data)
    scanned = codes + codes[:2]
    order.shuffle(scanned)
    text = "\r\n".join(scanned).encode()
    assert is_qr_sequence(text) and parse_qr_sequence(text, LIMIT) == data
    assert max(map(len, codes)) <= PART_CHARACTERS


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["encoding"])
def test_the_reference_implementations_codes_are_read(case: dict[str, list[str]]) -> None:
    assert parse_qr_sequence("\n".join(case["parts"]).encode(), LIMIT) == PLAIN


def test_what_is_missing_is_named() -> None:
    codes = encode_qr_sequence(RANDOM)
    with pytest.raises(FormatError, match="of 6 codes, scan these too: 2, 5") as caught:
        parse_qr_sequence("\n".join(codes[0:1] + codes[2:4] + codes[5:]).encode(), LIMIT)
    assert caught.value.code == "QR_CODES_MISSING"


def test_codes_of_two_sheets_do_not_mix() -> None:
    first, second = encode_qr_sequence(RANDOM), encode_qr_sequence(RANDOM[::-1])
    assert refusal("\n".join(first[:3] + second[2:]).encode()) == "QR_CODES_MIXED"
    assert refusal("\n".join(first[:3] + encode_qr_sequence(RANDOM[:3_000])).encode()) == "QR_CODES_MIXED"


@pytest.mark.parametrize(
    "line",
    [
        b"B$",
        b"B$2B0100!",
        b"B$2B0101AA",
        b"B$2B0000",
        b"B$HB010041",
        b"B$2U0100IE",
        b"B$2B01\xc300",
        b"B$2B0100A",
        b"x",
    ],
)
def test_what_is_no_code_is_refused(line: bytes) -> None:
    assert refusal(line) == "BAD_QR_CODE"


def test_what_was_packed_is_bounded_and_whole() -> None:
    zeros = "\n".join(encode_qr_sequence(bytes(100_000))).encode()
    assert parse_qr_sequence(zeros, 100_000) == bytes(100_000)
    assert refusal(zeros, 99_999) == "BAD_QR_CODE"
    assert refusal(zeros[:-8]) == "BAD_QR_CODE"
    assert refusal(b"B$ZB0100" + b"7" * 16) == "BAD_QR_CODE"


def test_too_many_codes_for_paper_are_refused() -> None:
    with pytest.raises(FormatError) as caught:
        encode_qr_sequence(RANDOM * 20 + random.Random(2).randbytes(MAX_PARTS * 900))  # as above
    assert caught.value.code == "TOO_MANY_CODES"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_every_code_for_a_reader_and_no_words_as_markup(language: str) -> None:
    codes = encode_qr_sequence(RANDOM)
    page = render_page(["A & B <script>alert(1)</script>"], codes, language)  # type: ignore[arg-type]  # of LANGUAGES
    assert (
        "<script" not in page and "A &amp; B" in page and "http" not in page.replace("http://www.w3.org/2000/svg", "")
    )
    assert [read_code(path) for path in re.findall(r' d="([^"]+)"', page)] == codes


def read_code(path: str) -> str:
    """The text of a code drawn as rows of strokes: ``M`` and ``m`` go to the next one, ``h`` draws it."""
    scale, rows = 4, [bytearray(b"\xff" * 500) for _ in range(500)]
    x = y = 0.0
    for command, arguments in re.findall(r"([Mmh])([-0-9. ]+)", path):
        numbers = [float(number) for number in re.findall(r"-?[0-9]*\.?[0-9]+", arguments)]
        if command == "h":
            for row in range(int(y) * scale, int(y + 1) * scale):
                rows[row][int(x) * scale : int(x + numbers[0]) * scale] = bytes(int(numbers[0]) * scale)
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if command == "M" else (x + numbers[0], y + numbers[1])
    picture = memoryview(b"".join(rows)).cast("B", (500, 500))
    [code] = zxingcpp.read_barcodes(picture)
    return code.text
