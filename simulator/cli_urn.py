"""``simulator line`` and ``simulator urn``: a serial line, and an urn at one end of it."""

import argparse
import json
import random
import signal
import sys
import threading
from dataclasses import asdict

from ledger.errors import FormatError
from simulator.playing import steady_ms
from simulator.serial_line import SerialLine
from simulator.urn import SimulatedUrn, load_reports, run_urn
from urn_agent.link_events import NEED_DATA, UrnEvent
from urn_agent.serial_port import SerialError


def join_line(_: argparse.Namespace) -> int:
    """``simulator line``: the two ends as JSON, and the line itself until a signal."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with SerialLine() as line:
        print(json.dumps({"urn": line.urn_path, "agent": line.agent_path}), flush=True)
        stopping.wait()
    return 0


def play_urn(options: argparse.Namespace) -> int:
    """``simulator urn``: 0 when each report has its answer. Raises FormatError, OSError."""
    reports = load_reports(options.reports)
    if len({(report.urn, report.session) for report in reports}) != 1:
        raise FormatError("REPORTS_OF_SEVERAL", "the reports are of more than one urn or session")
    urn = SimulatedUrn(reports, lambda: random.getrandbits(32), show=_show)
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    settled = run_urn(
        options.port,
        urn,
        clock_ms=steady_ms,
        complain=_complain,
        is_stopping=lambda: stopping,
        baud=options.baud,
    )
    return 0 if settled else 1


def _show(event: UrnEvent) -> None:
    if event is NEED_DATA:
        return
    facts = {name: value for name, value in asdict(event).items() if not isinstance(value, bytes)}
    words = ", ".join(f"{name} {value}" for name, value in facts.items())
    print(f"{type(event).__name__} {words}".rstrip(), file=sys.stderr, flush=True)


def _complain(error: SerialError) -> None:
    print(f"{error.code}: {error.message}", file=sys.stderr, flush=True)
