"""Every state that a recorded run may leave on the disk, checked one after another."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.system.crash_states import crash_states, materialise
from tests.system.disk_recorder import DiskRecorder


def verify_states(
    recorder: DiskRecorder, scratch: Path, check: Callable[[Path, list[object]], None], first: int = 0
) -> None:
    """Check each state in a folder of its own."""
    again = scratch / "again"
    for count, told, state in crash_states(recorder.operations, first):
        materialise(state, again)
        try:
            check(again, told)
        except BaseException as error:
            error.add_note(f"the power failed after operation {count}; the disk had {sorted(state)}")
            raise
        shutil.rmtree(again)
