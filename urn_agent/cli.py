"""The commands of ``urn-agent``: reads arguments, clocks and randomness, and puts the parts together.

    init     make key, enrolment file and settings of a device
    run      serve the urn at a serial port and deliver its reports
    status   say what is stored and what became of it
    receipt  take a record and its receipt out, to check them elsewhere

Exit status: 0 done, 1 refused or failed with a coded message, 2 wrong arguments.
"""

import argparse
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ledger.errors import TunukError
from urn_agent.cli_run import run
from urn_agent.cli_show import show_status, take_receipt
from urn_agent.config import AgentFolder, begin_folder, make_settings
from urn_agent.messages import LANGUAGES
from urn_agent.serial_port import DEFAULT_BAUD


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parse(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="urn-agent", description="Carries reports of urns to the election's log.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    begin = _add(commands, "init", _begin, "make key, enrolment file and settings of a device")
    begin.add_argument("--device", required=True, help="the device's name in the election's definition")
    begin.add_argument("--server", help="https://host:port; otherwise as the bundle says")
    begin.add_argument("--language", choices=LANGUAGES, default="ru", help="of messages, also on the urn's display")
    serve = _add(commands, "run", run, "serve the urn at a serial port and deliver its reports")
    serve.add_argument("--port", required=True, type=Path, help="serial port, such as /dev/ttyUSB0")
    serve.add_argument("--baud", type=int, default=DEFAULT_BAUD)
    serve.add_argument("--bundle", type=Path, help="the authority's bundle for this device, imported before the start")
    serve.add_argument("--server", help="https://host:port; instead of the settings' or the bundle's")
    serve.add_argument("--once", action="store_true", help="end when all reports are acknowledged and receipted")
    status = _add(commands, "status", show_status, "say what is stored and what became of it")
    status.add_argument("--json", action="store_true", help="one JSON object, for programs")
    receipt = _add(commands, "receipt", take_receipt, "take a record and its receipt out, to check them elsewhere")
    receipt.add_argument("--seq", required=True, type=int, help="the record's number, from `status`")
    receipt.add_argument("--to", required=True, type=Path, help="folder for SEQ.record and SEQ.tlog-proof")
    return parser.parse_args(arguments)


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[argparse.Namespace], int],
    words: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(command=command)
    parser.add_argument("--data", required=True, type=Path, help="the device's folder")
    return parser


def _begin(options: argparse.Namespace) -> int:
    settings = make_settings(options.device, options.server, options.language)
    folder = AgentFolder(options.data)
    key = begin_folder(folder, settings, secrets.token_bytes(32))
    print(f"device {settings.device}, key {key.public_key.key_id.hex()}")
    print(f"enrolment for the election authority: {folder.enrolment}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
