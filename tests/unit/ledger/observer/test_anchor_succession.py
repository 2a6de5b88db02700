"""Claims of a log whose contract, or whose chain, was succeeded by another."""

import pytest

from ledger.anchor.primitives import Address
from ledger.anchor.rpc_values import encode_data, encode_quantity
from ledger.election import ChainPins
from ledger.observer.anchors import claim_path
from ledger.observer.findings import AnchorCount
from ledger.store.contract import TreeHead
from tests.unit.ledger.election_factory import ELECTION_KEY, POLLS_OPEN
from tests.unit.ledger.observer.publication_factory import Author, codes, whole_author
from tests.unit.ledger.observer.scripted_chain import FakeChain, ask
from tests.unit.ledger.ruling_factory import OFFICIALS, act, other_chain

SECOND = other_chain()
ELSEWHERE = ChainPins(2, bytes(32), bytes([2]) * 20, bytes(20), ())


def succeeded(*pins: ChainPins) -> tuple[Author, FakeChain]:
    """A log with a claim on the first contract and one on each that came after it."""
    author = whole_author()
    author.sizes.clear()
    claims = [author.claim(12)]
    for place, chain in enumerate(pins, 13):
        author.say(act(author.night, "succeed_chain", chain=chain), *OFFICIALS)
        claims.append(author.claim(place, chain_id=chain.chain_id, contract=Address(chain.contract)))
    author.snapshot()
    author.publish()
    return author, FakeChain(author, claims)


def test_claims_on_each_pinned_contract_are_accepted_and_verified() -> None:
    author, chain = succeeded(SECOND)
    assert author.audit().ok is True
    verdict = ask(author, chain)
    assert verdict.ok is True and verdict.anchors == AnchorCount(2, 2)


def test_a_contract_that_nobody_pinned_stays_foreign() -> None:
    author, _ = succeeded(SECOND)
    author.claim(14, contract=Address(bytes([7]) * 20))
    assert [(one.code, one.path) for one in author.audit().failures] == [("CLAIM_FOREIGN", claim_path(14))]


def test_an_act_that_did_not_take_effect_pins_nothing() -> None:
    """By the election key alone, after the polls opened."""
    author = whole_author()
    assert author.night.fold.clock is not None and author.night.fold.clock >= POLLS_OPEN
    author.say(act(author.night, "succeed_chain", chain=SECOND), ELECTION_KEY)
    author.claim(13, contract=Address(SECOND.contract))
    author.snapshot()
    author.publish()
    assert codes(author.audit()) == [("CLAIM_FOREIGN", None)]


def test_the_same_contract_with_other_validators_is_asked_once() -> None:
    author, chain = succeeded(ChainPins(1, bytes(32), bytes(20), bytes(20), ()))
    verdict = ask(author, chain)
    assert verdict.ok is True and verdict.anchors == AnchorCount(2, 2)


@pytest.mark.parametrize(("served", "verified"), [(1, 1), (2, 1)])
def test_a_node_verifies_the_claims_on_its_own_chain(served: int, verified: int) -> None:
    """Claims on the other chain are counted as claimed, and not as verified."""
    author, chain = succeeded(ELSEWHERE)
    chain.replaced["eth_chainId"] = lambda: encode_quantity(served)
    verdict = ask(author, chain)
    assert verdict.anchors == AnchorCount(2, verified)


def test_a_node_of_no_pinned_chain_is_a_failure() -> None:
    author, chain = succeeded(ELSEWHERE)
    chain.replaced["eth_chainId"] = lambda: "0x3"
    verdict = ask(author, chain)
    assert codes(verdict) == [("CHAIN_ID_MISMATCH", None)] * 2 and verdict.anchors == AnchorCount(2, 0)


def test_a_spoiled_contract_is_no_failure_once_it_is_succeeded() -> None:
    """Its key was stolen, and its head is no longer of this log: that is why there is another."""
    author, chain = succeeded(SECOND)
    foreign = TreeHead(14, author.root(3))
    chain.heads[encode_data(bytes(20))] = foreign
    assert ask(author, chain).ok is True
    chain.heads[encode_data(SECOND.contract)] = foreign
    assert codes(ask(author, chain)) == [("ANCHOR_NOT_IN_TREE", None)]
