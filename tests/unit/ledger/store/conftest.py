"""A fresh log for each test of the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.store.sqlite import SqliteStore
from tests.unit.ledger.store.log_factory import ORIGIN, OpenLog, database_path, make_log


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.create(database_path(tmp_path), ORIGIN) as store:
        yield store


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenLog]:
    opened = make_log(tmp_path)
    yield opened
    opened.store.close()
