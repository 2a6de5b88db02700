"""A monitor over a publication that grows, changes, stands still and goes dark: what it says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.observer.fetch import UnreachableError
from ledger.observer.monitor import DARK_ROUNDS, WHOLE_SECONDS, Round
from ledger.observer.monitor_state import MonitorState
from ledger.observer.published_entries import CHECKPOINT
from ledger.results import LATEST, numbered_path
from tests.unit.ledger.observer.publication_factory import MemorySource, whole_author
from tests.unit.ledger.observer.watched import Watched, codes, grow


def test_a_growing_log_is_fine_and_old_files_are_read_once(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    assert watched.look() == Round([], None, watched.author.size, True)
    for seq in (3, 4, 5):
        grow(watched.author, seq)
        watched.source.reads.clear()
        assert watched.look() == Round([], None, watched.author.size, False)
        assert numbered_path(1) not in watched.source.reads
    assert [head.size for head in watched.state.heads()][-1] == watched.author.size
    assert watched.state.tree().root_at(watched.author.size) == watched.author.root()


def test_it_goes_on_after_a_restart(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    watched.look()
    watched.restart()
    grow(watched.author, 3)
    assert watched.look() == Round([], None, watched.author.size, True)


def test_a_changed_old_file_is_found_by_the_hourly_audit(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    watched.look()
    path = numbered_path(1)
    watched.author.files[path] = watched.author.files[path].replace(b'"votes":6', b'"votes":7', 1)
    assert codes(watched.look()) == []
    watched.now += WHOLE_SECONDS
    found = watched.look()
    assert found.whole and codes(found) == ["RESULT_DIFFERS"] and found.alarms[0].finding.path == path
    assert codes(watched.look()) == ["RESULT_DIFFERS"]


def test_a_changed_current_file_is_found_at_once(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    watched.look()
    watched.author.files[LATEST] += b" "
    assert codes(watched.look()) == ["RESULT_DIFFERS"]


def test_a_removed_entry_bundle_is_found_by_the_hourly_audit(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author(300))
    watched.look()
    del watched.author.files["tile/entries/000"]
    watched.now += WHOLE_SECONDS
    assert ("FILE_MISSING", "tile/entries/000") in [
        (alarm.finding.code, alarm.finding.path) for alarm in watched.look().alarms
    ]


def test_tiles_that_show_nothing_are_an_alarm_that_names_them(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    watched.look()
    grow(watched.author, 3)
    path = next(path for path in watched.author.files if path.startswith(f"tile/0/000.p/{watched.author.size}"))
    watched.author.files[path] = bytes(len(watched.author.files[path]))
    found = watched.look()
    assert codes(found)[0] == "BAD_CONSISTENCY_PROOF" and "TILE_WRONG" in codes(found)


def test_a_log_that_stands_still_is_stalled(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author(), stalled_after_s=60.0)
    watched.look()
    watched.now += 61
    assert codes(watched.look()) == ["STALLED"]
    grow(watched.author, 3)
    assert codes(watched.look()) == []


def test_a_publication_that_stays_dark_is_an_alarm(watch: Callable[..., Watched]) -> None:
    watched = watch(whole_author())
    watched.look()

    class Dark(MemorySource):
        def read(self, path: str, limit: int) -> bytes:
            raise UnreachableError("UNREACHABLE", "no answer")

    watched.monitor._source = Dark({})
    for number in range(1, DARK_ROUNDS + 1):
        found = watched.look()
        assert found.error is not None and found.error.code == "UNREACHABLE"
        assert codes(found) == (["DARK"] if number == DARK_ROUNDS else [])


@pytest.mark.parametrize("data", [None, b"", b"nonsense\n\nmore"])
def test_a_checkpoint_that_is_none_is_an_alarm(watch: Callable[..., Watched], data: bytes | None) -> None:
    watched = watch(whole_author())
    watched.look()
    watched.serve({key: value for key, value in watched.author.files.items() if key != CHECKPOINT})
    if data is not None:
        watched.serve({**watched.author.files, CHECKPOINT: data})
    found = watched.look()
    assert len(found.alarms) == 1 and found.alarms[0].finding.path == CHECKPOINT


def test_alarms_are_told_until_taken_and_again_when_they_come_back(tmp_path: Path) -> None:
    passing: dict[str, object] = {"name": "A", "lasting": False}
    lasting: dict[str, object] = {"name": "B", "lasting": True}
    with MonitorState(tmp_path / "state") as state:
        state.raise_alarms([passing, lasting], checked=True)
        assert state.alarms(told=False) == [passing, lasting]
        state.mark_told("A")
        state.raise_alarms([passing], checked=True)
        assert state.alarms(told=False) == [lasting]
        state.raise_alarms([], checked=False)
        assert state.alarms() == [passing, lasting]
        state.raise_alarms([], checked=True)
        assert state.alarms() == state.alarms(lasting=True) == [lasting]
        state.raise_alarms([passing], checked=True)
        assert state.alarms(told=False) == [passing, lasting]
