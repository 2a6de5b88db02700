"""The followers of the log as ``run`` starts and stops them: publication in one thread, anchoring in another.

Each has a store, a log and a connection of its own, so that none waits for the others or holds up an append.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from central_server.anchor_files import AnchorFiles
from central_server.anchor_keys import find_anchor_key
from central_server.anchoring import AnchorFollower, PublishedFolder, guarded
from central_server.chain_node import (
    GAS_PRICE,
    anchor_target,
    open_nodes,
)
from central_server.directory import ElectionDirectory
from central_server.follower import Progress, Publisher
from central_server.follower_thread import FollowerThread
from central_server.health import FollowerReport
from central_server.keys import KeyFileError
from central_server.log_access import open_log, open_signer
from central_server.operator_log import OperatorLog
from central_server.settings import Settings
from central_server.submitters import open_submitter
from central_server.witnesses import QuorumError, Witnesses
from central_server.witnessing import complete_published, publish_cosigned, run_witnesses, witness_reports
from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.evm import AnchorContract, open_contract
from ledger.anchor.nodes import ChainNodes
from ledger.anchor.primitives import Address
from ledger.anchor.statement import AnchorDomain, origin_hash
from ledger.anchor.transactions import Submitter
from ledger.election import ChainPins
from ledger.errors import TunukError
from ledger.store.durable import StorageError
from ledger.store.guard import FileGuard
from ledger.store.partial_tiles import PartialTiles
from ledger.store.sqlite import SqliteStore
from ledger.vkey import KeyType, NoteKey

CHECKPOINT_SECONDS = 1.0
"""How often the publisher looks again while something is put off: it publishes a checkpoint a second at most."""

PUBLICATION_CLOSING_SECONDS = 30.0
"""For the last snapshot and checkpoint before the server stops."""

ANCHOR_CLOSING_SECONDS = 15.0
"""For the anchor of that checkpoint. What is not done by then is done after the next start."""

CONFIRMATIONS = 0
"""Blocks of the embedded chain and of a QBFT network are final at once."""


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


@dataclass(frozen=True, slots=True)
class FollowerContext:
    """What both followers are made of. ``pins``: of the chain in force.

    ``monotonic`` jumps for a server that is to hurry, ``uptime`` never does.
    """

    directory: ElectionDirectory
    settings: Settings
    origin: str
    pins: ChainPins
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    uptime: Callable[[], float]
    operator: OperatorLog
    password_file: Path | None


@contextlib.contextmanager
def run_followers(context: FollowerContext, rpc_port: int) -> Iterator[Followers]:
    """Follow until the end; then publication catches up, and after it the anchor, within their bounds.

    Raises TunukError for keys, log or guard, and where the chain's port is taken.
    """
    with (
        _run_anchoring(context, rpc_port) as (anchoring, rpc_url),
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
        with _thread(context, "publication", follower.step, follower.close, PUBLICATION_CLOSING_SECONDS) as thread:
            yield thread, follower


@contextlib.contextmanager
def _run_anchoring(context: FollowerContext, rpc_port: int) -> Iterator[tuple[FollowerReport, str | None]]:
    """Anchor, unless the embedded chain cannot be opened: that is told, and everything else goes on without it."""
    with contextlib.ExitStack() as stack:
        try:
            suffix, key = find_anchor_key(context.directory, Address(context.pins.anchor_address))
            nodes = stack.enter_context(open_nodes(context.directory, context.settings, rpc_port, context.clock))
        except (KeyFileError, StorageError) as error:
            context.operator.tell_error("anchoring", error)
            code = error.code
            yield FollowerReport("anchoring", lambda: code, dict), None
            return
        store = stack.enter_context(SqliteStore(context.directory.log, context.origin))
        account = open_submitter(context.directory, context.settings, context.password_file, suffix)
        follower = _make_anchor_follower(context, nodes, key, stack.enter_context(account), store)
        closing_seconds = ANCHOR_CLOSING_SECONDS
        thread = stack.enter_context(_thread(context, "anchoring", follower.step, follower.close, closing_seconds))

        def numbers() -> dict[str, int | None]:
            return {**follower.numbers(), "nodes": len(nodes.urls), "nodes_failing": len(nodes.problems)}

        yield FollowerReport("anchoring", lambda: follower.problem or thread.problem, numbers), nodes.urls[0]


def _make_anchor_follower(
    context: FollowerContext,
    nodes: ChainNodes,
    key: AnchorKey,
    submitter: Callable[[], Submitter],
    store: SqliteStore,
) -> AnchorFollower:
    directory, origin = context.directory, context.origin
    target = anchor_target(context.pins, origin, open_signer(directory, "log").public_key)

    def open_anchors() -> AnchorContract:
        account = submitter()
        return nodes.open(lambda call: open_contract(call, target, account, GAS_PRICE))

    return AnchorFollower(
        open_anchors,
        AnchorDomain(target.chain_id, target.contract, origin_hash(origin)),
        PublishedFolder(directory.publication, origin),
        AnchorFiles(directory.publication, target.contract),
        guarded(key, store, FileGuard(directory.guard, origin)),
        context.settings.anchor_seconds,
        CONFIRMATIONS,
        context.monotonic,
        lambda words: context.operator.tell("anchoring", words),
    )


@contextlib.contextmanager
def _thread(
    context: FollowerContext, name: str, step: Callable[[], float], close: Callable[[], bool], closing_seconds: float
) -> Iterator[FollowerThread]:
    thread = FollowerThread(name, step, close, context.operator.tell_error, context.monotonic)
    thread.start()
    try:
        yield thread
    finally:
        if not thread.stop(closing_seconds):
            context.operator.tell(name, "it did not end in time; the next start goes on where it was")
