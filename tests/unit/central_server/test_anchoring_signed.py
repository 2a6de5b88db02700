"""What the anchor key has signed is public; what it has not signed for this log is claimed by nobody."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from central_server.anchor_files import AnchorFiles
from ledger.anchor.primitives import Address
from ledger.primitives import Hash
from ledger.store.contract import TreeHead
from tests.unit.central_server.anchoring_factory import DOMAIN, KEY, Anchoring, open_anchoring


@pytest.fixture
def anchoring(tmp_path: Path) -> Iterator[Anchoring]:
    yield from open_anchoring(tmp_path)


def test_the_newest_head_is_signed_for_whoever_has_it_anchored(anchoring: Anchoring) -> None:
    """With the chain down too; at the pace of the anchors."""
    anchoring.chain.down = True
    follower = anchoring.follower()
    follower.step()
    first = anchoring.statement()
    assert first.head == anchoring.hall.store.head()
    assert first.signature == KEY.sign_anchor(DOMAIN, first.head)
    assert (first.chain_id, first.contract) == (DOMAIN.chain_id, DOMAIN.contract)
    newest = anchoring.publish_tally(1)
    anchoring.now += 1
    follower.step()
    assert anchoring.statement() == first
    anchoring.now += 10
    follower.step()
    assert anchoring.statement().head.size == newest


def test_a_claim_of_another_history_is_not_published(anchoring: Anchoring) -> None:
    """What a thief of the anchor key has anchored: told as a problem, and claimed by nobody."""
    anchoring.settle(anchoring.follower())
    claims = anchoring.claim_files()
    for size, code in ((1_000, "ANCHOR_AHEAD"), (0, "ANCHOR_FORK")):
        honest = anchoring.chain.claims[-1]
        false = TreeHead(size or anchoring.publish_tally(1), Hash(bytes([9]) * 32))
        anchoring.chain.claims.append(replace(honest, head=false, block_number=len(anchoring.chain.claims) + 1))
        follower = anchoring.follower()
        follower.step()
        assert follower.problem == code and anchoring.claim_files() == claims
        anchoring.chain.claims.pop()


def test_the_first_claim_of_a_contract_that_succeeds_another_begins_anew(anchoring: Anchoring) -> None:
    anchoring.settle(anchoring.follower())
    before = anchoring.claim_files()
    other = Address(bytes([8]) * 20)
    files = AnchorFiles(anchoring.hall.directory, other)
    assert files.last_claim is None
    [old] = anchoring.chain.claims
    claim = replace(old, contract=other, head=TreeHead(old.head.size + 1, old.head.root))
    files.write(claim)
    files.replace([])
    assert anchoring.claim_files()["anchors/index.json"] == before["anchors/index.json"]
    assert AnchorFiles(anchoring.hall.directory, None).last_claim == old
