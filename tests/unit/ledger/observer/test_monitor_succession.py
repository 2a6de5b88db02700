"""A monitor of a log that ends: what it has seen is held against the successor."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from ledger.errors import TunukError
from ledger.evidence import BadSuccession, encode_evidence, parse_evidence
from ledger.merkle import consistency_proof, hash_leaf, merkle_root
from ledger.observer.evidence import judge_evidence
from ledger.observer.monitor import Monitor
from ledger.observer.monitor_state import FormerHead, KeptHead
from ledger.observer.monitor_succession import is_later
from ledger.observer.published_entries import CHECKPOINT
from ledger.primitives import Hash, encode_base64
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally
from tests.unit.ledger.observer.publication_factory import Author, whole_author
from tests.unit.ledger.observer.successor_factory import finish, policy, take_again
from tests.unit.ledger.observer.watched import Watched, codes, grow


@pytest.fixture
def watched(watch: Callable[..., Watched]) -> Watched:
    """Of a log whose policy names its successor already, so that one file does for both."""
    found: Watched = watch(whole_author())
    found.monitor = Monitor(
        found.source, policy(found.author), found.state, lambda seconds: None, (), lambda: found.now, 0.0
    )
    return found


def test_a_successor_that_took_everything_is_told_once(watched: Watched) -> None:
    assert codes(watched.look()) == []
    heir = finish(take_again(watched.author, watched.author.size))
    watched.serve(heir.files)
    assert codes(watched.look()) == ["SUCCEEDED"]
    assert watched.state.origin() == heir.origin
    assert [head.size for head in watched.state.heads()] == [heir.size]
    # What it saw of the old log is in the new one's tree.
    assert watched.state.former_heads() == []
    grow(heir, 3)
    assert codes(watched.look()) == []


def test_the_old_log_in_the_place_of_the_new_one_is_another(watched: Watched) -> None:
    before = dict(watched.author.files)
    watched.look()
    watched.serve(finish(take_again(watched.author, watched.author.size)).files)
    watched.look()
    watched.serve(before)
    assert codes(watched.look()) == ["OTHER_LOG"]


def test_a_head_that_the_record_does_not_name_is_an_alarm_that_lasts(watched: Watched) -> None:
    kept = watched.author.size
    grow(watched.author, 3)
    watched.look()
    size = watched.author.size
    watched.serve(finish(take_again(watched.author, kept)).files)
    found = watched.look()
    assert codes(found) == ["SUCCEEDED", "SUCCESSION_HIDES"]
    assert found.alarms[1].lasting and found.alarms[1].finding.facts == {"size": size, "named": kept}
    _, proven = judge_evidence(watched.evidence(found), policy(watched.author))
    assert proven == found.alarms[1].finding
    assert codes(watched.look()) == ["SUCCESSION_HIDES"]


def test_a_head_that_the_record_names_is_none(watched: Watched) -> None:
    kept = watched.author.size
    grow(watched.author, 3)
    watched.look()
    last = {"last_size": watched.author.size, "last_root": watched.author.root()}
    heir = take_again(watched.author, kept, **last)
    heir.say(tally(heir.night, seq=3, votes=4), DEVICE_KEYS[0])
    watched.serve(finish(heir).files)
    assert codes(watched.look()) == ["SUCCEEDED"]
    assert [one.head.size for one in watched.state.former_heads()] == [last["last_size"]]


def test_the_tree_that_it_keeps_is_the_successors(watch: Callable[..., Watched]) -> None:
    """The old log had more entries than were taken again."""
    author = whole_author(300)
    found: Watched = watch(author)
    found.monitor = Monitor(found.source, policy(author), found.state, lambda seconds: None, (), lambda: 0.0, 0.0)
    found.look()
    last = {"last_size": author.size, "last_root": author.root()}
    heir = finish(take_again(author, 200, **last))
    found.serve(heir.files)
    assert codes(found.look()) == ["SUCCEEDED"]
    assert found.state.tree().root_at(heir.size) == heir.root()


@pytest.mark.parametrize("root", [bytes(32), b"\x01" * 32])
def test_another_root_of_the_last_head(watched: Watched, root: bytes) -> None:
    kept = watched.author.size
    grow(watched.author, 3)
    watched.look()
    watched.serve(finish(take_again(watched.author, kept, last_size=watched.author.size, last_root=root)).files)
    assert codes(watched.look()) == ["SUCCEEDED", "SUCCESSION_DIFFERS"]


def test_a_successor_of_other_entries(watched: Watched) -> None:
    watched.look()
    other = Author()
    for seq in range(1, 9):
        other.say(tally(other.night, seq=seq, votes=7), DEVICE_KEYS[0])
    other.snapshot()
    other.publish()
    watched.serve(finish(take_again(other, other.size)).files)
    assert codes(watched.look()) == ["SUCCEEDED", "SUCCESSION_DIFFERS"]


def test_evidence_that_shows_nothing(watched: Watched) -> None:
    """A head that the record knows of; a head of the successor itself; entries that end before the record or after."""
    kept = watched.author.size
    known = watched.author.files[CHECKPOINT]
    grow(watched.author, 3)
    watched.look()
    heir = finish(take_again(watched.author, kept))
    watched.serve(heir.files)
    true = parse_evidence(watched.evidence(watched.look()))
    assert isinstance(true, BadSuccession)
    entries = heir.night.entries
    longer, shorter = (tuple(map(encode_base64, entries[:count])) for count in (kept + 2, kept))
    leaves = [hash_leaf(entry) for entry in entries]

    def subtree(level: int, index: int) -> Hash:
        return merkle_root(leaves[index << level : (index + 1) << level])

    def proof(count: int) -> tuple[str, ...]:
        return tuple(node.base64() for node in consistency_proof(count, len(leaves), subtree))

    for changes in (
        {"head": known.decode()},
        {"head": heir.files[CHECKPOINT].decode()},
        {"entries": shorter, "proof": proof(kept)},
        {"entries": longer, "proof": proof(kept + 2)},
        {"entries": longer},
    ):
        with pytest.raises(TunukError) as caught:
            judge_evidence(encode_evidence(structs.replace(true, **changes)), policy(watched.author))
        assert caught.value.code == "PROVES_NOTHING", changes


def test_a_receipt_of_the_old_log_that_comes_late(watched: Watched) -> None:
    """A device has it, and no monitor has seen that head."""
    watched.look()
    kept = watched.author.size
    watched.serve(finish(take_again(watched.author, kept)).files)
    watched.look()
    grow(watched.author, 3)
    head = KeptHead(watched.author.size, watched.author.root(), watched.author.files[CHECKPOINT], 0)
    watched.state.keep_former(FormerHead(watched.author.origin, head))
    assert codes(watched.look()) == ["SUCCESSION_HIDES"]


def test_receipts_go_with_the_log_that_gave_them(watched: Watched, tmp_path: Path) -> None:
    kept = watched.author.size
    watched.look()
    promised = KeptHead(kept + 1, watched.author.root(), b"note", 0)
    watched.state.keep_receipt(promised)
    watched.serve(finish(take_again(watched.author, kept)).files)
    assert codes(watched.look()) == ["SUCCEEDED", "SUCCESSION_HIDES"]
    assert watched.state.receipts() == []
    assert [one.head for one in watched.state.former_heads()] == [promised]


def test_what_a_later_log_is() -> None:
    name = "cec.example/" + "ab" * 32
    assert is_later(f"{name}/2", f"{name}/1") and is_later(f"{name}/10", f"{name}/9")
    for known in (f"{name}/2", f"{name}/3", f"other.example/{'ab' * 32}/1", "nonsense", None):
        assert not is_later(f"{name}/2", known)
