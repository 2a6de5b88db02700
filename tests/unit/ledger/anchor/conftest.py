"""A small log, an embedded chain, and the contract on it, over a real JSON-RPC call path but without HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.ledger.anchor.chain_bench import Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A chain with the contract deployed and nothing anchored."""
    made = make_bench(tmp_path / "chain")
    yield made
    made.chain.close()
