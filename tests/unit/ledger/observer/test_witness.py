"""A witness's answers: each status by its rule, and what it never does whatever it is asked."""

import itertools
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.evidence import Fork, parse_evidence, verify_fork
from ledger.merkle import EMPTY_ROOT, merkle_root
from ledger.note import Ed25519NoteSigner, encode_note, parse_note, verify_note
from ledger.observer.rate_limit import RateLimit
from ledger.observer.witness import NOTHING_SEEN, Answer, SeenHead
from ledger.observer.witness_evidence import EvidenceFolder
from ledger.observer.witness_store import SqliteHeadStore
from ledger.primitives import Hash
from ledger.signing import Ed25519Signer
from ledger.store.durable import StorageError
from ledger.witness_protocol import (
    SIZE_TYPE,
    AddCheckpoint,
    encode_request,
    parse_cosignatures,
    parse_request,
    parse_size,
)
from tests.unit.ledger.observer.witness_factory import LOG, ORIGIN, WITNESS_KEYS, Bench, head, leaves, proof, request


def assert_cosigned(answer: Answer, note: bytes) -> None:
    """By both of the witness's keys, over this head."""
    assert answer.status == 200
    lines = parse_cosignatures(answer.body)
    verified = verify_note(parse_note(encode_note(parse_note(note).text, lines)), WITNESS_KEYS)
    assert tuple(line.key for line in verified.signatures) == WITNESS_KEYS


def test_a_growing_log_is_cosigned_by_both_keys() -> None:
    bench = Bench()
    old = 0
    for size in (0, 1, 2, 7, 7, 300):
        assert_cosigned(bench.ask(old, size), head(size))
        old = size
    assert bench.store.read(ORIGIN).size == 300 and bench.evidence == []


def test_a_wrong_old_size_is_answered_with_the_right_one() -> None:
    bench = Bench()
    bench.ask(0, 5)
    for old, size in ((0, 5), (4, 6), (6, 7), (3, 4)):
        answer = bench.ask(old, size)
        assert (answer.status, answer.content_type, parse_size(answer.body)) == (409, SIZE_TYPE, 5)


def test_an_old_size_beyond_the_checkpoint_is_a_bad_request() -> None:
    assert Bench().ask(8, 7).status == 400


def test_a_history_that_does_not_extend_the_last_is_refused() -> None:
    bench = Bench()
    bench.ask(0, 5)
    assert bench.ask(5, 9, fork_at=3).status == 422
    assert_cosigned(bench.ask(5, 9), head(9))


@pytest.mark.parametrize("hashes", [(), proof(4, 9), (*proof(5, 9), Hash(bytes(32)))])
def test_a_bad_proof_is_refused(hashes: tuple[Hash, ...]) -> None:
    bench = Bench()
    bench.ask(0, 5)
    assert bench.witness.add_checkpoint(encode_request(AddCheckpoint(5, hashes, head(9)))).status == 422


def test_nothing_is_proved_about_an_empty_tree() -> None:
    assert Bench().witness.add_checkpoint(encode_request(AddCheckpoint(0, proof(4, 9), head(9)))).status == 422


def test_two_heads_of_one_size_are_kept_as_evidence() -> None:
    bench = Bench()
    bench.ask(0, 5)
    answer = bench.ask(5, 5, fork_at=2)
    assert (answer.status, answer.code) == (422, "FORK")
    [data] = bench.evidence
    fork = parse_evidence(data)
    assert isinstance(fork, Fork)
    proven = verify_fork(fork, [LOG.key])
    assert (proven.first.size, proven.first.root) == (5, merkle_root(leaves(5)))
    assert proven.second.root == merkle_root(leaves(5, 2))


