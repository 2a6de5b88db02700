"""``observer anchor``: the command, and the file of the observer's own account."""

import argparse
import contextlib
import json
import os
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ledger.command_help import WRONG_USAGE, explained
from ledger.errors import FormatError, TunukError
from ledger.observer.follow_cli import read_policy
from ledger.observer.opening import open_rpc, open_source
from ledger.observer.proof_commands import status_of
from ledger.observer.published_log import read_published_log
from ledger.store.durable import StorageError

_MAX_KEY = 128
_STATUSES = {
    0: "anchored: one line of JSON says where",
    1: "not anchored: the publication or the statement does not hold, a code says why",
    2: f"not anchored: unreachable, anchored already, or the key cannot be read; {WRONG_USAGE}",
}


def add_anchor_parser(commands: Any) -> None:
    """``commands``: the action that ``add_subparsers()`` returned."""
    words = "have the newest signed head anchored, by an account of your own"
    examples = ("observer anchor https://results.example/ --policy FILE --rpc http://NODE:8545 --key account.key",)
    parser = commands.add_parser("anchor", help=words, **explained(words, examples, _STATUSES))
    parser.add_argument("publication", metavar="DIR_OR_URL", help="a folder, or the address that it is served at")
    parser.add_argument("--policy", metavar="FILE", required=True, type=Path, help="the policy file that you trust")
    parser.add_argument("--rpc", metavar="URL", required=True, help="a node of the chain")
    parser.add_argument(
        "--key", metavar="FILE", required=True, type=Path, help="the account's private key: 64 hexadecimal digits"
    )
    parser.set_defaults(run=anchor)


def anchor(options: argparse.Namespace) -> int:
    """The exit status."""
    try:
        # Loaded here: no other command signs for an account.
        from ledger.anchor.light_submitter import LightSubmitter
        from ledger.observer.submit_anchor import submit_anchor

        submitter = LightSubmitter(_read_key(options.key))
        policy = read_policy(options.policy)
        with contextlib.ExitStack() as stack:
            source = open_source(options.publication, stack)
            log = read_published_log(source, policy)
            rpc = open_rpc(options.rpc, stack)
            done = submit_anchor(log, source, policy, rpc, submitter, time.monotonic, threading.Event().wait)
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return 2 if error.code == "ANCHORED_ALREADY" else status_of(error)
    document = {
        "size": done.head.size,
        "root_hash": done.head.root.hex(),
        "transaction": f"0x{done.transaction_hash.hex()}",
        "block": done.block_number,
    }
    print(json.dumps(document), flush=True)
    return 0


def _read_key(path: Path) -> bytes:
    """Raises StorageError(``KEY_UNREADABLE``, ``KEY_NOT_PRIVATE``), FormatError(``BAD_SUBMITTER_KEY``)."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_KEY)
    except OSError as error:
        raise StorageError("KEY_UNREADABLE", f"cannot read {path}: {error.strerror}") from error
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise StorageError("KEY_NOT_PRIVATE", f"others may read or change {path}: run chmod 600 on it")
    try:
        return bytes.fromhex(data.decode("ascii").strip().removeprefix("0x"))
    except ValueError as error:
        raise FormatError("BAD_SUBMITTER_KEY", f"{path} holds no 64 hexadecimal digits") from error
