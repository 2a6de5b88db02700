"""Evidence: a fork is proven wherever there is one, an honest log is never convicted, a changed file proves nothing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import VerifiedCheckpoint, verify_checkpoint
from ledger.errors import FormatError, TunukError
from ledger.evidence import (
    MAX_EVIDENCE,
    Fork,
    encode_evidence,
    make_bad_entry,
    make_fork,
    parse_evidence,
    verify_entries,
    verify_fork,
)
from ledger.merkle import hash_leaf, merkle_root
from ledger.note import Ed25519NoteSigner
from ledger.observer.fork_search import find_fork
from ledger.observer.monitor_state import KeptHead
from ledger.observer.tree import Tree
from ledger.primitives import Hash
from ledger.signing import Ed25519Signer
from tests.unit.ledger.observer.witness_factory import LOG, ORIGIN, head, leaves, proof

STRANGER = Ed25519NoteSigner(ORIGIN, Ed25519Signer(b"\x07" * 32))


def kept(size: int, fork_at: int | None = None) -> KeptHead:
    return KeptHead(size, merkle_root(leaves(size, fork_at)), head(size, fork_at), 0)


def later(size: int, fork_at: int | None = None) -> tuple[VerifiedCheckpoint, Tree]:
    tree = Tree()
    tree.append(leaves(size, fork_at))
    return verify_checkpoint(head(size, fork_at), LOG.key), tree


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 80))
def test_a_fork_is_proven_exactly_where_the_histories_part(size: int, more: int, fork_at: int) -> None:
    checkpoint, tree = later(size + more, fork_at)
    fork = find_fork(kept(size), checkpoint, tree.content)
    assert (fork is None) == (fork_at >= size)
    if fork is not None:
        proven = verify_fork(fork, [LOG.key])
        assert (proven.first.size, proven.second.size) == (size, size + more)
        assert proven.prefix_root == merkle_root(leaves(size, fork_at)) != proven.first.root
        with pytest.raises(TunukError):
            verify_fork(fork, [STRANGER.key])
        assert parse_evidence(encode_evidence(fork)) == fork


@given(st.integers(1, 30), st.integers(0, 30), st.binary(min_size=32, max_size=32), st.integers(0, 30))
def test_an_honest_log_is_never_convicted(size: int, more: int, root: bytes, from_size: int) -> None:
    """Whatever root and proof are put between two of its heads."""
    claims = (
        make_fork(head(size), head(size + more), Hash(root), proof(size, size + more)),
        make_fork(head(size), head(size + more), merkle_root(leaves(size)), proof(size, size + more)),
        make_fork(head(size), head(size + more), Hash(root), proof(min(from_size, size + more), size + more)),
        make_fork(head(size + more), head(size), Hash(root), ()),
        make_fork(head(size), head(size), Hash(root), ()),
        make_fork(head(0), head(size), Hash(root), ()),
    )
    for claim in claims:
        with pytest.raises(TunukError):
            verify_fork(claim, [LOG.key])


def test_heads_of_two_logs_are_no_fork() -> None:
    other = Ed25519NoteSigner("log.example/2", Ed25519Signer(bytes(32)))
    fork = make_fork(head(5), head(5, 2, other), merkle_root(leaves(5, 2)), ())
    with pytest.raises(TunukError) as caught:
        verify_fork(fork, [LOG.key, other.key])
    assert caught.value.code == "PROVES_NOTHING"


def test_entries_are_the_log_s_first_ones_or_nothing() -> None:
    entries = [b"%d 0" % index for index in range(9)]
    assert merkle_root([hash_leaf(entry) for entry in entries]) == merkle_root(leaves(9))
    good = make_bad_entry(head(20), "CODE", entries, proof(9, 20))
    proven = verify_entries(good, [LOG.key])
    assert (proven.entries, good.code) == (tuple(entries), "CODE")
    assert parse_evidence(encode_evidence(good)) == good
    for bad in (
        make_bad_entry(head(20), "CODE", entries[:-1], proof(9, 20)),
        make_bad_entry(head(20), "CODE", entries[::-1], proof(9, 20)),
        make_bad_entry(head(20), "CODE", [], ()),
        make_bad_entry(head(8), "CODE", entries, ()),
        make_bad_entry(head(20, signer=STRANGER), "CODE", entries, proof(9, 20)),
    ):
        with pytest.raises(TunukError):
            verify_entries(bad, [LOG.key])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        encode_evidence(Fork("", "", "", ()))[:-2],
        encode_evidence(Fork("", "", "", ("",) * 65)),
        encode_evidence(Fork("", "", "", ())).replace(b"evidence/1", b"evidence/2"),
        msgspec.json.encode({"format": "tunuk-evidence/1", "evidence": {"kind": "other"}}),
        b" " * (MAX_EVIDENCE + 1),
    ],
    ids=range(9),
)
def test_what_is_no_evidence_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        parse_evidence(data)
    assert caught.value.code == "BAD_EVIDENCE"


def test_evidence_of_nonsense_proves_nothing() -> None:
    for fork in (Fork("", "", "", ()), Fork(head(3).decode(), "x", "", ())):
        with pytest.raises(TunukError):
            verify_fork(fork, [LOG.key])
