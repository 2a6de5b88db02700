"""What a monitor, or two of them, can prove to others, and what the proof does not prove."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import TunukError, VerificationError
from ledger.evidence import BadEntry, Fork, encode_evidence, parse_evidence
from ledger.note import Ed25519NoteSigner
from ledger.observer.compare import compare_states
from ledger.observer.evidence import judge_evidence
from ledger.policy import log_only_policy
from ledger.primitives import Hash
from ledger.signing import Ed25519Signer
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally
from tests.unit.ledger.observer.publication_factory import whole_author
from tests.unit.ledger.observer.watched import Watched, codes, fork, grow


def test_another_head_of_the_same_size_is_a_proven_fork(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    grow(watched.author, 3)
    watched.look()
    watched.serve(fork(watched.author, 3).files)
    found = watched.look()
    assert codes(found) == ["FORK"] and found.alarms[0].lasting
    assert judge_evidence(watched.evidence(found), watched.author.policy())[1].code == "FORK"


@pytest.mark.parametrize("more", [1, 300])
def test_a_larger_head_that_does_not_extend_the_kept_one_is_a_proven_fork(
    watch: Callable[..., Watched], more: int
) -> None:
    watched = watch(whole_author())
    grow(watched.author, 3)
    watched.look()
    other = fork(watched.author, 3)
    for seq in range(4, 4 + more):
        other.say(tally(other.night, seq=seq), DEVICE_KEYS[0])
    other.snapshot()
    watched.serve(other.publish())
    watched.restart()
    found = watched.look()
    assert codes(found) == ["FORK"]
    data = watched.evidence(found)
    _, finding = judge_evidence(data, watched.author.policy())
    assert finding.facts["size"] == watched.author.size and finding.facts["larger"] == other.size
    stranger = log_only_policy(Ed25519NoteSigner(watched.author.origin, Ed25519Signer(bytes(32))).key)
    with pytest.raises(TunukError):
        judge_evidence(data, stranger)
    evidence = parse_evidence(data)
    assert isinstance(evidence, Fork)
    changed = Fork(evidence.first, evidence.second, Hash(bytes(32)).base64(), evidence.proof)
    with pytest.raises(VerificationError) as caught:
        judge_evidence(encode_evidence(changed), watched.author.policy())
    assert caught.value.code == "PROVES_NOTHING"


def test_a_smaller_head_of_another_history_is_a_proven_fork(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    grow(watched.author, 3)
    grow(watched.author, 4)
    watched.look()
    watched.serve(fork(watched.author, 3).files)
    found = watched.look()
    assert codes(found) == ["FORK"]
    assert judge_evidence(watched.evidence(found), watched.author.policy())[1].code == "FORK"


def test_an_older_head_that_stays_is_a_rollback_without_proof(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    before = dict(watched.author.files)
    grow(watched.author, 3)
    watched.look()
    watched.serve(before)
    found = watched.look()
    assert codes(found) == ["ROLLED_BACK"] and found.alarms[0].evidence is None
    assert watched.waited == [1.0, 2.0]
    watched.serve(watched.author.files)
    assert codes(watched.look()) == []


def test_an_older_head_from_a_cache_is_no_alarm(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    before = dict(watched.author.files)
    grow(watched.author, 3)
    watched.look()
    watched.serve(before)
    watched.between = lambda: watched.serve(watched.author.files)
    assert codes(watched.look()) == []


def test_a_false_snapshot_is_proven_by_entries_alone(watch: Callable[..., Watched]) -> None:
    """The evidence needs no published file, and none but the true code convinces."""
    author = whole_author()
    author.say(tally(author.night, seq=3), DEVICE_KEYS[0])
    index = author.snapshot(manifest_hash=Hash(bytes(32)))
    author.say(tally(author.night, seq=4), DEVICE_KEYS[0])
    author.publish()
    watched = watch(author)
    found = watched.look()
    assert "SNAPSHOT_MANIFEST" in codes(found)
    data = watched.evidence(found)
    _, finding = judge_evidence(data, author.policy())
    assert (finding.code, finding.index) == ("SNAPSHOT_MANIFEST", index)
    bad = parse_evidence(data)
    assert isinstance(bad, BadEntry) and len(bad.entries) == index + 1
    others = [
        BadEntry(bad.note, "SNAPSHOT_ROOT", bad.entries, bad.proof),
        BadEntry(bad.note, bad.code, bad.entries[:-1], bad.proof),
        BadEntry(bad.note, bad.code, bad.entries[1:], bad.proof),
        BadEntry(bad.note, bad.code, bad.entries, ()),
    ]
    for other in others:
        with pytest.raises(VerificationError) as caught:
            judge_evidence(encode_evidence(other), author.policy())
        assert caught.value.code == "PROVES_NOTHING"


def test_two_monitors_of_a_split_view_convict_the_log(watch: Callable[..., Watched], tmp_path: Path) -> None:
    """Each is content; together they have the proof, whichever saw more."""
    author = whole_author()
    grow(author, 3)
    other = fork(author, 3)
    grow(other, 4)
    ours, theirs = watch(author, "ours"), watch(other, "theirs")
    assert codes(ours.look()) == codes(theirs.look()) == []
    for states in ([ours.folder, theirs.folder], [theirs.folder, ours.folder]):
        found = compare_states(states, author.policy())
        assert found.fork is not None
        assert judge_evidence(encode_evidence(found.fork), author.policy())[1].code == "FORK"


def test_two_monitors_of_one_log_agree(watch: Callable[..., Watched]) -> None:
    author = whole_author()
    ours = watch(author, "ours")
    ours.look()
    grow(author, 3)
    theirs = watch(author, "theirs")
    theirs.look()
    found = compare_states([ours.folder, theirs.folder], author.policy())
    assert (found.fork, found.heads, found.uncovered) == (None, 2, 0)
