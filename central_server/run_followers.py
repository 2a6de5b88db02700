"""The followers of the log as ``run`` starts and stops them: publication in one thread, anchoring in another.

Each has a store, a log and a connection of its own, so that none waits for the others or holds up an append.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from central_server.directory import ElectionDirectory
from central_server.follower import Progress, Publisher
from central_server.follower_thread import FollowerThread
from central_server.health import FollowerReport
from central_server.log_access import open_log, open_signer
from central_server.operator_log import OperatorLog
from central_server.settings import Settings
from ledger.election import Election
from ledger.store.sqlite import SqliteStore

CHECKPOINT_SECONDS = 1.0
"""How often the publisher looks again while something is put off: it publishes a checkpoint a second at most."""

PUBLICATION_CLOSING_SECONDS = 30.0
"""For the last snapshot and checkpoint before the server stops."""


@dataclass(slots=True)
class PublicationFollower:
    """The publisher and where its last step has left it."""

    publisher: Publisher
    snapshot_seconds: int
    progress: Progress | None = None

    def step(self) -> float:
        self.progress = self.publisher.step()
        if self.progress.behind:
            return 0.0
        return self.snapshot_seconds if self.progress.settled else CHECKPOINT_SECONDS

    def numbers(self) -> dict[str, int | None]:
        if self.progress is None:
            return {"snapshot": None, "size": None}
        return {"snapshot": self.progress.snapshot, "size": self.progress.published.size}

    def close(self) -> bool:
        self.progress = self.publisher.step(closing=True)
        return self.progress.settled


@contextlib.contextmanager
def run_publication(
    directory: ElectionDirectory,
    settings: Settings,
    origin: str,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
    operator: OperatorLog,
) -> Iterator[tuple[FollowerThread, PublicationFollower]]:
    """Publish until the end, and then everything that the log holds. Raises TunukError for keys, log or guard."""
    with SqliteStore(directory.log, origin) as store:
        log, signer = open_log(directory, store), open_signer(directory, "publisher")
        publisher = Publisher(log, store, directory.publication, signer, clock, settings.snapshot_seconds)
        follower = PublicationFollower(publisher, settings.snapshot_seconds)
        thread = FollowerThread("publication", follower.step, follower.close, operator.tell_error, monotonic)
        thread.start()
        try:
            yield thread, follower
        finally:
            if not thread.stop(PUBLICATION_CLOSING_SECONDS):
                operator.tell("publication", "it did not end in time; the next start goes on where it was")


@dataclass(frozen=True, slots=True)
class Followers:
    """What ``run`` needs of the followers while they run. ``rpc_url``: the embedded chain's or the network's node."""

    publication: FollowerThread
    reports: tuple[FollowerReport, ...]
    rpc_url: str | None


@contextlib.contextmanager
def run_followers(
    directory: ElectionDirectory,
    settings: Settings,
    election: Election,
    rpc_port: int,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
    operator: OperatorLog,
) -> Iterator[Followers]:
    with run_publication(directory, settings, election.origin(), clock, monotonic, operator) as (thread, publication):
        report = FollowerReport("publication", thread, publication.numbers)
        yield Followers(thread, (report,), None)
