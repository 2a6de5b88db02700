"""Receipts that devices were given, held against what is published."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.checkpoint import verify_checkpoint
from ledger.errors import TunukError
from ledger.observer.compare import compare_states
from ledger.observer.evidence import judge_evidence
from ledger.observer.monitor import RECEIPT_SECONDS
from ledger.observer.monitor_state import KeptHead
from ledger.observer.receipts import read_receipt
from ledger.proof import TlogProof, encode_tlog_proof
from tests.unit.ledger.observer.publication_factory import Author, whole_author
from tests.unit.ledger.observer.watched import Watched, codes, fork, grow


def give(watched: Watched, author: Author) -> None:
    """A receipt for the newest entry of ``author``'s log."""
    head = verify_checkpoint(author.checkpoint(), [log.key for log in author.policy().logs])
    watched.state.keep_receipt(KeptHead(head.size, head.root, head.note, int(watched.now)))


def test_a_receipt_that_the_log_contains_is_watched_no_more(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    give(watched, watched.author)
    grow(watched.author, 3)
    assert codes(watched.look()) == [] and watched.state.receipts() == []


def test_a_receipt_that_the_log_does_not_contain_is_a_proven_fork(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    give(watched, fork(watched.author, 3))
    assert codes(watched.look()) == []
    for seq in (3, 4):
        grow(watched.author, seq)
    found = watched.look()
    assert codes(found) == ["FORK"] and found.alarms[0].lasting
    assert judge_evidence(watched.evidence(found), watched.author.policy())[1].code == "FORK"
    watched.restart()
    assert codes(watched.look()) == ["FORK"]


def test_a_receipt_ahead_of_what_is_published_may_wait_but_not_for_ever(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    ahead = whole_author()
    grow(ahead, 3)
    give(watched, ahead)
    assert codes(watched.look()) == []
    watched.now += RECEIPT_SECONDS + 1
    assert codes(watched.look()) == ["RECEIPT_NOT_COVERED"]
    grow(watched.author, 3)
    assert codes(watched.look()) == [] and watched.state.receipts() == []


def test_receipts_are_compared_with_states_and_with_each_other(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    policy = watched.author.policy()
    keys = [log.key for log in policy.logs]
    other = verify_checkpoint(fork(watched.author, 3).checkpoint(), keys)
    grow(watched.author, 3)
    mine = verify_checkpoint(watched.author.checkpoint(), keys)
    assert compare_states([], policy, [mine, mine]).fork is None
    assert compare_states([], policy, [mine, other]).fork is not None
    watched.look()
    assert compare_states([watched.folder], policy, [mine]).fork is None
    assert compare_states([watched.folder], policy, [other]).fork is not None


def test_only_a_receipt_that_the_log_signed_is_taken(tmp_path: Path) -> None:
    author = whole_author()
    path = tmp_path / "1.tlog-proof"
    path.write_bytes(encode_tlog_proof(TlogProof(0, (), author.checkpoint())))
    assert read_receipt(path, author.policy()).size == author.size
    path.write_bytes(path.read_bytes().replace(author.origin.encode() + b" ", b"elsewhere/x "))
    for data, code in (
        (path.read_bytes(), "NO_KNOWN_SIGNATURE"),
        (b"", "BAD_PROOF"),
        (b"x" * 5_000_000, "PROOF_TOO_LONG"),
    ):
        path.write_bytes(data)
        with pytest.raises(TunukError) as caught:
            read_receipt(path, author.policy())
        assert caught.value.code == code
    with pytest.raises(TunukError) as caught:
        read_receipt(tmp_path / "none", author.policy())
    assert caught.value.code == "UNREADABLE"
