"""The server's look at itself finds what is wrong, and is never ended by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from central_server.vitals import ResultCounts, Watch, free_bytes, parse_result_counts
from ledger.errors import FormatError, RollbackError
from ledger.log import Log
from ledger.results import LATEST
from ledger.store.contract import Store
from ledger.store.durable import StorageError
from ledger.store.tile_files import publish
from tests.unit.ledger.store.log_factory import make_log


class Desk:
    """A watch over a real log and its publication, with a clock and an anchor of the test's choice."""

    def __init__(self, log: Log, store: Store, folder: Path) -> None:
        self.log = log
        self.store = store
        self.folder = folder
        self.now = 0.0
        self.anchored: int | None = None
        self.fault: StorageError | RollbackError | None = None
        self.watch = Watch(store, folder, folder.parent, self.check, lambda: self.anchored, lambda: self.now)

    def check(self) -> None:
        if self.fault is not None:
            raise self.fault

    def publish(self) -> None:
        publish(self.store, self.folder, self.log.checkpoint())

    def look(self, now: float) -> None:
        self.now = now
        self.watch.look()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = make_log(tmp_path)
    with opened.store:
        yield Desk(opened.log, opened.store, tmp_path / "publication")


def test_lags_are_those_of_the_oldest_entry(desk: Desk) -> None:
    desk.log.append([b"a"])
    desk.look(1.0)
    desk.log.append([b"b", b"c"])
    desk.look(5.0)
    vitals = desk.watch.vitals
    assert (vitals.log_size, vitals.published, vitals.publication_lag, vitals.publication_lag_seconds) == (3, 0, 3, 4.0)
    desk.publish()
    desk.look(6.0)
    vitals = desk.watch.vitals
    assert (vitals.publication_lag, vitals.publication_lag_seconds, vitals.anchor_lag) == (0, 0.0, 3)
    desk.look(16.0)
    assert desk.watch.vitals.anchor_lag_seconds == 10.0
    desk.anchored = 3
    desk.look(17.0)
    assert (desk.watch.vitals.anchor_lag, desk.watch.vitals.anchor_lag_seconds) == (0, 0.0)


def test_what_is_wrong_with_the_log_is_a_code_and_passes(desk: Desk) -> None:
    desk.fault = RollbackError("LOG_BEHIND_GUARD", "old")
    desk.look(1.0)
    behind = desk.watch.vitals
    desk.fault = None
    desk.look(2.0)
    well = desk.watch.vitals
    assert (behind.log_problem, behind.seen, well.log_problem, well.seen) == ("LOG_BEHIND_GUARD", 1.0, None, 2.0)


def test_a_publication_that_cannot_be_read_is_not_its_business(desk: Desk) -> None:
    """The publisher finds it as well, and says so."""
    desk.log.append([b"a"])
    desk.publish()
    desk.look(1.0)
    (desk.folder / "checkpoint").write_bytes(b"garbage")
    desk.look(2.0)
    assert (desk.watch.vitals.published, desk.watch.vitals.log_problem) == (1, None)


def test_results_are_read_when_they_are_new(desk: Desk) -> None:
    path = desk.folder / LATEST
    path.parent.mkdir(parents=True)
    path.write_text('{"held":{"CONFLICT":2},"flags":{"W.1":1},"repeats":3,"gaps":4,"contests":[]}')
    desk.look(1.0)
    assert desk.watch.vitals.results == ResultCounts({"CONFLICT": 2}, {"W.1": 1}, 3, 4)
    path.unlink()
    desk.look(2.0)
    assert desk.watch.vitals.results.repeats == 3


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b'{"held":[]}', b'{"repeats":-1}'])
def test_damaged_results_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        parse_result_counts(data)
    assert caught.value.code == "BAD_RESULTS"


def test_free_space_is_told_where_the_system_does(tmp_path: Path) -> None:
    assert (free_bytes(tmp_path) or 0) > 0
    assert free_bytes(tmp_path / "nowhere") is None
