"""Whose seals an anchor in a proof bundle needs, as acts of authority pin one set of validators after another."""

from collections.abc import Sequence

import msgspec
import pytest
from coincurve import PrivateKey

from ledger.election import ChainPins, ValidatorSet
from ledger.errors import TunukError
from ledger.merkle import consistency_proof
from ledger.observer.check import Proved, check_bundle
from ledger.observer.prove import make_bundle
from ledger.observer.published_log import read_published_log
from ledger.tiles import TileReader
from tests.unit.ledger.observer.publication_factory import Author, MemorySource
from tests.unit.ledger.observer.sealed_chain import KEYS, VALIDATORS, anchor
from tests.unit.ledger.ruling_factory import OFFICIALS, act

CONTRACT = bytes([7]) * 20


def sets(*first_blocks: int) -> tuple[ValidatorSet, ...]:
    return tuple(ValidatorSet(first, tuple(map(bytes, VALIDATORS))) for first in first_blocks)


def pins(*validator_sets: ValidatorSet) -> ChainPins:
    return ChainPins(1, bytes(32), CONTRACT, bytes(20), validator_sets)


def anchored(said: Sequence[ChainPins], number: int, sealers: Sequence[PrivateKey] = KEYS[:3]) -> Proved:
    author = Author()
    for one in said:
        author.say(act(author.night, "succeed_chain", chain=one), *OFFICIALS)
    author.publish_log()
    log, size = read_published_log(MemorySource(author.files), author.policy()), 5
    consistency = consistency_proof(size, log.tree.size, TileReader(log.tree.size, log.tree.content).subtree)
    proof = anchor(CONTRACT, size, log.tree.root_at(size), consistency, sealers, number)
    bundle = msgspec.structs.replace(make_bundle(log, "101", None, None), anchor=proof)
    return check_bundle(bundle, author.policy())


OTHERS = ValidatorSet(50, tuple(bytes([place]) * 20 for place in range(4)))
NOBODY = ValidatorSet(0, ())


@pytest.mark.parametrize(
    ("said", "number", "code"),
    [
        ([pins(*sets(0))], 9, None),
        ([pins(*sets(0)), pins(OTHERS)], 49, None),
        ([pins(*sets(0)), pins(OTHERS)], 50, "VALIDATORS_DIFFER"),
        ([pins(*sets(0), OTHERS)], 50, "VALIDATORS_DIFFER"),
        ([pins(OTHERS), pins(*sets(40))], 60, None),
        ([pins(OTHERS), pins(*sets(70))], 60, "VALIDATORS_DIFFER"),
        ([pins(*sets(10))], 9, "ANCHOR_NOT_PINNED"),
        ([pins(*sets(0)), pins()], 9, None),
        ([pins(NOBODY)], 9, "VALIDATORS_DIFFER"),
        ([pins(*sets(0)), pins(msgspec.structs.replace(NOBODY, first_block=5))], 9, "VALIDATORS_DIFFER"),
    ],
)
def test_a_block_is_sealed_by_those_who_were_pinned_last_for_it(
    said: list[ChainPins], number: int, code: str | None
) -> None:
    if code is None:
        proof = anchored(said, number).anchor
        assert proof is not None and (proof.sealers, proof.validators) == (3, 4)
    else:
        with pytest.raises(TunukError) as caught:
            anchored(said, number)
        assert caught.value.code == code


def test_sets_that_were_pinned_cannot_be_taken_back_by_leaving_them_out() -> None:
    with pytest.raises(TunukError) as caught:
        anchored([pins(*sets(0)), pins()], 9, KEYS[:2])
    assert caught.value.code == "SEALS_TOO_FEW"
