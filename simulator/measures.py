"""What a process has used so far, as Linux tells it under /proc; None elsewhere."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time of all threads in seconds, and the largest resident memory in MiB."""

    cpu_seconds: float
    peak_mebibytes: float


def usage_of(process_id: int) -> Usage | None:
    folder = Path("/proc") / str(process_id)
    try:
        # The name in brackets may hold blanks; user and system time are the 12th and 13th field after it.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return None
    peak = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
    ticks = int(fields[11]) + int(fields[12])
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), peak / 1024)
