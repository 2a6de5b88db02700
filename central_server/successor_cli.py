"""``central-server successor prepare | finish``: options, and what is printed."""

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path

from central_server.directory import ElectionDirectory
from central_server.operator_cli import add_publication_options
from central_server.successor import SuccessorOptions, finish_successor, prepare_successor
from ledger.observer.opening import open_source

SUCCESSOR_WORDS = "go on in another log where this one has ended"
PREPARE_SUCCESSOR_WORDS = "make the successor's directory from the old log's publication, and what is to be signed"
FINISH_SUCCESSOR_WORDS = "begin the successor, once its succession is signed"
SUCCESSOR_EXAMPLES = {
    "successor": (
        "central-server successor prepare --dir NEW --of OLD --from https://mirror.example/ --reason lost --document 9",
        "central-server decide sign NEW/succession.json --key official.key",
        "central-server successor finish --dir NEW",
    ),
    "successor prepare": (
        "central-server successor prepare --dir NEW --of OLD --from https://mirror.example/ --reason lost --document 9",
        "central-server successor prepare --dir NEW --of BACKUP --guard FILE --from DIR --reason lost --document 9",
    ),
    "successor finish": ("central-server successor finish --dir NEW",),
}
_GUARD_LOST = "the old log's guard is not at hand: give --guard, if it is anywhere, before this is signed"
_AHEAD = "{who} knows of a later head ({why}): ask for its checkpoint and prepare anew with --checkpoint"
_SIGN = "next: have {path} signed (central-server decide sign), then central-server successor finish"
_RUN = "next: send the bundles to the devices, publish the policy, and start the server on {path}"


def add_prepare_successor_options(parser: argparse.ArgumentParser) -> None:
    words = "the directory of the log that has ended, or a backup of it; it is not changed"
    parser.add_argument("--of", type=Path, required=True, metavar="OLD", help=words)
    parser.add_argument("--guard", type=Path, metavar="FILE", help="the old log's guard, where it is not in its place")
    add_publication_options(parser)
    parser.add_argument("--reason", required=True, metavar="CODE", help="a short code of the reason")
    parser.add_argument("--document", required=True, metavar="NUMBER", help="of the paper that says the same")


def run_prepare_successor(options: argparse.Namespace, directory: ElectionDirectory) -> int:
    """Raises TunukError."""
    old = ElectionDirectory(options.of)
    guard = options.guard or (old.guard if old.guard.exists() else None)
    given = SuccessorOptions(old, guard, options.receipt, options.checkpoint, options.reason, options.document)
    with contextlib.ExitStack() as stack:
        done = prepare_successor(directory, given, open_source(options.source, stack), time.time, time.monotonic)
    body = done.body
    _print({"directory": str(directory.root), "origin": done.origin, "taken": body.tree_size,
            "last_signed": body.last_size, "lost": body.last_size - body.tree_size, "guard": guard is not None,
            "chain": done.known.chain, "witnesses": done.known.witnesses, "sign": str(done.ruling)})  # fmt: skip
    if guard is None:
        print(_GUARD_LOST, file=sys.stderr)
    for who, why in done.known.ahead:
        print(_AHEAD.format(who=who, why=why), file=sys.stderr)
    print(_SIGN.format(path=done.ruling), file=sys.stderr)
    return 0


def run_finish_successor(_: argparse.Namespace, directory: ElectionDirectory) -> int:
    """Raises TunukError."""
    head = finish_successor(directory)
    _print({"directory": str(directory.root), "size": head.size, "root_hash": head.root.hex(),
            "policy": str(directory.policy), "bundles": str(directory.bundles)})  # fmt: skip
    print(_RUN.format(path=directory.root), file=sys.stderr)
    return 0


def _print(facts: dict[str, object]) -> None:
    print(json.dumps(facts), flush=True)
