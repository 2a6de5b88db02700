"""Anchoring follows the published folder: newest head only, late without harm, and whole again after every crash."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from central_server.anchor_files import AnchorFiles, encode_index
from central_server.anchoring import guarded
from ledger.anchor.claim import encode_claim
from ledger.errors import RollbackError
from ledger.store.contract import EMPTY_HEAD, TreeHead
from ledger.store.durable import StorageError
from tests.unit.central_server.anchoring_factory import DOMAIN, KEY, SIGNED, Anchoring, Chain, open_anchoring
from tests.unit.central_server.publisher_factory import open_hall


@pytest.fixture
def anchoring(tmp_path: Path) -> Iterator[Anchoring]:
    yield from open_anchoring(tmp_path)


def test_the_published_head_is_anchored_and_its_claim_published(anchoring: Anchoring) -> None:
    anchoring.settle(anchoring.follower())
    [claim] = anchoring.chain.claims
    assert claim.head == anchoring.hall.store.head()
    size = claim.head.size
    assert anchoring.claim_files() == {
        f"anchors/{size}.json": encode_claim(claim),
        "anchors/index.json": encode_index([size]),
    }
    assert json.loads(encode_index([size])) == {"sizes": [size]}


def test_nothing_is_anchored_before_a_checkpoint_is_published(tmp_path: Path) -> None:
    with open_hall(tmp_path) as hall:
        hall.define()
        anchoring = Anchoring(hall, Chain())
        anchoring.settle(anchoring.follower())
        assert anchoring.chain.claims == []


def test_only_the_newest_head_is_anchored(anchoring: Anchoring) -> None:
    """Those that were published meanwhile are covered by the proof from the last one."""
    follower = anchoring.follower()
    anchoring.settle(follower)
    first = anchoring.chain.claims[0].head.size
    newest = [anchoring.publish_tally(votes) for votes in (1, 2, 3)][-1]
    anchoring.settle(follower)
    assert [claim.head.size for claim in anchoring.chain.claims] == [first, newest]
    assert follower.numbers() == {"size": newest, "lag": 0}


def test_a_chain_that_is_down_is_told_once_and_caught_up_with(anchoring: Anchoring) -> None:
    anchoring.chain.down = True
    follower = anchoring.follower()
    anchoring.settle(follower)
    assert anchoring.told == ["CHAIN_UNREACHABLE: no node answers"]
    assert follower.problem == "CHAIN_UNREACHABLE"
    assert not follower.close()
    newest = anchoring.publish_tally(1)
    anchoring.chain.down = False
    anchoring.settle(follower)
    assert anchoring.told[1:] == ["works again"]
    assert anchoring.chain.claims[-1].head.size == newest


def test_closing_does_not_wait_for_the_interval(anchoring: Anchoring) -> None:
    follower = anchoring.follower()
    follower.step()
    newest = anchoring.publish_tally(1)
    anchoring.now += 1
    follower.step()
    assert len(anchoring.chain.claims) == 1
    for _ in range(5):
        if follower.close():
            break
    assert anchoring.chain.claims[-1].head.size == newest
    assert f"anchors/{newest}.json" in anchoring.claim_files()


def test_nothing_to_anchor_closes_at_once(tmp_path: Path) -> None:
    with open_hall(tmp_path) as hall:
        assert Anchoring(hall, Chain()).follower().close()


@pytest.mark.parametrize("fails_at", [1, 2])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_while_claims_are_written_is_made_good(anchoring: Anchoring, fails_at: int, after: bool) -> None:
    """The claim without its place in the index, or neither: the next start finds on the chain what is missing."""
    steps = 0

    def write(path: Path, data: bytes) -> None:
        nonlocal steps
        steps += path.name != SIGNED
        if steps == fails_at and not after and path.name != SIGNED:
            raise StorageError("POWER_LOST", "before the step")
        path.write_bytes(data)
        if steps == fails_at and path.name != SIGNED:
            raise StorageError("POWER_LOST", "after the step")

    first = anchoring.follower(AnchorFiles(anchoring.hall.directory, DOMAIN.contract, write))
    while first.problem is None:
        anchoring.now += 10
        first.step()
    newest = anchoring.publish_tally(1)
    anchoring.settle(anchoring.follower())
    sizes = [claim.head.size for claim in anchoring.chain.claims]
    assert sizes[-1] == newest
    assert anchoring.claim_files() == {
        **{f"anchors/{claim.head.size}.json": encode_claim(claim) for claim in anchoring.chain.claims},
        "anchors/index.json": encode_index(sizes),
    }


def test_the_index_lists_a_claim_once_it_is_there(anchoring: Anchoring) -> None:
    written: list[str] = []

    def write(path: Path, data: bytes) -> None:
        written.append(path.name)
        path.write_bytes(data)

    anchoring.settle(anchoring.follower(AnchorFiles(anchoring.hall.directory, DOMAIN.contract, write)))
    assert [name for name in written if name != SIGNED] == [f"{anchoring.chain.claims[0].head.size}.json", "index.json"]


@pytest.mark.parametrize("damage", ["{", '{"sizes": []}\n', '{"sizes": [2, 1]}\n', '{"sizes": [11]}\n', None])
def test_a_damaged_index_is_made_anew_from_the_chain(anchoring: Anchoring, damage: str | None) -> None:
    anchoring.settle(anchoring.follower())
    anchoring.publish_tally(1)
    anchoring.settle(anchoring.follower())
    expected = anchoring.claim_files()
    index = anchoring.hall.directory / "anchors" / "index.json"
    if damage is None:
        index.unlink()
    else:
        index.write_text(damage)
    assert AnchorFiles(anchoring.hall.directory, DOMAIN.contract).last_claim is None
    anchoring.settle(anchoring.follower())
    assert anchoring.claim_files() == expected


def test_a_head_that_the_guard_has_not_passed_is_not_signed(anchoring: Anchoring) -> None:
    signer = guarded(KEY, anchoring.hall.store, anchoring.guard)
    head = anchoring.hall.store.head()
    signer.sign_anchor(DOMAIN, head)
    for other in (TreeHead(head.size, EMPTY_HEAD.root), TreeHead(head.size + 1, head.root)):
        with pytest.raises(RollbackError) as caught:
            signer.sign_anchor(DOMAIN, other)
        assert caught.value.code == "HEAD_NOT_GUARDED"


def test_a_missing_tile_delays_the_anchor_and_is_named(anchoring: Anchoring) -> None:
    follower = anchoring.follower()
    anchoring.settle(follower)
    size = anchoring.publish_tally(1)
    (anchoring.hall.directory / f"tile/0/000.p/{size}").unlink()
    anchoring.settle(follower)
    assert follower.problem == "TILE_MISSING"
