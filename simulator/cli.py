"""The commands of ``simulator``: reads arguments, plays, prints a short account.

    demo     a small invented election, from urns to audit
    replay   a real election from an OpenElections file, the same way
    urn      one urn at a serial port, with reports from files
    report   a report file for an urn of a definition, drawn by lot
    line     a serial line to put between an urn and an agent

Exit status: 0 done and the audit passed; 1 the audit failed, or a coded message says what did; 2 wrong arguments.
"""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ledger.command_help import WRONG_USAGE, explained
from ledger.errors import FormatError, TunukError
from simulator.cli_account import tell_account
from simulator.cli_urn import join_line, play_urn
from simulator.night import NightOptions, run_night
from simulator.night_election import DEFAULT_PRECINCTS, MAX_PRECINCTS, MIN_PRECINCTS, build_night
from simulator.open_elections import read_scenario
from simulator.report_files import KINDS, make_report
from simulator.scenario import Scenario
from urn_agent.serial_port import DEFAULT_BAUD

_STATUSES = {0: "done", 1: "refused or failed: a line with a code on standard error", 2: WRONG_USAGE}
_NIGHT = {
    0: "played, and the audit passed",
    1: "the audit did not pass, or a line with a code says what failed",
    2: WRONG_USAGE,
}
_URN = {0: "the agent has taken or refused each report", 1: "stopped before, or a line with a code", 2: WRONG_USAGE}
_LINE = {0: "stopped by SIGTERM or Ctrl-C", 1: "failed: a line with a code on standard error", 2: WRONG_USAGE}
_EXAMPLES = {
    "": ("simulator demo --out night", "simulator replay --election-csv FILE --format openelections --out night"),
    "demo": ("simulator demo --out night", "simulator demo --out night --precincts 2500 --link memory"),
    "replay": (
        "simulator replay --election-csv FILE --format openelections --out night",
        "simulator replay --election-csv FILE --format openelections --out night --precincts 24 --seed 5",
    ),
    "urn": ("simulator urn --port /dev/pts/5 zero.report final.report",),
    "report": (
        "simulator report --definition definition.json --urn urn-7001 --kind zero --out zero.report",
        "simulator report --definition definition.json --urn urn-7001 --kind final --seed 7 --out final.report",
    ),
    "line": ("simulator line",),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = make_parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
    except FileExistsError as error:
        print(f"FILE_EXISTS: {error.filename} exists already and is not replaced", file=sys.stderr)
    except OSError as error:
        print(f"FILE_FAILED: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
    return 1


def make_parser() -> argparse.ArgumentParser:
    words = "play elections, or one urn of an election, with no urn at hand"
    parser = argparse.ArgumentParser(prog="simulator", **explained(words, _EXAMPLES[""], _STATUSES))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = _add(commands, "demo", _demo, "play a small invented election, from urns to audit", _NIGHT)
    demo.add_argument(
        "--precincts", type=int, default=DEFAULT_PRECINCTS, metavar="N", help="the country has 2500 (%(default)s)"
    )
    words = "play a real election from a file of results, the same way"
    replay = _add(commands, "replay", _replay, words, _NIGHT)
    replay.add_argument("--election-csv", required=True, type=Path, metavar="FILE", help="results by precinct")
    replay.add_argument("--format", required=True, choices=["openelections"], help="of the file")
    replay.add_argument("--precincts", type=int, metavar="N", help="so many of the file's precincts (default: all)")
    for night in (demo, replay):
        _add_night_options(night)
    words = "be one urn at a serial port, with reports from files"
    urn = _add(commands, "urn", play_urn, words, _URN)
    urn.add_argument("--port", required=True, type=Path, metavar="TTY", help="serial port, such as /dev/pts/3")
    urn.add_argument("--baud", type=int, default=DEFAULT_BAUD, metavar="N", help="of the port (%(default)s)")
    urn.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="report files of one session, in order")
    report = _add(commands, "report", _report, "make a report file for an urn of a definition, drawn by lot")
    report.add_argument("--definition", required=True, type=Path, metavar="FILE", help="what init was given")
    report.add_argument("--urn", required=True, metavar="ID", help="the urn's name in the definition")
    report.add_argument("--kind", required=True, choices=KINDS, help="the zero report, or the final one")
    report.add_argument("--seed", type=int, default=1, metavar="S", help="of the counts (%(default)s)")
    report.add_argument("--out", required=True, type=Path, metavar="FILE", help="a new file")
    words = "be a serial line: two pseudo-terminals, joined until Ctrl-C; prints their paths as one line of JSON"
    _add(commands, "line", join_line, words, _LINE)
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[argparse.Namespace], int],
    words: str,
    statuses: Mapping[int, str] = _STATUSES,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, **explained(words, _EXAMPLES[name], statuses))
    parser.set_defaults(command=command)
    return parser


def _add_night_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new directory for everything")
    parser.add_argument(
        "--link",
        choices=["pty", "memory"],
        default="pty",
        help="urn to agent: a pseudo-terminal, or none (%(default)s)",
    )
    parser.add_argument(
        "--processes", type=int, default=2, metavar="K", help="so many agents as processes, on ptys (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of all that is drawn by lot (%(default)s)")
    parser.add_argument(
        "--json", action="store_true", help="print the account as one JSON object, and all else on standard error"
    )


def _demo(options: argparse.Namespace) -> int:
    if not MIN_PRECINCTS <= options.precincts <= MAX_PRECINCTS:
        raise FormatError("BAD_PRECINCTS", f"a demonstration has {MIN_PRECINCTS} to {MAX_PRECINCTS} precincts")
    return _night(build_night(options.precincts, options.seed, int(time.time())), options)


def _replay(options: argparse.Namespace) -> int:
    scenario, file = read_scenario(options.election_csv, options.precincts, options.seed)
    for warning in file.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return _night(scenario, options)


def _night(scenario: Scenario, options: argparse.Namespace) -> int:
    processes = options.processes if options.link == "pty" else 0
    night = NightOptions(options.out.absolute(), options.link, options.seed, processes)
    words = sys.stderr if options.json else sys.stdout
    account = run_night(scenario, night, lambda line: print(line, file=words, flush=True))
    (night.directory / "account.json").write_text(json.dumps(asdict(account), indent=1) + "\n")
    with contextlib.redirect_stdout(words):
        tell_account(account, night.directory)
    if options.json:
        print(json.dumps(asdict(account)))
    return 0 if account.audit.status == 0 else 1


def _report(options: argparse.Namespace) -> int:
    data = make_report(options.definition, options.urn, options.kind, options.seed, int(time.time()))
    with options.out.open("xb") as file:
        file.write(data)
    return 0
