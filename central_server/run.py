"""``central-server run``: one process that takes records, publishes and anchors, until it is told to stop.

It opens log, chain and folder, gives each follower its thread, and serves. It repairs nothing: a start after
``kill -9`` is a start. Told to stop, it answers what it has begun, then lets publication and anchor catch up for a
bounded time.
"""

import asyncio
import contextlib
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import uvloop

from central_server.admission import Admission
from central_server.app import make_app
from central_server.append_queue import AppendQueue
from central_server.device_shares import DeviceShares, read_shares
from central_server.devices import RosterReader
from central_server.directory import ElectionDirectory
from central_server.directory_lock import hold_directory
from central_server.follower_thread import FollowerThread
from central_server.health import Health
from central_server.log_access import open_log
from central_server.operator_log import OperatorLog
from central_server.roster_state import read_finished_state
from central_server.routes.receipts import ReceiptsRoute
from central_server.routes.records import RecordsRoute
from central_server.routes.rulings import RulingsRoute
from central_server.run_followers import FollowerContext, Followers, run_followers
from central_server.serving import local_url, make_server, open_socket, renew_server_context
from central_server.settings import read_settings
from central_server.sodium_verifier import SodiumVerifier
from ledger.errors import TunukError
from ledger.log import Log, Receipt
from ledger.store.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Where to listen; port 0 takes a free one. ``rpc_port`` is the embedded chain's, on this machine only."""

    host: str
    port: int
    rpc_port: int


@dataclass(frozen=True, slots=True)
class _Service:
    """What the requests need. Writing and reading each have a store of their own."""

    reader: RosterReader
    shares: DeviceShares
    writing: Log
    reading: Log
    reading_store: SqliteStore
    followers: Followers
    operator: OperatorLog


def run_server(
    directory: ElectionDirectory,
    options: RunOptions,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
    announce: Callable[[dict[str, object]], None],
) -> None:
    """Serve until SIGTERM or SIGINT; ``announce`` is told the addresses once the server answers.

    ``clock`` gives Unix seconds, ``monotonic`` seconds that are never set back. Raises TunukError for what keeps the
    server from starting.
    """
    settings, state = read_settings(directory.settings), read_finished_state(directory.roster)
    operator = OperatorLog(sys.stderr, monotonic)
    with contextlib.ExitStack() as stack:
        stack.enter_context(hold_directory(directory.lock))
        listening = stack.enter_context(open_socket(options.host, options.port))
        now = datetime.fromtimestamp(clock(), UTC)
        context = renew_server_context(directory, options.host, settings.server_url, now)
        writing = stack.enter_context(SqliteStore(directory.log, state.origin))
        reading = stack.enter_context(SqliteStore(directory.log, state.origin))
        log, reading_log, reader = open_log(directory, writing), open_log(directory, reading), RosterReader(reading)
        roster = reader.roster
        following = FollowerContext(directory, settings, roster.election, clock, monotonic, operator)
        followers = stack.enter_context(run_followers(following, options.rpc_port))
        service = _Service(reader, read_shares(writing, monotonic), log, reading_log, reading, followers, operator)
        addresses: dict[str, object] = {"url": local_url(listening), "rpc": followers.rpc_url}
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(service, listening, context, lambda: announce(addresses)))


async def _serve(
    service: _Service, listening: socket.socket, context: ssl.SSLContext, on_ready: Callable[[], None]
) -> None:
    with ThreadPoolExecutor(1, "append") as appending, ThreadPoolExecutor(1, "receipts") as receipts:
        queue = AppendQueue(_appending(service), appending, _reporting(service))
        roster = service.reader.roster
        health = Health(roster, queue, service.followers.reports)
        finding = ReceiptsRoute(roster, service.reading, service.reading_store, receipts)
        app = make_app(
            RecordsRoute(roster, SodiumVerifier(), queue, Admission(), service.shares, finding.select_logged),
            finding,
            RulingsRoute(service.reader, service.reading_store, SodiumVerifier(), queue, receipts),
            health.read,
        )
        server = make_server(app, context, on_ready)

        def stop() -> None:
            server.should_exit = True

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        # Should the writer ever fail, the group ends the server as well: it must not go on without one.
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(queue.run())
            await server.serve([listening])
            queue.close()


def _appending(service: _Service) -> Callable[[Sequence[bytes]], list[Receipt]]:
    publication: FollowerThread = service.followers.publication

    def append(entries: Sequence[bytes]) -> list[Receipt]:
        receipts = service.writing.append(entries)
        publication.wake()
        return receipts

    return append


def _reporting(service: _Service) -> Callable[[TunukError], None]:
    return lambda error: service.operator.tell_error("ingest", error)
