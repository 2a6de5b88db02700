"""Fixtures of the contract's tests: an empty embedded chain, a deployed contract, a log to anchor."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.merkle import hash_leaf
from tests.contracts.contract_harness import CHAIN_ID, START, Deployed, Tree, deploy, submitter_key_of


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[EmbeddedChain]:
    rich = AnchorKey(submitter_key_of(b"1")).address
    opened = EmbeddedChain.create(tmp_path / "chain", CHAIN_ID, {rich: 10**18}, lambda: START)
    yield opened
    opened.close()


@pytest.fixture
def deployed(chain: EmbeddedChain) -> Deployed:
    return deploy(chain, b"1")[0]


@pytest.fixture
def deploy_another(chain: EmbeddedChain) -> Callable[[bytes], tuple[Deployed, int]]:
    """Deploys one more contract for the same log, with keys made from a seed; gives it and the gas that it cost."""
    return lambda seed: deploy(chain, seed)


@pytest.fixture(scope="session")
def tree() -> Tree:
    return Tree([hash_leaf(b"entry %d" % number) for number in range(1_300)])
