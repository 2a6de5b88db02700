"""``urn-agent run``: puts key, bundle, outbox, port and server together and lets them run until the end or a signal."""

import argparse
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import FrameType

from ledger.errors import TunukError
from ledger.proof import verify_tlog_proof
from urn_agent.agent import Agent, Bell, CourierThread, Ending
from urn_agent.bundle import import_bundle, load_bundle
from urn_agent.config import AgentFolder, BundleFolder, load_settings, parse_server
from urn_agent.courier import Courier
from urn_agent.files import FolderError
from urn_agent.keys import load_key
from urn_agent.link_messages import REPORT_KINDS
from urn_agent.notices import NoticeWriter
from urn_agent.outbox import Outbox
from urn_agent.outbox_file import OutboxError
from urn_agent.session import AgentSession, Notice
from urn_agent.uplink import Uplink, UplinkSettings

MAX_TOLD = 10
"""Refused reports that the last line names; `status` has all of them."""

STOP_S = 5.0
"""How long a stop waits for a request under way. Cutting it off loses nothing: the records are sent again."""


def run(options: argparse.Namespace) -> int:
    """0 when all is done or a signal asked to stop, 1 when something was refused or the agent failed."""
    folder = AgentFolder(options.data)
    settings, key = load_settings(folder), load_key(folder.key)
    if options.bundle is not None:
        import_bundle(BundleFolder(options.bundle), folder.bundle, settings.device, key.public_key)
    bundle = load_bundle(folder.bundle, settings.device, key.public_key)
    server = parse_server(options.server) if options.server else settings.server or bundle.server
    if server is None:
        raise FolderError("SERVER_UNKNOWN", "no server's address: give --server https://host:port")

    key_id, election_id, policy = key.public_key.key_id, bundle.election_id, bundle.policy
    writer = NoticeWriter(_tell, _unix_ms, settings.language)
    with ExitStack() as stack:
        outbox = Outbox.open(folder.outbox, key_id, election_id)
        stack.callback(outbox.close)
        uplink = Uplink(UplinkSettings(server, folder.bundle.authority, folder.bundle.certificate, folder.key))

        def prove(proof: bytes, entry: bytes) -> int:
            return verify_tlog_proof(proof, entry, policy).leaf_index

        _recall(outbox, prove, writer)

        def make_courier(in_thread: ExitStack) -> Courier:
            in_thread.callback(uplink.close)
            own_outbox = Outbox.open(folder.outbox, key_id, election_id)
            in_thread.callback(own_outbox.close)
            return Courier(own_outbox, uplink, prove, random.random)

        bell = Bell()
        courier = CourierThread(make_courier, _steady_ms, _unix_ms, writer.notify, bell)

        def notify(notice: Notice) -> None:
            writer.notify(notice)
            if notice.code == "REPORT_STORED":
                courier.wake()

        session = AgentSession(
            bundle.assignment, key, outbox, clock_ms=_unix_ms, notify=notify, language=settings.language
        )
        _take_up(outbox, session, writer, is_once=options.once)
        agent = Agent(
            options.port, options.baud, session, outbox, courier, bell, _steady_ms, writer.notify, options.once
        )

        def stop(_number: int, _frame: FrameType | None) -> None:
            agent.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        courier.start()
        ending = agent.run()
        courier.stop()
        courier.join(STOP_S)
        return _conclude(ending, outbox, session, writer, is_once=options.once)


def _recall(outbox: Outbox, prove: Callable[[bytes, bytes], int], writer: NoticeWriter) -> None:
    """Send again what has a receipt of a log that the policy counts no more: the log has ended, another goes on."""

    def holds(proof: bytes, entry: bytes) -> bool:
        with suppress(TunukError):
            prove(proof, entry)
            return True
        return False

    try:
        if count := outbox.recall(holds):
            writer.notify(Notice("RECEIPTS_RECALLED", f"{count} records"))
    except OutboxError as error:
        writer.notify(Notice("NOTE_NOT_KEPT", f"{error.code}: {error.message}"))


def _take_up(outbox: Outbox, session: AgentSession, writer: NoticeWriter, *, is_once: bool) -> None:
    """Begin the task of ``--once``, or go on with the one that another agent left behind when it died."""
    try:
        if not is_once:
            outbox.sittings.end_task()
            return
        task = outbox.sittings.begin_task()
        if task is not None and task.sitting is not None:
            session.resume(task.sitting)
    except OutboxError as error:
        # With a full disk the urn is served all the same, and told so.
        writer.notify(Notice("NOTE_NOT_KEPT", f"{error.code}: {error.message}"))


def _conclude(ending: Ending, outbox: Outbox, session: AgentSession, writer: NoticeWriter, *, is_once: bool) -> int:
    if ending is Ending.STOPPED and not is_once:
        return 0
    at_line = session.state.urn, session.state.session
    progress, missing = outbox.progress(), outbox.sittings.refused()
    missing = [one for one in missing if (one.urn, one.session) == at_line]
    if ending is Ending.DONE:
        outbox.sittings.end_task()
        if not progress.refused and not missing:
            writer.notify(Notice("ALL_DELIVERED", f"{progress.receipted} records with receipts"))
            return 0
    counts = f"{progress.pending} records pending, {progress.refused} refused"
    reports = "".join(
        f"; report {one.number} ({REPORT_KINDS.get(one.kind, one.kind)}) of urn {one.urn} was refused: {one.code}"
        for one in missing[:MAX_TOLD]
    )
    raise TunukError("NOT_ALL_DELIVERED", f"{ending.value}; {counts}{reports}")


def _tell(line: str) -> None:
    """On standard error, which may be a file on the disk that is full: the urn is served without words, then."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000


def _steady_ms() -> int:
    return time.monotonic_ns() // 1_000_000
