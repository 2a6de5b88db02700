"""Claims held against the tree without a chain, and against a chain that is scripted here."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from ledger.anchor.primitives import Address, ChainError, RpcError
from ledger.anchor.rpc_values import encode_data
from ledger.observer.anchors import INDEX, claim_path
from ledger.observer.findings import AnchorCount
from ledger.store.contract import TreeHead
from tests.unit.ledger.observer.publication_factory import Author, codes, whole_author
from tests.unit.ledger.observer.scripted_chain import FakeChain, ask


def anchored(sizes: Sequence[int] = (12, 15)) -> tuple[Author, FakeChain]:
    author = whole_author()
    author.sizes.clear()
    claims = [author.claim(size) for size in sizes]
    return author, FakeChain(author, claims)


def test_claims_that_the_chain_confirms_are_counted() -> None:
    verdict = ask(*anchored())
    assert verdict.ok is True and verdict.anchors == AnchorCount(2, 2)


def test_without_a_chain_nothing_is_said_to_be_verified() -> None:
    author, _ = anchored()
    verdict = author.audit()
    assert verdict.ok is True and verdict.anchors is None and verdict.anchor_claims == 2


def test_a_log_without_anchors_asks_for_the_contract_all_the_same() -> None:
    author = whole_author()
    del author.files[INDEX], author.files[claim_path(12)]
    chain = FakeChain(author, [])
    assert ask(author, chain).anchors == AnchorCount(0, 0)
    chain.replaced["eth_getCode"] = lambda: "0x"
    verdict = ask(author, chain)
    assert codes(verdict) == [("CONTRACT_FOREIGN", None)] and verdict.anchors == AnchorCount(0, 0)


def test_a_claim_under_another_size_fails() -> None:
    author = whole_author()
    author.claim(13, head=TreeHead(14, author.root(14)))
    assert [(one.code, one.path) for one in author.audit().failures] == [("ANCHOR_SIZE_DIFFERS", claim_path(13))]


def test_a_claimed_root_that_is_not_the_trees_fails() -> None:
    author = whole_author()
    author.claim(13, head=TreeHead(13, author.root(5)))
    [failure] = author.audit().failures
    assert (failure.code, failure.path) == ("ANCHOR_NOT_IN_TREE", claim_path(13))
    assert failure.facts["published"] == author.root(5).hex()


@pytest.mark.parametrize("changes", [{"chain_id": 2}, {"contract": Address(bytes([1]) * 20)}])
def test_a_claim_about_another_chain_than_the_pinned_fails(changes: dict[str, Any]) -> None:
    author = whole_author()
    author.claim(13, **changes)
    assert codes(author.audit()) == [("CLAIM_FOREIGN", None)]


def test_an_anchor_of_entries_that_are_not_published_fails() -> None:
    author = whole_author()
    grown = whole_author(author.size + 5)
    grown.night.entries[: author.size] = author.night.entries
    claim = grown.claim(author.size + 2)
    author.files |= {path: data for path, data in grown.files.items() if path.startswith("anchors/")}
    assert claim.head.size > author.size
    assert [(one.code, one.path) for one in author.audit().failures][-1] == (
        "ANCHOR_BEYOND_TREE", claim_path(claim.head.size),
    )  # fmt: skip


@pytest.mark.parametrize(
    "index", [b"[]", b"{}", b'{"sizes":[2,1]}', b'{"sizes":[1,1]}', b'{"sizes":[0]}', b'{"sizes":[1],"more":1}']
)
def test_a_list_of_claims_that_is_none_fails(index: bytes) -> None:
    author = whole_author()
    author.files[INDEX] = index
    assert codes(author.audit()) == [("ANCHOR_INDEX_MALFORMED", None)]


@pytest.mark.parametrize(
    ("method", "answer", "code"),
    [
        ("eth_chainId", "0x2", "CHAIN_ID_MISMATCH"),
        ("eth_getBlockByNumber", {"hash": "0x" + "11" * 32}, "GENESIS_MISMATCH"),
        ("eth_getCode", "0x6000", "CONTRACT_FOREIGN"),
        ("eth_getTransactionReceipt", None, "ANCHOR_TX_UNKNOWN"),
        ("eth_getTransactionReceipt", 7, "CHAIN_ANSWER_MALFORMED"),
    ],
)
def test_what_the_chain_denies_is_a_failure(method: str, answer: object, code: str) -> None:
    author, chain = anchored()
    chain.replaced[method] = lambda: answer
    verdict = ask(author, chain)
    assert verdict.ok is False and {found for found, _ in codes(verdict)} == {code}
    assert verdict.anchors == AnchorCount(2, 0)


def test_a_claim_left_out_between_two_is_a_failure() -> None:
    author, chain = anchored((11, 12, 15))
    author.files[INDEX] = msgspec.json.encode({"sizes": [11, 15]})
    verdict = ask(author, chain)
    assert [(one.code, one.path) for one in verdict.failures] == [("ANCHOR_CLAIM_MISSING", claim_path(15))]
    assert verdict.anchors == AnchorCount(2, 1)


def test_a_head_on_the_chain_that_is_not_of_this_log_is_a_failure() -> None:
    """Nobody lists it, and the contract holds it all the same."""
    author, chain = anchored((12,))
    del author.files[INDEX]
    chain.replaced["eth_call"] = lambda: encode_data((14).to_bytes(32) + author.root(3))
    [failure] = ask(author, chain).failures
    assert (failure.code, failure.facts["size"]) == ("ANCHOR_NOT_IN_TREE", 14)


def test_an_anchor_beyond_what_is_published_is_a_failure() -> None:
    """An old publication beside a newer anchor: the log was rolled back, or its end is withheld."""
    author, chain = anchored((12,))
    beyond = author.size + 5
    chain.replaced["eth_call"] = lambda: encode_data(beyond.to_bytes(32) + author.root(3))
    failures = {failure.code: failure.facts for failure in ask(author, chain).failures}
    assert failures["CHECKPOINT_BEHIND_ANCHOR"] == {"published": author.size, "recomputed": beyond}


def test_an_anchor_that_nobody_lists_is_a_failure() -> None:
    """It is one of this tree, so that only the publisher's silence about it is wrong."""
    author, chain = anchored((12,))
    del author.files[INDEX]
    chain.replaced["eth_call"] = lambda: encode_data((14).to_bytes(32) + author.root(14))
    [failure] = ask(author, chain).failures
    assert (failure.code, failure.path, failure.facts["size"]) == ("ANCHOR_NOT_CLAIMED", INDEX, 14)


