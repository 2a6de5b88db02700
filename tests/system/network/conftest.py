"""A network of four nodes of go-ethereum."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.network.clique import CliqueNetwork
from tests.system.network.geth import build_geth


@pytest.fixture(scope="session")
def geth() -> Path:
    return build_geth()


@pytest.fixture(scope="module")
def network(geth: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliqueNetwork]:
    with CliqueNetwork(geth, tmp_path_factory.mktemp("network")) as running:
        yield running
