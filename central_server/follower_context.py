"""What the followers of the log share: what they are made of, and a thread each."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from central_server.directory import ElectionDirectory
from central_server.follower_thread import FollowerThread
from central_server.operator_log import OperatorLog
from central_server.settings import Settings
from ledger.election import ChainPins


@dataclass(frozen=True, slots=True)
class FollowerContext:
    """What both followers are made of. ``pins`` gives those of the contract in force, as the log has it by now.

    ``monotonic`` jumps for a server that is to hurry, ``uptime`` never does.
    """

    directory: ElectionDirectory
    settings: Settings
    origin: str
    pins: Callable[[], ChainPins]
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    uptime: Callable[[], float]
    operator: OperatorLog
    password_file: Path | None


@contextlib.contextmanager
def run_thread(
    context: FollowerContext, name: str, step: Callable[[], float], close: Callable[[], bool], closing_seconds: float
) -> Iterator[FollowerThread]:
    thread = FollowerThread(name, step, close, context.operator.tell_error, context.monotonic)
    thread.start()
    try:
        yield thread
    finally:
        if not thread.stop(closing_seconds):
            context.operator.tell(name, "it did not end in time; the next start goes on where it was")
