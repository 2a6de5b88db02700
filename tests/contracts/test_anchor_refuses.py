"""Every way to be refused, each with its reason; and a refusal changes nothing."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.chain_execution import Call, ExecutionError
from ledger.anchor.contract_code import creation_code, encode_anchor_call, encode_head_call, parse_head_answer
from ledger.anchor.primitives import Address
from ledger.anchor.statement import CURVE_ORDER, AnchorSignature, origin_hash
from ledger.primitives import Hash, sha256
from ledger.store.contract import TreeHead
from tests.contracts.contract_harness import LOG_KEY, ORIGIN, Deployed, Tree

OLD, NEW = 21, 37


@pytest.fixture
def anchored(deployed: Deployed, tree: Tree) -> Deployed:
    """A contract that has anchored the tree of OLD entries."""
    assert deployed.anchor(tree.head(OLD), ())[0]
    return deployed


def words(signature: AnchorSignature) -> list[int]:
    return [signature.v, signature.r, signature.s]


def encode(head: TreeHead, proof: Sequence[Hash], v: int, r: int, s: int) -> bytes:
    """A call of ``anchor`` with a signature that the product's own type would refuse to hold."""
    data = bytearray(encode_anchor_call(head, proof, AnchorSignature(27, 1, 1)))
    data[4 + 96 : 4 + 192] = b"".join(value.to_bytes(32, "big") for value in (v, r, s))
    return bytes(data)


def test_a_good_extension_passes(anchored: Deployed, tree: Tree) -> None:
    """Each refusal below differs from this call in one thing."""
    head = tree.head(NEW)
    assert anchored.refusal(encode(head, tree.proof(OLD, NEW), *words(anchored.sign(head)))) is None


@pytest.mark.parametrize("size", [0, 1, OLD - 1, OLD])
def test_sizes_only_grow(anchored: Deployed, tree: Tree, size: int) -> None:
    """A rewind, and another root for the same size, even when the anchor key itself signs it."""
    head = TreeHead(size, sha256(b"another history"))
    assert anchored.refusal(encode_anchor_call(head, (), anchored.sign(head))) == "size is not above the last"


def test_a_first_anchor_of_nothing(deployed: Deployed) -> None:
    head = TreeHead(0, sha256(b""))
    assert deployed.refusal(encode_anchor_call(head, (), deployed.sign(head))) == "size is not above the last"


def test_a_first_anchor_with_a_proof(deployed: Deployed, tree: Tree) -> None:
    head = tree.head(NEW)
    call = encode_anchor_call(head, tree.proof(OLD, NEW), deployed.sign(head))
    assert deployed.refusal(call) == "first anchor takes no proof"


def test_a_size_beyond_all_trees(deployed: Deployed) -> None:
    head = TreeHead(2**63, sha256(b"root"))
    assert deployed.refusal(encode_anchor_call(head, (), deployed.sign(head))) == "size is too large"


def test_a_zero_root(deployed: Deployed) -> None:
    """Zero means that nothing is anchored: it must never be a root."""
    head = TreeHead(5, Hash(bytes(32)))
    assert deployed.refusal(encode_anchor_call(head, (), deployed.sign(head))) == "root is zero"


def test_another_key(anchored: Deployed, tree: Tree) -> None:
    head = tree.head(NEW)
    signature = AnchorKey(sha256(b"stolen submitter")).sign_anchor(anchored.domain, head)
    call = encode_anchor_call(head, tree.proof(OLD, NEW), signature)
    assert anchored.refusal(call) == "signer is not the anchor key"


@pytest.mark.parametrize("field", ["chain_id", "contract", "origin_hash", "size", "root"])
def test_a_statement_about_something_else(anchored: Deployed, tree: Tree, field: str) -> None:
    """Chain, contract, log, size and root are all in what is signed."""
    head, domain = tree.head(NEW), anchored.domain
    signed_head, signed_domain = {
        "chain_id": (head, replace(domain, chain_id=domain.chain_id + 1)),
        "contract": (head, replace(domain, contract=Address(b"\x09" * 20))),
        "origin_hash": (head, replace(domain, origin_hash=origin_hash("another/log"))),
        "size": (replace(head, size=NEW + 1), domain),
        "root": (replace(head, root=sha256(b"another")), domain),
    }[field]
    signature = anchored.anchor_key.sign_anchor(signed_domain, signed_head)
    call = encode_anchor_call(head, tree.proof(OLD, NEW), signature)
    # A signature over another digest recovers some other key.
    assert anchored.refusal(call) == "signer is not the anchor key"


