"""Where two files part, in words that a person can look up."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.observer.differences import Difference, find_difference

OURS = {
    "number": 3,
    "title": {"en": "T"},
    "contests": [{"votes": 5, "rows": [1, 2]}, {"votes": 7, "rows": []}],
    "ok": True,
}


def in_json(theirs: object) -> Difference:
    return find_difference("results/000001.json", json.dumps(theirs).encode(), json.dumps(OURS).encode())


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"number": 4}, ("number", "4", "3")),
        ({"number": "3"}, ("number", '"3"', "3")),
        ({"number": 3.0}, ("number", "3.0", "3")),
        ({"number": True}, ("number", "true", "3")),
        ({"title": {"en": "U"}}, ("title.en", '"U"', '"T"')),
        ({"title": {"en": "U"}, "contests": [{"votes": 5, "rows": [1, 9]}, {"votes": 7, "rows": []}]},
         ("contests[0].rows[1]", "9", "2")),
        ({"contests": []}, ("contests[0]", "nothing", "2 members")),
        ({"contests": 1}, ("contests", "1", "2 members")),
        ({"more": 1}, ("more", "1", "nothing")),
        ({"ok": False}, ("ok", "false", "true")),
    ],
)  # fmt: skip
def test_the_first_number_that_differs_is_named_else_the_first_value(
    changes: dict[str, object], found: tuple[str, str, str]
) -> None:
    difference = in_json({**OURS, **changes})
    assert (difference.place, difference.published, difference.recomputed) == found


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, json.dumps(OURS, indent=1).encode()])
def test_what_is_no_json_or_the_same_is_named_by_its_byte(data: bytes) -> None:
    found = find_difference("x.json", data, json.dumps(OURS).encode())
    assert found.place.startswith("byte ")


def test_a_strangers_words_come_short_and_escaped() -> None:
    found = in_json({**OURS, "number": "\x1b[31m\u202e" + "9" * 10_000, "title": {"en": "T"}})
    assert "\\u001b[31m\\u202e9" in found.published and len(found.published) <= 120


CSV = b'precinct,candidate,votes\nOne,A,5\n"Two, North",B,6\n'


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (CSV.replace(b"5", b"7"), ("line 2, column votes", '"7"', '"5"')),
        (CSV.replace(b"North", b"South"), ("line 3, column precinct", '"Two, South"', '"Two, North"')),
        (CSV.replace(b"One,A,5\n", b""), ("line 2, column precinct", '"Two, North"', '"One"')),
        (CSV[:-1], ("line 4", "nothing", '""')),
        (CSV.replace(b"A,5", b"A"), ("line 2", '"One,A"', '"One,A,5"')),
        (CSV.replace(b"A", b"\xff"), ("line 2", '"One,\\ufffd,5"', '"One,A,5"')),
    ],
)
def test_a_csv_file_parts_at_a_line_and_column(theirs: bytes, found: tuple[str, str, str]) -> None:
    difference = find_difference("results/precincts.csv", theirs, CSV)
    assert (difference.place, difference.published, difference.recomputed) == found


@given(st.binary(max_size=200), st.sampled_from(["x.json", "x.csv"]))
def test_any_bytes_can_be_told_from_ours(data: bytes, path: str) -> None:
    ours = json.dumps(OURS).encode() if path == "x.json" else CSV
    if data != ours:
        found = find_difference(path, data, ours)
        assert found.place and re.fullmatch(r"[ -~…]*", found.published + found.recomputed)
