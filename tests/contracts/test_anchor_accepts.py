"""What the contract accepts, what it then says, and what that costs."""

from collections.abc import Callable

from ledger.anchor.contract_code import (
    AnchoredEvent,
    encode_anchor_call,
    encode_head_call,
    encode_roots_call,
    expected_runtime_code,
    parse_anchored_event,
    parse_head_answer,
    parse_root_answer,
    read_artifact,
)
from ledger.primitives import Hash
from tests.contracts.contract_harness import LOG_KEY, ORIGIN, Deployed, Tree

DeployAnother = Callable[[bytes], tuple[Deployed, int]]
LARGEST_PAIR = 40


def test_every_small_extension_is_accepted(deploy_another: DeployAnother, tree: Tree) -> None:
    """From each size to each larger one: the contract's arithmetic is that of RFC 6962."""
    for old in range(1, LARGEST_PAIR):
        deployed, _ = deploy_another(b"%d" % old)
        assert deployed.anchor(tree.head(old), ())[0]
        for new in range(old + 1, LARGEST_PAIR + 1):
            head = tree.head(new)
            assert deployed.refusal(encode_anchor_call(head, tree.proof(old, new), deployed.sign(head))) is None


def test_deployed_code_is_the_expected_one(deployed: Deployed) -> None:
    code = deployed.chain.read_account(deployed.domain.contract, deployed.chain.head_number())[2]
    assert code == expected_runtime_code(ORIGIN, LOG_KEY, deployed.anchor_key.address)


def test_views_and_event_tell_the_anchors(deployed: Deployed, tree: Tree) -> None:
    assert parse_head_answer(deployed.view(encode_head_call())) is None
    assert parse_root_answer(deployed.view(encode_roots_call(0))) is None
    previous = AnchoredEvent(0, Hash(bytes(32)), 0, Hash(bytes(32)))
    for old, new in [(0, 5), (5, 8), (8, 1_300)]:
        head = tree.head(new)
        assert deployed.anchor(head, tree.proof(old, new))[0]
        assert parse_head_answer(deployed.view(encode_head_call())) == head
        block = deployed.chain.read_block(deployed.chain.head_number())
        assert block is not None
        (log,) = block.receipts[0].logs
        assert bytes(log.address) == bytes(deployed.domain.contract)
        event = parse_anchored_event([topic.to_bytes(32, "big") for topic in log.topics], log.data)
        assert event == AnchoredEvent(new, head.root, previous.size, previous.root)
        previous = event
    # What was written once stays, and nothing is written between.
    for size in (5, 8, 1_300):
        assert parse_root_answer(deployed.view(encode_roots_call(size))) == tree.head(size).root
    assert parse_root_answer(deployed.view(encode_roots_call(6))) is None


def test_immutables_can_be_asked_for(deployed: Deployed) -> None:
    selectors = read_artifact().selectors
    assert deployed.view(selectors["origin_hash"]) == deployed.domain.origin_hash
    assert deployed.view(selectors["log_key_hash"]) == LOG_KEY.key_id
    assert deployed.view(selectors["anchor_address"]) == bytes(12) + deployed.anchor_key.address


def test_anyone_may_submit(deployed: Deployed, tree: Tree) -> None:
    """The signature counts, not the sender: an observer can anchor a signed head that the operator holds back."""
    head = tree.head(7)
    call = encode_anchor_call(head, (), deployed.sign(head))
    stranger = Deployed(deployed.chain, deployed.anchor_key, bytes(31) + b"\x77", deployed.domain)
    assert stranger.send(call, deployed.domain.contract)[0]
