"""The command line of the central server: ``central-server definition | init | roster | run | chain``.

Reads clocks, arguments and signals for the rest. An error that has a code is one line on standard error and status 1;
wrong usage is status 2; standard output holds nothing but what is meant for programs, as JSON.
"""

import argparse
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from central_server.decide_cli import (
    DECIDE_WORDS,
    KEY_WORDS,
    PREPARE_WORDS,
    SIGN_WORDS,
    SUBMIT_WORDS,
    add_key_options,
    add_prepare_options,
    add_sign_options,
    add_submit_options,
    run_key,
    run_prepare,
    run_sign,
    run_submit,
)
from central_server.definition_cli import WORDS as DEFINITION_WORDS
from central_server.definition_cli import add_definition_options, run_definition
from central_server.directory import ElectionDirectory
from central_server.init import InitOptions, init_election
from central_server.roster import finish_roster
from central_server.run import RunOptions, run_server
from ledger.anchor.chain_server import ChainServer
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.command_help import WRONG_USAGE, explained
from ledger.errors import TunukError

_Run: TypeAlias = Callable[[argparse.Namespace, ElectionDirectory], int]
_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    options = make_parser().parse_args(arguments)
    # uvicorn's words about garbage from the net would fill the operator's screen; its errors stay.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    try:
        status: int = options.run(options, ElectionDirectory(options.dir))
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return 1
    return status


_STATUSES = {0: "done", 1: "refused or failed: a line with a code on standard error", 2: WRONG_USAGE}
_SERVING = {0: "stopped by SIGTERM or Ctrl-C", 1: "could not start or go on: a line with a code", 2: WRONG_USAGE}
_EXAMPLES = {
    "": (
        "central-server init --dir DIR --definition definition.json --server-url https://HOST:8443",
        "central-server roster --dir DIR --enrolments FOLDER",
        "central-server run --dir DIR --host 0.0.0.0 --port 8443",
    ),
    "definition": (
        "central-server definition --from FOLDER > definition.json",
        "central-server definition --check definition.json",
    ),
    "init": (
        "central-server init --dir DIR --definition definition.json --server-url https://HOST:8443",
        "central-server init --dir DIR --definition definition.json --chain-rpc http://NODE:8545 --chain-id 1337",
    ),
    "roster": ("central-server roster --dir DIR --enrolments FOLDER",),
    "official-key": ("central-server official-key --out official.key --holder o1",),
    "decide": (
        "central-server decide sign r.json --key official.key",
        "central-server decide submit r.json --server https://HOST:8443 --ca ca.pem --policy FILE",
    ),
    "decide prepare": (
        "central-server decide prepare release --entry 812 --document 4/3 --publication DIR --policy FILE --out r.json",
        "central-server decide prepare annul --unit 1001 --document 7 --publication DIR --policy FILE --out r.json",
    ),
    "decide sign": ("central-server decide sign r.json --key official.key --lang en",),
    "decide submit": ("central-server decide submit r.json --server https://HOST:8443 --ca ca.pem --policy FILE",),
    "run": ("central-server run --dir DIR --host 0.0.0.0 --port 8443",),
    "chain": ("central-server chain --dir DIR --rpc-port 8545",),
}