def test_whose_log_it_is() -> None:
    bench = Bench()
    stranger = Ed25519NoteSigner("other.example", Ed25519Signer(bytes(32)))
    forger = Ed25519NoteSigner(ORIGIN, Ed25519Signer(b"\x09" * 32))
    for signer, status in ((stranger, 404), (forger, 403)):
        body = encode_request(AddCheckpoint(0, (), head(3, signer=signer)))
        assert bench.witness.add_checkpoint(body).status == status
    changed = bytearray(head(3))
    changed[-5] ^= 1
    assert bench.witness.add_checkpoint(encode_request(AddCheckpoint(0, (), bytes(changed)))).status in (400, 403)
    extended = sign_checkpoint(Checkpoint(ORIGIN, 3, merkle_root(leaves(3)), ("more",)), LOG)
    assert bench.witness.add_checkpoint(encode_request(AddCheckpoint(0, (), extended))).status == 403
    assert bench.store.read(ORIGIN) == NOTHING_SEEN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 00\n\n" + head(3),
        b"old -1\n\n" + head(3),
        b"old 9223372036854775808\n\n" + head(3),
        b"old 0\nAAAA\n\n" + head(3),
        b"old 0\n" + Hash(bytes(32)).base64().encode() + b"\n" + head(3),
        b"old 0\n" + (Hash(bytes(32)).base64().encode() + b"\n") * 64 + b"\n" + head(3),
        b"old 0\n\nnonsense",
        b"old 0\n\n" + head(3)[:-1],
        b"old 0\n\n" + head(3) + b"x" * 70_000,
    ],
)
def test_what_cannot_be_read_is_a_bad_request(body: bytes) -> None:
    assert Bench().witness.add_checkpoint(body).status == 400


def test_of_two_at_one_old_size_one_wins() -> None:
    """The other one stored first, in another process: its size is the answer."""
    bench = Bench()
    bench.ask(0, 3)
    bench.store.rivals.append(SeenHead(7, merkle_root(leaves(7)), head(7)))
    answer = bench.ask(3, 5)
    assert (answer.status, parse_size(answer.body)) == (409, 7)
    assert bench.store.read(ORIGIN).size == 7


def test_a_log_that_asks_too_often_waits() -> None:
    bench = Bench(at_once=2)
    assert [bench.ask(0, 1).status, bench.ask(1, 2).status, bench.ask(2, 3).status] == [200, 200, 429]
    bench.now = 1.0
    assert bench.ask(2, 3).status == 200


def test_a_bucket_fills_up_to_its_bound() -> None:
    now = [0.0]
    limit = RateLimit(2.0, 3, lambda: now[0])
    assert [limit.allows() for _ in range(4)] == [True, True, True, False]
    now[0] = 100.0
    assert [limit.allows("a") for _ in range(4)] == [limit.allows() for _ in range(4)] == [True, True, True, False]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.none() | st.integers(0, 19)), min_size=1, max_size=12)
)
def test_whatever_is_asked_all_that_was_cosigned_is_one_history(asks: list[tuple[int, int, int | None]]) -> None:
    bench = Bench()
    cosigned: list[tuple[int, int | None]] = []
    for old, size, fork_at in asks:
        if bench.ask(old, size, fork_at).status == 200:
            cosigned.append((size, fork_at))
    sizes = [size for size, _ in cosigned]
    assert sizes == sorted(sizes)
    for (small, one), (large, other) in itertools.pairwise(cosigned):
        assert leaves(small, one) == leaves(large, other)[:small]
    last = cosigned[-1] if cosigned else (0, None)
    assert bench.store.read(ORIGIN).root == merkle_root(leaves(*last))


def test_the_store_keeps_heads_and_compares_before_it_swaps(tmp_path: Path) -> None:
    one, two = SeenHead(3, merkle_root(leaves(3)), b"one"), SeenHead(5, merkle_root(leaves(5)), b"two")
    with SqliteHeadStore(tmp_path / "w.sqlite") as store, SqliteHeadStore(tmp_path / "w.sqlite") as other:
        assert store.read(ORIGIN) == NOTHING_SEEN == SeenHead(0, EMPTY_ROOT, b"")
        assert store.advance(ORIGIN, NOTHING_SEEN, one)
        assert not other.advance(ORIGIN, NOTHING_SEEN, two)
        assert other.read(ORIGIN) == one and other.read("log.example/2") == NOTHING_SEEN
        assert other.advance(ORIGIN, one, two)
    with SqliteHeadStore(tmp_path / "w.sqlite") as store:
        assert store.read(ORIGIN) == two


def test_another_program_s_database_is_left_alone(tmp_path: Path) -> None:

    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(StorageError) as caught:
        SqliteHeadStore(tmp_path / "other.sqlite")
    assert caught.value.code == "STORE_NOT_OURS"


def test_evidence_is_kept_once_and_bounded(tmp_path: Path) -> None:
    told: list[str] = []
    folder = EvidenceFolder(tmp_path / "evidence", 2, told.append)
    for data in (b"a", b"a", b"b", b"c"):
        folder.keep(data)
    assert len([*(tmp_path / "evidence").iterdir()]) == len(told) == 2


def test_requests_are_read_back() -> None:

    assert encode_request(parse_request(request(5, 9))) == request(5, 9)
