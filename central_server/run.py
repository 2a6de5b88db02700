"""``central-server run``: one process that takes records, publishes and anchors, until it is told to stop.

It opens log, chain and folder, gives each follower its thread, and serves. It repairs nothing: a start after
``kill -9`` is a start. Told to stop, it answers what it has begun, then lets publication and anchor catch up for a
bounded time.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop

from central_server.cosigned_receipts import CosignedReceipts
from central_server.device_shares import read_shares
from central_server.devices import RosterReader
from central_server.directory import ElectionDirectory
from central_server.directory_lock import hold_directory
from central_server.follower_context import FollowerContext
from central_server.health import FollowerReport, Health
from central_server.ingest_counts import IngestCounts
from central_server.log_access import open_log, open_signer
from central_server.metrics import Reading, make_registry
from central_server.operator_log import OperatorLog, telling_everything
from central_server.ops_server import Page, make_pages, serving_ops
from central_server.roster_state import read_finished_state
from central_server.run_followers import run_followers
from central_server.run_settings import RunSettings
from central_server.running_file import Running, remove_running, write_running
from central_server.serve_phase import Pulse, serve_until_told
from central_server.service import Service, make_application, make_queue
from central_server.serving import local_url, make_server, open_socket, renew_server_context
from central_server.settings import read_settings
from central_server.stopping import StopSignals
from central_server.vitals import Watch, watching
from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore

MIB = 2**20


def run_server(
    directory: ElectionDirectory,
    chosen: RunSettings,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
    announce: Callable[[dict[str, object]], None],
    operator: OperatorLog,
) -> None:
    """Serve until SIGTERM or SIGINT; ``announce`` is told the addresses once the server answers.

    ``clock`` gives Unix seconds, ``monotonic`` seconds that are never set back. Raises TunukError for what keeps the
    server from starting.
    """
    settings, state = read_settings(directory.settings), read_finished_state(directory.roster)
    stop, pulse, counts, pages = StopSignals(monotonic), Pulse(monotonic), IngestCounts(), dict[str, Page]()
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        enter(telling_everything(operator))
        enter(hold_directory(directory.lock))
        listening = enter(open_socket(chosen.host, chosen.port))
        monitoring = enter(open_socket(chosen.ops_host, chosen.ops_port))
        now = datetime.fromtimestamp(clock(), UTC)
        context = renew_server_context(directory, chosen.host, settings.server_url, now)
        writing, reading, watched = (enter(SqliteStore(directory.log, state.origin)) for _ in range(3))
        log, reading_log, reader = open_log(directory, writing), open_log(directory, reading), RosterReader(reading)
        enter(stop.caught())
        # Before the followers, so that a monitor sees to their end; its pages come with the rest.
        ops_url = enter(serving_ops(monitoring, pages))
        paced = msgspec.structs.replace(
            settings, snapshot_seconds=chosen.snapshot_seconds, anchor_seconds=chosen.anchor_seconds
        )
        password_file = Path(chosen.submitter_password_file) if chosen.submitter_password_file else None
        following = FollowerContext(
            directory,
            paced,
            state.origin,
            lambda: reader.chains[-1],
            clock,
            stop.patience,
            monotonic,
            operator,
            password_file,
        )
        followers = enter(run_followers(following, chosen.rpc_port))
        watch = Watch(
            watched,
            directory.publication,
            directory.server,
            _checker(directory, watched),
            lambda: _anchored(followers.reports),
            monotonic,
        )
        enter(watching(watch))
        appending, receipts = (enter(ThreadPoolExecutor(1, name)) for name in ("append", "receipts"))
        queue = make_queue(log, appending, followers.publication.wake, counts, monotonic, operator)
        health = Health(
            reader.roster, queue, followers.reports, lambda: watch.vitals, chosen.min_free_mib * MIB, monotonic
        )
        asks_witnesses = directory.witness_policy.exists()
        cosigned = CosignedReceipts(directory.publication, state.origin, monotonic) if asks_witnesses else None
        shares = read_shares(writing, monotonic)
        service = Service(reader, shares, reading_log, reading, queue, counts, monotonic, cosigned)
        application = make_application(service, health.read, receipts, chosen.max_held_mib * MIB)
        running = Running("tunuk-running/1", os.getpid(), local_url(listening), followers.rpc_url, ops_url)
        stack.callback(remove_running, directory.running)

        def tell_ready() -> None:
            write_running(directory.running, running)
            announce({"url": running.url, "rpc": running.rpc, "ops": running.ops})

        server = make_server(application, context, tell_ready, chosen.max_connections, chosen.grace_seconds)
        registry = make_registry(Reading(counts, health, lambda: len(server.server_state.connections)))
        pages |= make_pages(registry, health.read_all, lambda: stop.asked or pulse.beats)

        def end() -> None:
            if not health.stopping:
                operator.tell("run", "told to stop: answers what was begun, then publishes and anchors the rest")
            health.stopping = True

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_until_told(server, listening, queue, stop, pulse, end))
    operator.tell("run", "stopped")


def _checker(directory: ElectionDirectory, store: SqliteStore) -> Callable[[], object]:
    """Making a log asks whether store and guard agree."""
    signer = Ed25519NoteSigner(store.origin, open_signer(directory, "log"))
    return lambda: Log(store, FileGuard(directory.guard, store.origin), signer)


def _anchored(reports: tuple[FollowerReport, ...]) -> int | None:
    return next((report.numbers().get("size") for report in reports if report.name == "anchoring"), None)
