"""When a snapshot is taken and when a checkpoint is published: decisions alone, with the time passed in."""

from dataclasses import dataclass

CHECKPOINT_SECONDS = 1.0
"""A checkpoint is published at most this often, as witnesses and caches expect of a log."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Times in Unix seconds. ``closing``: the server is about to stop, so that nothing is put off any more."""

    now: float
    closing: bool

    def allows(self, last: float | None, minimum_seconds: float) -> bool:
        """A clock that was set back must not hold up an election night: a time that lies ahead counts as long ago."""
        return self.closing or last is None or not 0 <= self.now - last < minimum_seconds


def plan_snapshot(rhythm: Rhythm, *, complete: bool, news: bool, last: float | None, minimum_seconds: float) -> bool:
    """``complete``: all parts of the election are logged. ``news``: an entry follows that no snapshot covers."""
    return complete and news and rhythm.allows(last, minimum_seconds)


def plan_checkpoint(rhythm: Rhythm, *, head_size: int, published_size: int, last: float | None) -> bool:
    """A published head larger than the log's is published over as well: the attempt says what is wrong."""
    return head_size != published_size and rhythm.allows(last, CHECKPOINT_SECONDS)
