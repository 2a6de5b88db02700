"""Faults of the log that a follower meets: it publishes nothing of what it cannot stand for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import FormatError, TunukError
from ledger.record import sign_record
from ledger.store.sqlite import SqliteStore
from tests.unit.central_server.publisher_factory import Hall, open_hall
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as hall:
        yield hall


def test_entries_that_do_not_hash_to_the_head_are_not_published(hall: Hall) -> None:
    hall.define()
    mixed_up = sign_record(tally(hall.night), [DEVICE_KEYS[0]])
    hall.say(tally(hall.night, votes=7), DEVICE_KEYS[0])

    class Damaged(SqliteStore):
        def entries(self, first: int, limit: int) -> list[bytes]:
            found = super().entries(first, limit)
            return [*found[:-1], mixed_up]

    damaged = Damaged(hall.directory.parent / "log.sqlite", hall.store.origin)
    with damaged as hall.store, pytest.raises(TunukError) as caught:
        hall.publisher().step()
    assert caught.value.code == "STORE_CORRUPT"
    assert hall.files("results") == {}


def test_an_entry_that_is_no_record_stops_the_publisher(hall: Hall) -> None:
    hall.define()
    hall.log.append([b"not a record"])
    publisher = hall.publisher()
    for _ in range(2):
        with pytest.raises(FormatError):
            publisher.step()
    assert hall.files() == {}
