"""``central-server run | chain | status | backup | restore | guard``: what an operator does, first evening to last."""

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from central_server.backup import make_backup
from central_server.directory import ElectionDirectory
from central_server.new_contract import make_contract
from central_server.operator_lines import json_encoder
from central_server.operator_log import OperatorLog
from central_server.rebuild import rebuild_log
from central_server.restore import make_guard, restore_backup
from central_server.run import run_server
from central_server.run_settings import SETTINGS, Setting, Value, resolve_settings
from central_server.settings import read_settings
from central_server.status import read_status
from central_server.status_words import LANGUAGES, describe_status
from ledger.anchor.chain_server import ChainServer
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.command_help import WRONG_USAGE
from ledger.errors import TunukError
from ledger.observer.opening import open_source

_NO_GUARD = "{guard} is not there: mount its disk before the server runs. If it is lost, read docs/backup.md"


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    """One option a setting; what is not given comes from the environment, the file, or the default."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML (DIR/settings.toml if there)")
    for setting in SETTINGS:
        words = f"{setting.meaning} ({setting.default_words})"
        parser.add_argument(setting.option, type=_parser(setting), metavar=setting.metavar, help=words)


def _parser(setting: Setting) -> Callable[[str], Value]:
    def parse(text: str) -> Value:
        try:
            return setting.kind.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def _add_status_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    parser.add_argument("--lang", choices=LANGUAGES, default="ky", help="language of the words (%(default)s)")


def _add_backup_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="made anew; never overwritten")


def _add_restore_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="source", type=Path, required=True, metavar="FOLDER", help="the backup")


def _add_guard_options(parser: argparse.ArgumentParser) -> None:
    words = "the newest signed checkpoints that are known: of the publication, its copies, witnesses, observers"
    parser.add_argument("--checkpoint", type=Path, nargs="+", required=True, metavar="FILE", help=words)


def _run(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    """Raises TunukError for what keeps the server from starting."""
    fixed = read_settings(directory.settings)
    paces = {"snapshot_seconds": fixed.snapshot_seconds, "anchor_seconds": fixed.anchor_seconds}
    chosen = resolve_settings(vars(options), os.environ, directory.run_settings, paces)
    if chosen.log_format == "text":
        operator = OperatorLog(sys.stderr, time.monotonic)
        run_server(directory, chosen, time.time, time.monotonic, _print, operator)
        return 0
    operator = OperatorLog(sys.stderr, time.monotonic, json_encoder(time.time))
    try:
        run_server(directory, chosen, time.time, time.monotonic, _print, operator)
    except TunukError as error:
        operator.tell_error("run", error)
        return 1
    return 0


def _add_chain_options(parser: argparse.ArgumentParser) -> None:
    port = next(setting for setting in SETTINGS if setting.name == "rpc_port")
    words = "loopback only; 0 takes a free one (%(default)s)"
    parser.add_argument("--rpc-port", type=_parser(port), default=0, metavar="N", help=words)


def _run_chain(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    chain = EmbeddedChain.open(directory.chain, time.time)
    server = ChainServer(chain, options.rpc_port)
    server.start()
    _print({"rpc": server.url, "chain_id": chain.chain_id})
    stopping.wait()
    server.stop()
    return 0


def add_publication_options(parser: argparse.ArgumentParser) -> None:
    """What a log's entries are taken from, and what its heads are held against."""
    words = "the publication: a folder, or the address that it is served at"
    parser.add_argument("--from", dest="source", required=True, metavar="DIR_OR_URL", help=words)
    words = "a receipt that a device was given: the log must contain what it says (again for each)"
    parser.add_argument("--receipt", type=Path, action="append", default=[], metavar="FILE", help=words)
    words = "a checkpoint that somebody has: likewise"
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], metavar="FILE", help=words)


