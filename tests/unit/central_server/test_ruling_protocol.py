"""A protocol's table is read as it is written, and what is wrong is told by its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central_server.ruling_protocol import parse_protocol
from ledger.errors import FormatError

HEAD = "contest,line,count\n"


def test_lines_and_votes_by_contest() -> None:
    text = HEAD + "2,1,5\n1,valid,18\n1,3,6\n1,invalid,0\n\n1,1,12\n"
    first, second = parse_protocol(("﻿" + text).encode(), "p.csv")
    assert (first.contest, [(row.selection, row.votes) for row in first.votes]) == (1, [(1, 12), (3, 6)])
    assert [(row.line, row.count) for row in first.lines] == [("valid", 18), ("invalid", 0)]
    assert (second.contest, second.lines) == (2, ())


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"", "PROTOCOL_HEADER", "p.csv"),
        (b"contest;line;count\n", "PROTOCOL_HEADER", "p.csv"),
        (b"\xff", "PROTOCOL_NOT_UTF8", "p.csv"),
        (HEAD.encode() + b"1,1\n", "PROTOCOL_ROW", "line 2"),
        (HEAD.encode() + b"1,1,5\n1,1,6\n", "PROTOCOL_ROW", "line 3"),
        (HEAD.encode() + b"1,valid,5\n1,valid,6\n", "PROTOCOL_ROW", "line 3"),
        (HEAD.encode() + b"1,total,5\n", "PROTOCOL_ROW", "line 2"),
        (HEAD.encode() + b"1,1,-5\n", "PROTOCOL_ROW", "line 2"),
        (HEAD.encode() + "1,1,٥\n".encode(), "PROTOCOL_ROW", "line 2"),
        (HEAD.encode() + b'1,"1,5\n', "PROTOCOL_ROW", "line"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, code: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_protocol(data, "p.csv")
    assert caught.value.code == code and place in caught.value.message


@given(st.dictionaries(st.tuples(st.integers(0, 9), st.integers(0, 99)), st.integers(0, 10**9), min_size=1))
def test_every_vote_is_read(votes: dict[tuple[int, int], int]) -> None:
    rows = "".join(f"{contest},{selection},{count}\n" for (contest, selection), count in votes.items())
    contests = parse_protocol((HEAD + rows).encode(), "p.csv")
    assert {(one.contest, row.selection): row.votes for one in contests for row in one.votes} == votes


@given(st.binary(max_size=60))
def test_nothing_else_is_raised(data: bytes) -> None:
    try:
        parse_protocol(HEAD.encode() + data, "p.csv")
    except FormatError as error:
        assert error.code.startswith("PROTOCOL_")
