"""A monitor of a small publication, a clock that stands still, and a log that forks."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ledger.observer.monitor import Monitor, Round
from ledger.observer.monitor_state import MonitorState
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally
from tests.unit.ledger.observer.publication_factory import Author, MemorySource, whole_author


class Watched:
    """A monitor of one publication; ``author`` publishes into it, ``now`` is its clock."""

    def __init__(self, author: Author, folder: Path, stalled_after_s: float = 0.0) -> None:
        self.author, self.folder, self.now = author, folder, 1_800_000_000.0
        self.source = MemorySource(author.files)
        self.waited: list[float] = []
        self.between: Callable[[], object] = lambda: None
        self._stalled_after_s = stalled_after_s
        self._open()

    def _open(self) -> None:
        self.state = MonitorState(self.folder)
        self.monitor = Monitor(
            self.source, self.author.policy(), self.state, self._pause, (1.0, 2.0), lambda: self.now,
            self._stalled_after_s,
        )  # fmt: skip

    def _pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.between()

    def close(self) -> None:
        self.monitor.__exit__()
        self.state.__exit__()

    def restart(self) -> None:
        self.close()
        self._open()

    def serve(self, files: Mapping[str, bytes]) -> None:
        self.source.files = files

    def look(self) -> Round:
        return self.monitor.look()

    def evidence(self, found: Round) -> bytes:
        [name] = [alarm.evidence for alarm in found.alarms if alarm.evidence is not None]
        return (self.folder / name).read_bytes()


def codes(found: Round) -> list[str]:
    return [alarm.finding.code for alarm in found.alarms]


def grow(author: Author, seq: int, votes: int = 4) -> None:
    author.say(tally(author.night, seq=seq, votes=votes), DEVICE_KEYS[0])
    author.snapshot()
    author.publish()


def fork(author: Author, seq: int) -> Author:
    """Another history of the same log: its last entries differ."""
    other = whole_author()
    grow(other, seq, votes=5)
    assert other.origin == author.origin
    return other