def _run_rebuild(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    """Raises TunukError."""
    with contextlib.ExitStack() as stack:
        source = open_source(options.source, stack)
        done = rebuild_log(directory, source, options.receipt, options.checkpoint, time.time)
    _print({"directory": str(directory.root), "size": done.head.size, "root_hash": done.head.root.hex(),
            "guard": done.known.guard is not None, "chain": done.known.chain, "witnesses": done.known.witnesses,
            "receipts": done.receipts, "checkpoints": done.checkpoints})  # fmt: skip
    if done.known.guard is None:
        print(_NO_GUARD.format(guard=directory.guard), file=sys.stderr)
    return 0


def _run_new_contract(_: argparse.Namespace, directory: ElectionDirectory) -> int:
    """Raises TunukError."""
    _print(make_contract(directory, time.time, time.monotonic))
    return 0


def _run_status(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    """0 when all is well, 1 when something is not, 2 where nothing can be told."""
    try:
        report = read_status(directory)
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return 2
    if options.json:
        _print({"state": report.state, "election_id": report.election_id, "problems": report.problems,
                "messages": report.messages, "sizes": report.sizes, "health": report.health})  # fmt: skip
    else:
        print("\n".join(describe_status(report, options.lang)))
    return 1 if report.problems else 0


def _run_backup(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    """Raises TunukError."""
    manifest = make_backup(directory, options.to, time.time)
    _print({"backup": str(options.to), "size": manifest.size, "files": len(manifest.files)})
    return 0


def _run_restore(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    """Raises TunukError."""
    manifest, has_guard = restore_backup(options.source, directory)
    _print({"directory": str(directory.root), "size": manifest.size, "guard": has_guard})
    if not has_guard:
        print(_NO_GUARD.format(guard=directory.guard), file=sys.stderr)
    return 0


def _run_guard(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    """Raises TunukError."""
    head = make_guard(directory, options.checkpoint)
    _print({"guard": str(directory.guard), "size": head.size})
    return 0


def _print(facts: Mapping[str, object]) -> None:
    print(json.dumps(facts), file=sys.stdout, flush=True)


@dataclass(frozen=True, slots=True)
class OperatorCommand:
    """A command on an election's directory, as its parser is made. ``examples`` are whole lines."""

    name: str
    words: str
    run: Callable[[argparse.Namespace, ElectionDirectory], int]
    add_options: Callable[[argparse.ArgumentParser], None]
    statuses: Mapping[int, str]
    examples: tuple[str, ...]


_SERVING = {0: "stopped by SIGTERM or Ctrl-C", 1: "could not start or go on: a line with a code", 2: WRONG_USAGE}
_DONE = {0: "done", 1: "refused or failed: a line with a code on standard error", 2: WRONG_USAGE}
_TOLD = {
    0: "all is well, whether it runs or is stopped",
    1: "something is not well: each has a code",
    2: "nothing can be told: wrong usage, or no election there",
}
OPERATOR_COMMANDS = (
    OperatorCommand(
        "run", "serve agents until SIGTERM; prints its addresses as one line of JSON", _run, _add_run_options, _SERVING,
        ("central-server run --dir DIR --host 0.0.0.0 --port 8443",),
    ),
    OperatorCommand(
        "status", "say how the server is or, while it is stopped, how its directory is", _run_status,
        _add_status_options, _TOLD,
        ("central-server status --dir DIR --lang en", "central-server status --dir DIR --json"),
    ),
    OperatorCommand(
        "backup", "copy what must not be lost into a new folder, while the server runs or is stopped", _run_backup,
        _add_backup_options, _DONE, ("central-server backup --dir DIR --to /mnt/backup/2027-01-24T2300",),
    ),
    OperatorCommand(
        "restore", "put a backup back into a directory that has nothing but the guard", _run_restore,
        _add_restore_options, _DONE, ("central-server restore --from /mnt/backup/2027-01-24T2300 --dir NEW",),
    ),
    OperatorCommand(
        "guard", "make a lost guard anew, where it is certain that nothing was signed after this log", _run_guard,
        _add_guard_options, _DONE,
        ("central-server guard --dir DIR --checkpoint publication/checkpoint mirror/checkpoint",),
    ),
    OperatorCommand(
        "rebuild", "make a lost log's database again from its publication, unless something later was signed",
        _run_rebuild, add_publication_options, _DONE,
        ("central-server rebuild --dir DIR --from https://mirror.example/ --receipt 17.tlog-proof",),
    ),
    OperatorCommand(
        "new-contract", "deploy a contract that can succeed the one in force; prints what officials have to sign",
        _run_new_contract, lambda parser: None, _DONE, ("central-server new-contract --dir DIR > chain.json",),
    ),
    OperatorCommand(
        "chain", "serve the embedded chain alone, for a later audit; prints its address as one line of JSON",
        _run_chain, _add_chain_options, _SERVING, ("central-server chain --dir DIR --rpc-port 8545",),
    ),
)  # fmt: skip
