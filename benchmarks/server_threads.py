"""What each thread of the server has used of the processors, from /proc in nanoseconds.

The threads have no names there. What tells them apart is when they begin: the followers and the chain's server begin
before the first request, the writer with it.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerTime:
    """Processor seconds: ``ingest`` of event loop and writer, ``following`` of publication, anchoring and chain."""

    ingest: float
    following: float

    @property
    def all(self) -> float:
        return self.ingest + self.following


def thread_seconds(process_id: int) -> dict[int, float]:
    """By thread id. A thread that ends while it is asked is left out."""
    seconds = {}
    for folder in (Path("/proc") / str(process_id) / "task").iterdir():
        try:
            seconds[int(folder.name)] = int((folder / "schedstat").read_text().split()[0]) / 1e9
        except (FileNotFoundError, ProcessLookupError):
            continue
    return seconds


def time_between(process_id: int, before: dict[int, float], after: dict[int, float]) -> ServerTime:
    """``before`` was asked before the server's first record came in."""
    used = {thread: seconds - before.get(thread, 0.0) for thread, seconds in after.items()}
    ingest = {thread for thread in used if thread == process_id or thread not in before}
    return ServerTime(
        sum(used[thread] for thread in ingest), sum(used[thread] for thread in used if thread not in ingest)
    )
