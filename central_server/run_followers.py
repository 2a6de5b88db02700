"""The followers of the log as ``run`` starts and stops them: publication in one thread, anchoring in another.

Each has a store, a log and a connection of its own, so that none waits for the others or holds up an append.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from central_server.follower import Progress, Publisher
from central_server.follower_context import FollowerContext, run_thread
from central_server.follower_thread import FollowerThread
from central_server.health import FollowerReport
from central_server.log_access import open_log, open_signer
from central_server.run_anchoring import run_anchoring
from central_server.witnesses import QuorumError, Witnesses
from central_server.witnessing import complete_published, publish_cosigned, run_witnesses, witness_reports
from ledger.errors import TunukError
from ledger.store.partial_tiles import PartialTiles
from ledger.store.sqlite import SqliteStore
from ledger.vkey import KeyType, NoteKey

CHECKPOINT_SECONDS = 1.0
"""How often the publisher looks again while something is put off: it publishes a checkpoint a second at most."""

PUBLICATION_CLOSING_SECONDS = 30.0
"""For the last snapshot and checkpoint before the server stops."""


@dataclass(slots=True)
class PublicationFollower:
    """The publisher and where its last step has left it."""

    publisher: Publisher
    snapshot_seconds: int
    complete: Callable[[], None]
    partial_tiles: PartialTiles
    report: Callable[[str, TunukError], None]
    progress: Progress | None = None

    def step(self) -> float:
        self.complete()
        self.progress = self.publisher.step()
        self.partial_tiles.collect()
        if self.progress.behind:
            return 0.0
        return self.snapshot_seconds if self.progress.settled else CHECKPOINT_SECONDS

    def numbers(self) -> dict[str, int | None]:
        if self.progress is None:
            return {"snapshot": None, "size": None}
        return {"snapshot": self.progress.snapshot, "size": self.progress.published.size}

    def close(self) -> bool:
        """Without a quorum, waiting brings nothing more: a witness that failed is not asked again for a while."""
        try:
            self.progress = self.publisher.step(closing=True)
        except QuorumError as error:
            self.report("publication", error)
            return True
        return self.progress.settled


@dataclass(frozen=True, slots=True)
class Followers:
    """What ``run`` needs of the running followers. ``rpc_url``: of the node, None where the chain is unusable."""

    publication: FollowerThread
    reports: tuple[FollowerReport, ...]
    rpc_url: str | None


@contextlib.contextmanager
def run_followers(context: FollowerContext, rpc_port: int) -> Iterator[Followers]:
    """Follow until the end; then publication catches up, and after it the anchor, within their bounds.

    Raises TunukError for keys, log or guard, and where the chain's port is taken.
    """
    with (
        run_anchoring(context, rpc_port) as (anchoring, rpc_url),
        _run_witnesses(context) as witnesses,
        _run_publication(context, witnesses) as (thread, publication),
    ):
        report = FollowerReport("publication", lambda: thread.problem, publication.numbers)
        yield Followers(thread, (report, anchoring, *witness_reports(witnesses)), rpc_url)


def _run_witnesses(context: FollowerContext) -> contextlib.AbstractContextManager[Witnesses]:
    log_key = NoteKey(context.origin, KeyType.ED25519, open_signer(context.directory, "log").public_key)
    report = context.operator.tell_error
    return run_witnesses(context.directory, log_key, context.clock, context.monotonic, report)


@contextlib.contextmanager
def _run_publication(
    context: FollowerContext, witnesses: Witnesses
) -> Iterator[tuple[FollowerThread, PublicationFollower]]:
    with SqliteStore(context.directory.log, context.origin) as store:
        log = open_log(context.directory, store)
        publisher = Publisher(
            log,
            store,
            context.directory.publication,
            open_signer(context.directory, "publisher"),
            context.clock,
            context.settings.snapshot_seconds,
            publish_tiles=publish_cosigned(witnesses),
        )
        complete = complete_published(witnesses, log, store, context.directory.publication)
        partial_tiles = PartialTiles(context.directory.publication, store.origin, context.uptime)
        follower = PublicationFollower(
            publisher, context.settings.snapshot_seconds, complete, partial_tiles, context.operator.tell_error
        )
        with run_thread(context, "publication", follower.step, follower.close, PUBLICATION_CLOSING_SECONDS) as thread:
            yield thread, follower
