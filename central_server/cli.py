"""The command line of the central server: ``central-server definition | init | roster | run | …``.

Reads clocks, arguments and signals for the rest. An error that has a code is one line on standard error and status 1;
wrong usage is status 2; standard output holds nothing but what is meant for programs, as JSON.
"""

import argparse
import json
import logging
import sys
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
from central_server.init_network import NO_VALIDATORS, add_network_options, parse_network
from central_server.operator_cli import OPERATOR_COMMANDS
from central_server.replacement import make_replacement_bundle
from central_server.roster import finish_roster
from central_server.successor_cli import (
    FINISH_SUCCESSOR_WORDS,
    PREPARE_SUCCESSOR_WORDS,
    SUCCESSOR_EXAMPLES,
    SUCCESSOR_WORDS,
    add_prepare_successor_options,
    run_finish_successor,
    run_prepare_successor,
)
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
    "bundle": ("central-server bundle --dir DIR --enrolment enrolment.json",),
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
    **SUCCESSOR_EXAMPLES,
    **{command.name: command.examples for command in OPERATOR_COMMANDS},
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
    add_network_options(init)
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
    roster.add_argument(
        "--submitter-password-file", type=Path, metavar="FILE", help="opens the keystore that init was given"
    )
    for one in OPERATOR_COMMANDS:
        command = _command(commands, one.name, one.run, one.words, one.statuses)
        _add_directory(command)
        one.add_options(command)
    bundle = _command(
        commands, "bundle", _bundle, "make the bundle of a device that officials put in another's place", _STATUSES
    )
    _add_directory(bundle)
    bundle.add_argument("--enrolment", type=Path, required=True, metavar="FILE", help="of the new device")
    key = _command(commands, "official-key", run_key, KEY_WORDS, _STATUSES)
    key.set_defaults(dir=Path())
    add_key_options(key)
    _add_decide(commands)
    _add_successor(commands)
    return parser


def _add_decide(commands: _Commands) -> None:
    """Its tasks run where there is no election."""
    decide = commands.add_parser("decide", help=DECIDE_WORDS, **explained(DECIDE_WORDS, _EXAMPLES["decide"], _STATUSES))
    decide.set_defaults(dir=Path())
    tasks = decide.add_subparsers(required=True, metavar="TASK")
    add_prepare_options(_command(tasks, "prepare", run_prepare, PREPARE_WORDS, _STATUSES, "decide "))
    add_sign_options(_command(tasks, "sign", run_sign, SIGN_WORDS, _STATUSES, "decide "))
    add_submit_options(_command(tasks, "submit", run_submit, SUBMIT_WORDS, _STATUSES, "decide "))


def _add_successor(commands: _Commands) -> None:
    words = SUCCESSOR_WORDS
    successor = commands.add_parser("successor", help=words, **explained(words, _EXAMPLES["successor"], _STATUSES))
    tasks = successor.add_subparsers(required=True, metavar="TASK")
    prepare = _command(tasks, "prepare", run_prepare_successor, PREPARE_SUCCESSOR_WORDS, _STATUSES, "successor ")
    _add_directory(prepare)
    add_prepare_successor_options(prepare)
    finish = _command(tasks, "finish", run_finish_successor, FINISH_SUCCESSOR_WORDS, _STATUSES, "successor ")
    _add_directory(finish)


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


def _print_json(facts: dict[str, object]) -> None:
    print(json.dumps(facts), flush=True)


def _init(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    chosen = InitOptions(
        options.definition,
        options.server_url,
        parse_network(options),
        options.snapshot_seconds,
        options.anchor_seconds,
    )
    definition = init_election(directory, chosen, time.time)
    if chosen.network is not None and chosen.network.validators is None:
        print(NO_VALIDATORS, file=sys.stderr)
    _print_json({"directory": str(directory.root), "units": len(definition.units), "devices": len(definition.devices)})
    return 0


def _roster(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    state = finish_roster(directory, options.enrolments, time.time, time.monotonic, options.submitter_password_file)
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


def _bundle(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    _print_json({"bundle": str(make_replacement_bundle(directory, options.enrolment, time.time))})
    return 0


if __name__ == "__main__":
    sys.exit(main())
