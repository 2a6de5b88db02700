"""The commands of ``urn-agent``: reads arguments, clocks and randomness, and puts the parts together.

    init     make key, enrolment file and settings of a device
    run      serve the urn at a serial port and deliver its reports
    status   say what is stored and what became of it
    receipt  take a record and its receipt out, to check them elsewhere
    resend   have records that the server refused sent again

Exit status: 0 done, 1 refused or failed with a coded message, 2 wrong arguments.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ledger.command_help import WRONG_USAGE, explained
from ledger.errors import TunukError
from urn_agent.cli_run import run
from urn_agent.cli_show import resend, show_status, take_receipt
from urn_agent.config import AgentFolder, begin_folder, make_settings
from urn_agent.messages import LANGUAGES
from urn_agent.serial_port import DEFAULT_BAUD

_STATUSES = {0: "done", 1: "refused or failed: a line with a code on standard error", 2: WRONG_USAGE}
_RUNNING = {
    0: "stopped by SIGTERM or Ctrl-C; with --once: all is delivered, and the urn has its answers",
    1: "could not start or go on; with --once: something is missing or was refused, as the last line says",
    2: WRONG_USAGE,
}
_EXAMPLES = {
    "": (
        "urn-agent init --data FOLDER --device agent-7001 --language ky",
        "urn-agent run --data FOLDER --bundle BUNDLE --port /dev/ttyUSB0 --server https://HOST:8443",
        "urn-agent status --data FOLDER",
    ),
    "init": ("urn-agent init --data FOLDER --device agent-7001 --language ky",),
    "run": (
        "urn-agent run --data FOLDER --bundle BUNDLE --port /dev/ttyUSB0 --server https://HOST:8443",
        "urn-agent run --data FOLDER --port /dev/ttyUSB0 --once",
    ),
    "status": ("urn-agent status --data FOLDER", "urn-agent status --data FOLDER --json"),
    "receipt": ("urn-agent receipt --data FOLDER --seq 1 --to /media/usb",),
    "resend": ("urn-agent resend --data FOLDER",),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = make_parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return 1


def make_parser() -> argparse.ArgumentParser:
    words = "carry the reports of urns to the election's log"
    parser = argparse.ArgumentParser(prog="urn-agent", **explained(words, _EXAMPLES[""], _STATUSES))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    begin = _add(commands, "init", _begin, "make key, enrolment file and settings of a device")
    begin.add_argument("--device", required=True, metavar="ID", help="the device's name in the election's definition")
    begin.add_argument("--server", metavar="URL", help="https://host:port; otherwise as the bundle says")
    begin.add_argument(
        "--language",
        choices=LANGUAGES,
        default="ru",
        help="of messages, also on the urn's display (default: %(default)s)",
    )
    begin.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    serve = _add(commands, "run", run, "serve the urn at a serial port and deliver its reports", _RUNNING)
    serve.add_argument("--port", required=True, type=Path, metavar="TTY", help="serial port, such as /dev/ttyUSB0")
    serve.add_argument("--baud", type=int, default=DEFAULT_BAUD, metavar="N", help="of the port (%(default)s)")
    serve.add_argument(
        "--bundle",
        type=Path,
        metavar="FOLDER",
        help="the authority's bundle for this device, imported before the start; needed once",
    )
    serve.add_argument("--server", metavar="URL", help="https://host:port; instead of the settings' or the bundle's")
    serve.add_argument("--once", action="store_true", help="end when all reports are acknowledged and receipted")
    status = _add(commands, "status", show_status, "say what is stored and what became of it")
    status.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    receipt = _add(commands, "receipt", take_receipt, "take a record and its receipt out, to check them elsewhere")
    receipt.add_argument("--seq", required=True, type=int, metavar="N", help="the record's number, from `status`")
    receipt.add_argument(
        "--to", required=True, type=Path, metavar="FOLDER", help="folder for SEQ.record and SEQ.tlog-proof"
    )
    again = "have records that the server refused sent again, by a running agent within a minute"
    _add(commands, "resend", resend, again)
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
    parser.add_argument("--data", required=True, type=Path, metavar="FOLDER", help="the device's folder")
    return parser


def _begin(options: argparse.Namespace) -> int:
    settings = make_settings(options.device, options.server, options.language)
    folder = AgentFolder(options.data)
    key = begin_folder(folder, settings, secrets.token_bytes(32))
    key_id = key.public_key.key_id.hex()
    if options.json:
        print(json.dumps({"device": settings.device, "key_id": key_id, "enrolment": str(folder.enrolment)}))
        return 0
    print(f"device {settings.device}, key {key_id}")
    print(f"enrolment for the election authority: {folder.enrolment}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
