"""The central server as what it is: commands and a process, started, watched and stopped like an operator would.

Every wait has an end. A server that does not start or stop, or ends in the middle, is a NightError with its last words.
"""

import contextlib
import json
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import TunukError

START_SECONDS = 60
STOP_SECONDS = 90
COMMAND_SECONDS = 600
_LAST_WORDS = 4_000


class NightError(TunukError):
    """The night cannot be played to its end."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """``url`` for devices, ``rpc`` for readers of the chain, ``process_id`` for those who measure."""

    url: str
    rpc: str | None
    process_id: int


def command(name: str) -> str:
    """The path of one of the project's commands, beside the Python that runs."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise NightError("COMMAND_MISSING", f"{path} does not exist: install the project's commands (make demo does)")
    return str(path)


def run_command(arguments: Sequence[str], log: Path) -> None:
    """Run a command to its end, its words into ``log``. Raises NightError(``COMMAND_FAILED``) with the last of them."""
    with log.open("ab") as words:
        try:
            ended = subprocess.run(arguments, stdout=words, stderr=words, timeout=COMMAND_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise NightError("COMMAND_FAILED", f"{arguments[0]} did not end in {COMMAND_SECONDS} s") from error
    if ended.returncode != 0:
        raise NightError(
            "COMMAND_FAILED", f"{' '.join(arguments[:2])} ended with {ended.returncode}:\n{last_words(log)}"
        )


def last_words(log: Path) -> str:
    return log.read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip()


@contextlib.contextmanager
def running_server(directory: Path, log: Path) -> Iterator[RunningServer]:
    """``central-server run`` on free ports of loopback, until the block ends."""
    process = start_server(directory, log, 0)
    try:
        yield await_ready(process, log)
        stop_server(process, log)
    finally:
        end_server(process)


def start_server(directory: Path, log: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start the process and wait for nothing; its words go into ``log``. Port 0 takes a free one."""
    arguments = [command("central-server"), "run", "--dir", str(directory), "--port", str(port), "--rpc-port", "0"]
    with log.open("ab") as words:
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=words)


def end_server(process: "subprocess.Popen[bytes]") -> None:
    """Kill what still runs of it, and free what it held."""
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def await_ready(process: "subprocess.Popen[bytes]", log: Path) -> RunningServer:
    """The server says on one line of its output, in JSON, where it listens."""
    if process.stdout is None:
        raise NightError("SERVER_DID_NOT_START", "the server has no output to read")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(START_SECONDS) else b""
    try:
        ready = json.loads(line)
        return RunningServer(ready["url"], ready["rpc"], process.pid)
    except (ValueError, KeyError, TypeError) as error:
        raise NightError(
            "SERVER_DID_NOT_START", f"the server did not say that it is ready:\n{last_words(log)}"
        ) from error


def stop_server(process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Ask the server to end. Raises NightError(``SERVER_DID_NOT_STOP``, ``SERVER_FAILED``)."""
    process.send_signal(signal.SIGTERM)
    try:
        status = process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise NightError("SERVER_DID_NOT_STOP", f"the server did not stop in {STOP_SECONDS} s") from error
    if status != 0:
        raise NightError("SERVER_FAILED", f"the server ended with {status}:\n{last_words(log)}")