@pytest.mark.parametrize("method", ["eth_chainId", "eth_getTransactionReceipt", "eth_call"])
@pytest.mark.parametrize(
    "error", [ChainError("CHAIN_UNREACHABLE", "gone", retryable=True), RpcError(-32000, "not now")]
)
def test_a_node_that_does_not_answer_leaves_no_verdict(method: str, error: ChainError) -> None:
    author, chain = anchored()

    def fail() -> object:
        raise error

    chain.replaced[method] = fail
    verdict = ask(author, chain)
    assert verdict.ok is None and verdict.anchors is None
    assert verdict.error is not None and verdict.error.code == error.code


def test_a_node_that_fails_late_leaves_no_verdict() -> None:
    """All claims are confirmed, and then the contract's head cannot be read."""
    author = whole_author()
    del author.files[INDEX]
    chain = FakeChain(author, [])

    def fail() -> object:
        raise ChainError("CHAIN_UNREACHABLE", "gone", retryable=True)

    chain.replaced["eth_call"] = fail
    verdict = ask(author, chain)
    assert verdict.ok is None and verdict.anchors is None


def test_the_chain_is_not_asked_about_a_log_that_was_not_judged() -> None:
    author, chain = anchored()
    author.files["tile/entries/000.p/16"] = b"garbage"

    def fail() -> object:
        raise AssertionError("asked")

    chain.replaced["eth_chainId"] = fail
    verdict = ask(author, chain)
    assert verdict.ok is False and verdict.anchors is None
