"""One byte changed anywhere in a published data file is found, and the file is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.observer.anchors import INDEX, claim_path
from tests.unit.ledger.observer.publication_factory import Author, whole_author

AUTHOR = whole_author(300)

KINDS = {
    "a full entry bundle": "tile/entries/000",
    "a partial entry bundle": "tile/entries/001.p/44",
    "a full tile of the leaves": "tile/0/000",
    "a partial tile of the leaves": "tile/0/001.p/44",
    "a tile of the level above": "tile/1/000.p/1",
    "the checkpoint": "checkpoint",
    "the first result file": "results/000001.json",
    "the last result file": "results/000002.json",
    "the latest results": "results/latest.json",
    "the precincts": "results/precincts.csv",
    "the coverage": "results/coverage.csv",
    "the flags": "results/flags.csv",
    "the turnout": "results/turnout.csv",
    "the returns": "results/returns.csv",
    "the rulings": "results/rulings.csv",
    "the election": "results/election.json",
    "an anchor claim": claim_path(12),
    "the list of claims": INDEX,
}


def flip(author: Author, path: str, position: int, mask: int = 1) -> dict[str, bytes]:
    data = bytearray(author.files[path])
    data[position] ^= mask
    return {**author.files, path: bytes(data)}


def test_every_kind_of_file_is_listed() -> None:
    assert set(KINDS.values()) == set(AUTHOR.files)


def test_an_honest_publication_passes() -> None:
    verdict = AUTHOR.audit()
    assert verdict.ok is True
    assert (verdict.tree_size, verdict.root_hash) == (300, AUTHOR.root())
    assert (verdict.snapshots, verdict.tallies, verdict.anchor_claims, verdict.anchors) == (2, 2, 1, None)


# Bytes 0x20 and 0x80 above keep no text what it was, and make no white space of another white space.
@pytest.mark.parametrize("mask", [0x01, 0x80])
@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_a_changed_byte_is_found_and_its_file_named(path: str, place: float, mask: int) -> None:
    data = AUTHOR.files[path]
    # Where on the chain an anchor lies, the second half of a claim, can be compared with the chain alone.
    end = data.index(b"transaction_hash") if path == claim_path(12) else len(data)
    verdict = AUTHOR.audit(flip(AUTHOR, path, round(place * (end - 1)), mask))
    assert verdict.ok is False
    assert path in {failure.path for failure in verdict.failures}, list(verdict.failures)


@given(st.data())
def test_no_changed_byte_passes(data: st.DataObject) -> None:
    """Claims apart: their blocks and transactions can only be compared with the chain."""
    path = data.draw(st.sampled_from([path for path in KINDS.values() if not path.startswith("anchors/")]))
    position = data.draw(st.integers(0, len(AUTHOR.files[path]) - 1))
    verdict = AUTHOR.audit(flip(AUTHOR, path, position, data.draw(st.integers(1, 255))))
    assert verdict.ok is False
    assert path in {failure.path for failure in verdict.failures}


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_a_file_that_is_gone_is_named(path: str) -> None:
    verdict = AUTHOR.audit({name: data for name, data in AUTHOR.files.items() if name != path})
    if path == INDEX:
        assert verdict.ok is True and verdict.anchor_claims == 0, "a log that was never anchored has no list"
        return
    assert [(failure.code, failure.path) for failure in verdict.failures] == [("FILE_MISSING", path)]


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("data", [b"", b"\x00" * 20_000_000, b"[" * 100_000], ids=["empty", "huge", "nested"])
def test_a_file_of_garbage_is_named(path: str, data: bytes) -> None:
    verdict = AUTHOR.audit({**AUTHOR.files, path: data})
    assert verdict.ok is False
    assert path in {failure.path for failure in verdict.failures}
