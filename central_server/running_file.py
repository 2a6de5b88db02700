"""Where the server that runs now can be reached, in a file of its directory: for ``status`` and for scripts.

A server that was killed leaves the file behind, so that whoever reads it asks the address whether anybody is there.
"""

import contextlib
from pathlib import Path
from typing import Literal

import msgspec

from ledger.errors import FormatError
from ledger.store.durable import read_file, write_file

MAX_RUNNING = 4_096


class Running(msgspec.Struct, frozen=True):
    """``url`` is for devices, ``rpc`` the chain's node (None where unusable), ``ops`` for monitoring."""

    format: Literal["tunuk-running/1"]
    pid: int
    url: str
    rpc: str | None
    ops: str


def write_running(path: Path, running: Running) -> None:
    """Raises StorageError."""
    write_file(path, msgspec.json.encode(running) + b"\n")


def remove_running(path: Path) -> None:
    """At the end; a file that cannot be removed says no more than one that a kill left behind."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def read_running(path: Path) -> Running | None:
    """None where no server has left one. Raises StorageError, FormatError(``BAD_RUNNING_FILE``)."""
    data = read_file(path, MAX_RUNNING)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=Running)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError("BAD_RUNNING_FILE", f"{path} is damaged: delete it if no server runs") from error
