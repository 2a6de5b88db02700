"""Monitors that are closed at the end of a test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.ledger.observer.publication_factory import Author
from tests.unit.ledger.observer.watched import Watched


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    opened: list[Watched] = []

    def start(author: Author, name: str = "state", **options: float) -> Watched:
        opened.append(Watched(author, tmp_path / name, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()
