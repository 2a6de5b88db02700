"""The commands of ``simulator``: reads arguments, plays, prints a short account.

    demo     a small invented election, from urns to audit
    replay   a real election from an OpenElections file, the same way
    urn      one urn at a serial port, with reports from files
    report   a report file for an urn of a definition, drawn by lot
    line     a serial line to put between an urn and an agent

Exit status: 0 done and the audit passed; 1 the audit failed, or a coded message says what did; 2 wrong arguments.
"""

import argparse
import json
import random
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from ledger.errors import FormatError, TunukError
from simulator.night import Account, NightOptions, run_night
from simulator.night_election import DEFAULT_PRECINCTS, MAX_PRECINCTS, MIN_PRECINCTS, build_night
from simulator.open_elections import read_scenario
from simulator.playing import steady_ms
from simulator.report_files import KINDS, make_report
from simulator.scenario import Scenario
from simulator.serial_line import SerialLine
from simulator.urn import SimulatedUrn, load_reports, run_urn
from urn_agent.link_events import NEED_DATA, UrnEvent
from urn_agent.serial_port import DEFAULT_BAUD, SerialError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = make_parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
    except OSError as error:
        print(f"FILE_FAILED: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
    return 1


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulator", description="Play an election from urns to audit.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="a small invented election, from urns to audit")
    demo.set_defaults(command=_demo)
    demo.add_argument(
        "--precincts", type=int, default=DEFAULT_PRECINCTS, metavar="N", help="the country has 2500 (%(default)s)"
    )
    replay = commands.add_parser("replay", help="a real election from a file, the same way")
    replay.set_defaults(command=_replay)
    replay.add_argument("--election-csv", required=True, type=Path, metavar="FILE", help="results by precinct")
    replay.add_argument("--format", required=True, choices=["openelections"], help="of the file")
    replay.add_argument("--precincts", type=int, metavar="N", help="so many of the file's precincts (default: all)")
    for night in (demo, replay):
        night.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new directory for everything")
        night.add_argument(
            "--link",
            choices=["pty", "memory"],
            default="pty",
            help="urn to agent: a pseudo-terminal, or none (%(default)s)",
        )
        night.add_argument(
            "--processes", type=int, default=2, metavar="K", help="so many agents as processes, on ptys (%(default)s)"
        )
        night.add_argument("--seed", type=int, default=1, metavar="S", help="of all that is drawn by lot (%(default)s)")
    urn = commands.add_parser("urn", help="one urn at a serial port, with reports from files")
    urn.set_defaults(command=_urn)
    urn.add_argument("--port", required=True, type=Path, help="serial port, such as /dev/pts/3")
    urn.add_argument("--baud", type=int, default=DEFAULT_BAUD)
    report = commands.add_parser("report", help="a report file for an urn of a definition, drawn by lot")
    report.set_defaults(command=_report)
    report.add_argument("--definition", required=True, type=Path, metavar="FILE", help="what init was given")
    report.add_argument("--urn", required=True, help="the urn's name in the definition")
    report.add_argument("--kind", required=True, choices=KINDS, help="the zero report, or the final one")
    report.add_argument("--seed", type=int, default=1, metavar="S", help="of the counts (%(default)s)")
    report.add_argument("--out", required=True, type=Path, metavar="FILE", help="a new file")
    line = commands.add_parser("line", help="a serial line: two pseudo-terminals, joined until Ctrl-C")
    line.set_defaults(command=_line)
    urn.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="report files of one session, in order")
    return parser


def _demo(options: argparse.Namespace) -> int:
    if not MIN_PRECINCTS <= options.precincts <= MAX_PRECINCTS:
        raise FormatError("BAD_PRECINCTS", f"a demonstration has {MIN_PRECINCTS} to {MAX_PRECINCTS} precincts")
    return _night(build_night(options.precincts, options.seed, int(time.time())), options)


def _replay(options: argparse.Namespace) -> int:
    scenario, file = read_scenario(options.election_csv, options.precincts, options.seed)
    for code, count in sorted(file.warnings.items()):
        print(f"warning: {code} ({count})", file=sys.stderr)
    return _night(scenario, options)


def _night(scenario: Scenario, options: argparse.Namespace) -> int:
    processes = options.processes if options.link == "pty" else 0
    night = NightOptions(options.out.absolute(), options.link, options.seed, processes)
    account = run_night(scenario, night, lambda line: print(line, flush=True))
    (night.directory / "account.json").write_text(json.dumps(asdict(account), indent=1) + "\n")
    _tell(account, night.directory)
    return 0 if account.audit.status == 0 else 1


def _tell(account: Account, directory: Path) -> None:
    verdict = account.audit.verdict
    latest = json.loads((directory / "publication" / "results" / "latest.json").read_bytes())
    print(f"\n{account.urns} urns, {account.tallies} tallies, {verdict.get('tree_size')} log entries, ", end="")
    print(f"{verdict.get('snapshots')} snapshots; {account.total_seconds:.1f} s")
    first = latest["contests"][0]
    print(f"{first['title']['en']}: {first['cells_reported']} of {first['cells_expected']} cells")
    for row in sorted(first["selections"], key=lambda row: -row["votes"])[:5]:
        print(f"  {row['votes']:>12,}  {row['name']['en']}")
    print(f"root {verdict.get('root_hash')}")
    print(f"page {directory / 'publication' / 'index.html'}")
    if account.audit.status == 0:
        print("the audit passed: every signature, every sum, every file and every anchor")
    else:
        print(f"the audit did NOT pass: {json.dumps(verdict, indent=1)}")
    print("check it yourself:")
    observer, server = (str(Path(sys.executable).parent / name) for name in ("observer", "central-server"))
    print(
        f"  {shlex.join([server, 'chain', '--dir', str(directory)])}    (serves the chain, and says at which address)"
    )
    arguments = [observer, "verify", str(directory / "publication"), "--policy", str(directory / "policy")]
    print(f"  {shlex.join(arguments)} --rpc ADDRESS")
    print("look at the results in a browser:")
    serve = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(directory / "publication")]
    print(f"  {shlex.join([*serve, '8000'])}    and open http://127.0.0.1:8000/")


def _report(options: argparse.Namespace) -> int:
    data = make_report(options.definition, options.urn, options.kind, options.seed, int(time.time()))
    with options.out.open("xb") as file:
        file.write(data)
    return 0


def _line(_: argparse.Namespace) -> int:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with SerialLine() as line:
        print(json.dumps({"urn": line.urn_path, "agent": line.agent_path}), flush=True)
        stopping.wait()
    return 0


def _urn(options: argparse.Namespace) -> int:
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
