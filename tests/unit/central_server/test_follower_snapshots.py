"""Snapshots are found wherever they lie in a log of many chunks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from central_server.follower_snapshots import CHUNK, find_last_snapshot, find_snapshots
from ledger.record import Snapshot, sign_record
from tests.unit.central_server.publisher_factory import Hall, open_hall
from tests.unit.ledger.election_factory import PUBLISHER_KEY

# In the first chunk, at both sides of a border, in the middle, and at the very end.
PLACES = [0, CHUNK - 1, CHUNK, 2 * CHUNK + 100, 3 * CHUNK + 9]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder: Path = tmp_path_factory.mktemp("hall")
    with open_hall(folder) as hall:
        entries = [b"entry %d" % place for place in range(PLACES[-1] + 1)]
        for number, place in enumerate(PLACES, 1):
            body = Snapshot(hall.night.election_id, number, place, bytes(32), 5, 1, bytes(32))
            entries[place] = sign_record(body, [PUBLISHER_KEY])
        hall.log.append(entries)
        yield hall


@pytest.mark.parametrize("at", range(len(PLACES)))
def test_the_last_one_is_found_from_the_end(hall: Hall, at: int) -> None:
    for size in (PLACES[at] + 1, PLACES[at + 1] if at + 1 < len(PLACES) else PLACES[at] + 1):
        found = find_last_snapshot(hall.store, 0, size)
        assert found is not None
        assert (found.index, found.body.number, found.head.size) == (PLACES[at], at + 1, PLACES[at])
    # The last entry of the second chunk from the end.
    found = find_last_snapshot(hall.store, 0, PLACES[2] + 1 + CHUNK)
    assert found is not None
    assert found.index == PLACES[2]


def test_none_is_found_where_there_is_none(hall: Hall) -> None:
    assert find_last_snapshot(hall.store, 0, 0) is None
    assert find_last_snapshot(hall.store, 1, CHUNK - 1) is None
    assert find_last_snapshot(hall.store, CHUNK + 1, 2 * CHUNK + 100) is None


def test_those_that_are_asked_for_are_found_in_order(hall: Hall) -> None:
    size = hall.store.head().size
    assert [found.index for found in find_snapshots(hall.store, size, range(1, 9))] == PLACES
    assert [found.index for found in find_snapshots(hall.store, size, {2, 4})] == [PLACES[1], PLACES[3]]
    assert find_snapshots(hall.store, PLACES[3], {4}) == []