def test_a_malleated_signature(anchored: Deployed, tree: Tree) -> None:
    """(r, n - s) with the other v recovers the same key; only one of the two spellings passes."""
    head = tree.head(NEW)
    v, r, s = words(anchored.sign(head))
    call = encode(head, tree.proof(OLD, NEW), 55 - v, r, CURVE_ORDER - s)
    assert anchored.refusal(call) == "s is too high"


@pytest.mark.parametrize("v", [0, 1, 26, 29, 2**255])
def test_a_bad_recovery_id(anchored: Deployed, tree: Tree, v: int) -> None:
    head = tree.head(NEW)
    _, r, s = words(anchored.sign(head))
    assert anchored.refusal(encode(head, tree.proof(OLD, NEW), v, r, s)) == "v is not 27 or 28"


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (0, 0), (CURVE_ORDER, 1), (2**256 - 1, 1)])
def test_numbers_that_are_no_signature(anchored: Deployed, tree: Tree, r: int, s: int) -> None:
    """The precompile gives nothing for these; the zero address must not pass for a signer."""
    call = encode(tree.head(NEW), tree.proof(OLD, NEW), 27, r, s)
    assert anchored.refusal(call) == "signature recovers no key"


def change(proof: tuple[Hash, ...], how: str) -> tuple[Hash, ...]:
    return {
        "none": (),
        "without the last": proof[:-1],
        "without the first": proof[1:],
        "one more": (*proof, sha256(b"extra")),
        "first changed": (sha256(b"other"), *proof[1:]),
        "last changed": (*proof[:-1], sha256(b"other")),
        "reversed": proof[::-1],
        "as long as possible": (*proof, *[sha256(b"extra")] * (64 - len(proof))),
    }[how]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("none", "proof is too short"),
        ("without the last", "proof is too short"),
        ("without the first", "proof is too short"),
        ("one more", "proof is too long"),
        ("first changed", "proof does not fit the last root"),
        ("last changed", "proof does not fit the root"),
        ("reversed", "proof does not fit the last root"),
        ("as long as possible", "proof is too long"),
    ],
)
def test_a_proof_that_proves_nothing(anchored: Deployed, tree: Tree, how: str, reason: str) -> None:
    head = tree.head(NEW)
    call = encode_anchor_call(head, change(tree.proof(OLD, NEW), how), anchored.sign(head))
    assert anchored.refusal(call) == reason


def test_an_altered_history(anchored: Deployed, tree: Tree) -> None:
    """A tree that grew from other entries has honest proofs of its own, but not from what was anchored."""
    other = Tree([*tree.leaves[: OLD - 1], sha256(b"altered"), *tree.leaves[OLD:]])
    head = other.head(NEW)
    call = encode_anchor_call(head, other.proof(OLD, NEW), anchored.sign(head))
    assert anchored.refusal(call) == "proof does not fit the last root"


def test_a_refused_transaction_changes_nothing(anchored: Deployed, tree: Tree) -> None:
    accepted, _ = anchored.anchor(tree.head(NEW), tree.proof(OLD, NEW)[:-1])
    assert not accepted
    assert parse_head_answer(anchored.view(encode_head_call())) == tree.head(OLD)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [(0, "origin hash is zero"), (1, "log key hash is zero"), (2, "anchor address is zero")],
)
def test_a_contract_for_nobody_cannot_be_deployed(deployed: Deployed, missing: int, reason: str) -> None:
    """A zero anchor address would make the signer of every bad signature the right one."""
    code = bytearray(creation_code(ORIGIN, LOG_KEY, deployed.anchor_key.address))
    start = len(code) - 96 + 32 * missing
    code[start : start + 32] = bytes(32)
    assert deployed.refusal(bytes(code), create=True) == reason


def test_money_is_refused(deployed: Deployed, tree: Tree) -> None:
    """Nothing could take it out again."""
    head = tree.head(3)
    data = encode_anchor_call(head, (), deployed.sign(head))
    number = deployed.chain.head_number()
    assert deployed.chain.read_account(deployed.submitter, number)[1] > 0
    with pytest.raises(ExecutionError):
        deployed.chain.call(Call(deployed.submitter, deployed.domain.contract, data, 1, None), number)
