"""Every consistency proof of RFC 6962 between trees of up to 200 entries, and each of many spoiled ones."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from ledger.anchor.contract_code import encode_anchor_call
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.merkle import hash_leaf
from ledger.primitives import Hash, sha256
from tests.contracts.contract_harness import CHAIN_ID, START, Tree, deploy

LARGEST = 200
SPOILED_EVERY = 10
SHARES = 4


def spoil(proof: tuple[Hash, ...], how: int) -> tuple[Hash, ...]:
    """In a way that makes it wrong for certain: a hash more, or one changed, or one less."""
    at = how // 3 % len(proof)
    return [
        (*proof[:at], sha256(b"extra"), *proof[at:]),
        (*proof[:at], sha256(proof[at]), *proof[at + 1 :]),
        (*proof[:at], *proof[at + 1 :]),
    ][how % 3]


def judge_share(share: int, folder: str) -> tuple[int, list[str]]:
    """Of every old size with this remainder: how many pairs were judged, and what came out wrong."""
    tree = Tree([hash_leaf(b"entry %d" % number) for number in range(LARGEST)])
    chain = EmbeddedChain.create(Path(folder) / f"chain-{share}", CHAIN_ID, {}, lambda: START)
    pairs, wrong = 0, []
    for old in range(1 + share, LARGEST, SHARES):
        deployed, _ = deploy(chain, b"%d" % old)
        if not deployed.anchor(tree.head(old), ())[0]:
            wrong.append(f"first anchor of {old}")
        for new in range(old + 1, LARGEST + 1):
            pairs += 1
            head, proof = tree.head(new), tree.proof(old, new)
            signature = deployed.sign(head)
            reason = deployed.refusal(encode_anchor_call(head, proof, signature))
            if reason is not None:
                wrong.append(f"{old} to {new}: {reason}")
            if pairs % SPOILED_EVERY == 0:
                bad = spoil(proof, pairs // SPOILED_EVERY)
                if deployed.refusal(encode_anchor_call(head, bad, signature)) is None:
                    wrong.append(f"{old} to {new}: accepted with a spoiled proof")
    chain.close()
    return pairs, wrong


@pytest.mark.slow
def test_every_proof_passes_and_no_spoiled_one(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        judged = list(pool.map(judge_share, range(SHARES), [str(tmp_path)] * SHARES))
    assert [line for _, wrong in judged for line in wrong] == []
    assert sum(pairs for pairs, _ in judged) == LARGEST * (LARGEST - 1) // 2
