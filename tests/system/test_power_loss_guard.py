"""The power fails while a guard is made or advanced: it is never behind what was answered, and never of two minds."""

import shutil
from pathlib import Path

from ledger.errors import TunukError
from ledger.store.contract import EMPTY_HEAD, TreeHead
from ledger.store.guard import FileGuard
from tests.system.crash_check import verify_states
from tests.system.disk_recorder import DiskRecorder, Killed
from tests.unit.ledger.store.log_factory import ORIGIN, head_of

ROOT_HASH = head_of([b"entry"]).root


def heads(count: int) -> list[TreeHead]:
    return [TreeHead(size, ROOT_HASH) for size in range(1, count + 1)]


class GuardRun:
    """A guard is made and advanced; each answer is told."""

    def __init__(self, root: Path, recorder: DiskRecorder) -> None:
        self.path, self.recorder = root / "guard" / "head", recorder

    def play(self) -> None:
        guard = FileGuard(self.path, ORIGIN)
        if not self.path.exists() or guard.read() == EMPTY_HEAD:
            guard.create(EMPTY_HEAD)
        old = guard.read()
        self.recorder.mark(old)
        for new in heads(5)[old.size :]:
            assert guard.advance(old, new)
            self.recorder.mark(new)
            old = new


def verify_guard(root: Path, told: list[object]) -> None:
    sizes = [head.size for head in told if isinstance(head, TreeHead)]
    guard = FileGuard(root / "guard" / "head", ORIGIN)
    try:
        found = guard.read()
    except TunukError as error:
        assert (error.code, sizes) == ("GUARD_MISSING", [])
        return
    assert found in (EMPTY_HEAD, *heads(5))
    # One further than what was answered, where it was just being advanced; never behind.
    assert max(sizes, default=0) <= found.size <= max(sizes, default=0) + 1
    assert guard.advance(found, TreeHead(9, ROOT_HASH)) and guard.read().size == 9


def test_the_power_fails_while_the_guard_advances(disk_root: Path, scratch_disk: Path) -> None:
    recorder = DiskRecorder(disk_root)
    with recorder.recording():
        GuardRun(disk_root, recorder).play()
    verify_states(recorder, scratch_disk, verify_guard)


def test_who_advances_the_guard_is_killed_and_later_the_power_fails(disk_root: Path, scratch_disk: Path) -> None:
    """What the killed one wrote may be read, but is relied on only once it is flushed."""
    for kill_before in range(1_000):
        recorder = DiskRecorder(disk_root)
        recorder.kill_before = kill_before
        with recorder.recording():
            try:
                GuardRun(disk_root, recorder).play()
            except Killed:
                recorder.kill_before = None
                GuardRun(disk_root, recorder).play()
            else:
                break
        verify_states(recorder, scratch_disk, verify_guard, kill_before)
        shutil.rmtree(disk_root)
        disk_root.mkdir()
    assert kill_before > 20