def make_parser() -> argparse.ArgumentParser:
    words = "take records from the agents, keep them in the log, publish and anchor the results"
    parser = argparse.ArgumentParser(prog="central-server", **explained(words, _EXAMPLES[""], _STATUSES))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    definition = _command(commands, "definition", run_definition, DEFINITION_WORDS, _STATUSES)
    # It runs where there is no election yet.
    definition.set_defaults(dir=Path())
    add_definition_options(definition)
    words = "make the directory of a new election: keys, certificates, chain"
    init = _command(commands, "init", _init, words, _STATUSES)
    _add_directory(init)
    init.add_argument("--definition", type=Path, required=True, metavar="FILE", help="the election's definition, JSON")
    init.add_argument("--server-url", metavar="URL", help="https address that devices are told in their bundles")
    init.add_argument("--chain-rpc", metavar="URL", help="JSON-RPC of a node to anchor on (default: embedded chain)")
    init.add_argument("--chain-id", type=_positive, metavar="N", help="chain id of that node's network")
    init.add_argument(
        "--snapshot-seconds", type=_positive, default=5, metavar="S", help="between snapshots at least (%(default)s)"
    )
    init.add_argument(
        "--anchor-seconds", type=_positive, default=30, metavar="S", help="between anchors at least (%(default)s)"
    )
    words = "fix the election for the enrolled devices; make their bundles"
    roster = _command(commands, "roster", _roster, words, _STATUSES)
    _add_directory(roster)
    roster.add_argument(
        "--enrolments", type=Path, required=True, metavar="FOLDER", help="holds an enrolment of every device, *.json"
    )
    words = "serve agents until SIGTERM; prints its addresses as one line of JSON"
    run = _command(commands, "run", _run, words, _SERVING)
    _add_directory(run)
    run.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="to listen on (%(default)s)")
    run.add_argument("--port", type=_port, default=0, metavar="N", help="0 takes a free one (%(default)s)")
    run.add_argument(
        "--rpc-port", type=_port, default=0, metavar="N", help="of the embedded chain, loopback only (%(default)s)"
    )
    words = "serve the embedded chain alone, for a later audit; prints its address as one line of JSON"
    chain = _command(commands, "chain", _chain, words, _SERVING)
    _add_directory(chain)
    chain.add_argument(
        "--rpc-port", type=_port, default=0, metavar="N", help="loopback only; 0 takes a free one (%(default)s)"
    )
    key = _command(commands, "official-key", run_key, KEY_WORDS, _STATUSES)
    key.set_defaults(dir=Path())
    add_key_options(key)
    _add_decide(commands)
    return parser


def _add_decide(commands: _Commands) -> None:
    """Its tasks run where there is no election."""
    decide = commands.add_parser("decide", help=DECIDE_WORDS, **explained(DECIDE_WORDS, _EXAMPLES["decide"], _STATUSES))
    decide.set_defaults(dir=Path())
    tasks = decide.add_subparsers(required=True, metavar="TASK")
    add_prepare_options(_command(tasks, "prepare", run_prepare, PREPARE_WORDS, _STATUSES, "decide "))
    add_sign_options(_command(tasks, "sign", run_sign, SIGN_WORDS, _STATUSES, "decide "))
    add_submit_options(_command(tasks, "submit", run_submit, SUBMIT_WORDS, _STATUSES, "decide "))


def _command(
    commands: _Commands, name: str, run: _Run, words: str, statuses: Mapping[int, str], group: str = ""
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=words, **explained(words, _EXAMPLES[group + name], statuses)
    )
    parser.set_defaults(run=run)
    return parser


def _add_directory(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, required=True, metavar="DIR", help="the directory of the election")


def _positive(text: str) -> int:
    if not text.isdecimal() or len(text) > 16 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on, not {text[:80]!r}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"a port is from 0 to 65535, not {text[:80]!r}")
    return int(text)


def _print_json(facts: dict[str, object]) -> None:
    print(json.dumps(facts), flush=True)


def _init(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    chosen = InitOptions(
        options.definition,
        options.server_url,
        options.chain_rpc,
        options.chain_id,
        options.snapshot_seconds,
        options.anchor_seconds,
    )
    definition = init_election(directory, chosen, time.time)
    _print_json({"directory": str(directory.root), "units": len(definition.units), "devices": len(definition.devices)})
    return 0


def _roster(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    state = finish_roster(directory, options.enrolments, time.time, time.monotonic)
    _print_json(
        {
            "election_id": state.election_id,
            "origin": state.origin,
            "contract": state.contract,
            "devices": len(state.devices),
            "policy": str(directory.policy),
            "bundles": str(directory.bundles),
        }
    )
    return 0


def _run(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    listening = RunOptions(options.host, options.port, options.rpc_port)
    run_server(directory, listening, time.time, time.monotonic, _print_json)
    return 0


def _chain(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    chain = EmbeddedChain.open(directory.chain, time.time)
    server = ChainServer(chain, options.rpc_port)
    server.start()
    _print_json({"rpc": server.url, "chain_id": chain.chain_id})
    stopping.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
