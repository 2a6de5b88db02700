"""The ``observer`` command: reads what it was given, runs the audit, prints the verdict. Composition, and nothing else.

    observer verify DIR_OR_URL --policy FILE [--predecessor DIR_OR_URL] [--rpc URL] [--json] [--lang ky|ru|en]
    observer prove | check | fsck     see ``proof_commands``

Exit status: 0 pass; 1 something is wrong; 2 no verdict: wrong use, unreachable, or rules that this program does not
know.
"""

import argparse
import contextlib
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ledger.anchor.primitives import ChainError
from ledger.command_help import explained
from ledger.errors import FormatError, TunukError, UnjudgeableError
from ledger.observer.anchor_cli import add_anchor_parser
from ledger.observer.audit import audit
from ledger.observer.evidence_cli import add_evidence_parsers
from ledger.observer.fetch import UnreachableError
from ledger.observer.findings import Finding, Verdict
from ledger.observer.follow_cli import add_follow_parser
from ledger.observer.messages import LANGUAGES, Language, choose_language
from ledger.observer.opening import is_address, open_rpc, open_source
from ledger.observer.print_cli import add_print_parser
from ledger.observer.proof_commands import (
    CHECK_STATUSES,
    CHECK_WORDS,
    FSCK_STATUSES,
    FSCK_WORDS,
    PROVE_STATUSES,
    PROVE_WORDS,
    add_check_options,
    add_fsck_options,
    add_prove_options,
    run_check,
    run_fsck,
    run_prove,
    status_of,
)
from ledger.observer.report import encode_report, exit_status, write_account
from ledger.observer.state_files import FOLDER_PAUSES_S, HTTP_PAUSES_S
from ledger.observer.witness_cli import add_witness_parsers
from ledger.policy import MAX_POLICY, Policy, parse_policy
from ledger.primitives import Hash, sha256


class _UsageError(Exception):
    """Wrong use; the message is argparse's."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message}; {' '.join(self.format_usage().split())}")


_STATUSES = {
    0: "pass: everything that was asked for was checked and holds",
    1: "something is wrong: each finding has a code",
    2: "no verdict: wrong usage, unreachable, or rules that this program does not know; never take it for a pass",
}
_EXAMPLES = (
    "observer verify https://results.example/ --policy FILE",
    "observer verify /media/usb/publication --policy FILE --rpc http://127.0.0.1:8545",
    "observer verify DIR --policy FILE --json",
)
_PROVE = (
    "observer prove https://results.example/ --policy FILE --precinct 1001 --out 1001.proof",
    "observer prove DIR --policy FILE --precinct 1001 --contest 7 --rpc http://127.0.0.1:8545 --out 1001.proof",
)
_CHECK = ("observer check 1001.proof --policy FILE", "observer check 1001.proof --policy FILE --json")
_FSCK = ("observer fsck DIR --policy FILE",)


def make_parser() -> argparse.ArgumentParser:
    words = "check an election's published results without asking anybody"
    parser = _Parser(prog="observer", **explained(words, _EXAMPLES, _STATUSES))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    words = "check a whole publication: signatures, the tree, every record, every sum, every published file"
    verify = commands.add_parser("verify", help=words, **explained(words, _EXAMPLES, _STATUSES))
    verify.add_argument("publication", metavar="DIR_OR_URL", help="a folder, or the address that it is served at")
    verify.add_argument("--policy", metavar="FILE", required=True, type=Path, help="the policy file that you trust")
    verify.add_argument(
        "--predecessor", metavar="DIR_OR_URL", help="of a successor log: the publication of the one before it"
    )
    verify.add_argument("--rpc", metavar="URL", help="a node of the chain, to check the anchors with")
    verify.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    verify.add_argument("--lang", choices=LANGUAGES, help="language of the account (default: from LANG, else en)")
    for name, words, examples, statuses, add_options in (
        ("prove", PROVE_WORDS, _PROVE, PROVE_STATUSES, add_prove_options),
        ("check", CHECK_WORDS, _CHECK, CHECK_STATUSES, add_check_options),
        ("fsck", FSCK_WORDS, _FSCK, FSCK_STATUSES, add_fsck_options),
    ):
        add_options(commands.add_parser(name, help=words, **explained(words, examples, statuses)))
    add_print_parser(commands)
    add_anchor_parser(commands)
    add_follow_parser(commands)
    add_evidence_parsers(commands)
    add_witness_parsers(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # A terminal that cannot show a letter is no reason to end without a verdict.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    language: Language = choose_language(os.environ)
    policy_hash: Hash | None = None
    as_json = "--json" in words
    try:
        options = make_parser().parse_args(words)
        if "run" in options:
            return int(options.run(options))
        if options.command != "verify":
            return _run_other(options, language)
        as_json, language = options.json, options.lang or language
        policy_data = _read_policy(options.policy)
        policy_hash = sha256(policy_data)
        verdict = _verify(options.publication, parse_policy(policy_data), options.rpc, options.predecessor)
    except _UsageError as error:
        verdict = _no_verdict("USAGE", str(error))
    except (UnreachableError, FormatError, UnjudgeableError, ChainError) as error:
        verdict = _no_verdict(error.code, error.message)
    write = encode_report if as_json else write_account
    try:
        print(write(verdict, policy_hash, language), flush=True)
    except BrokenPipeError:
        # Nobody read the verdict. What is left in the buffer must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    return exit_status(verdict)


def _run_other(options: argparse.Namespace, language: Language) -> int:
    try:
        policy = parse_policy(_read_policy(options.policy))
        if options.command == "prove":
            return run_prove(options, policy, open_source)
        language = options.lang or language
        if options.command == "check":
            return run_check(options, policy, language)
        return run_fsck(options, policy, language, open_source)
    except TunukError as error:
        if getattr(options, "json", False):
            document = {"ok": False, "error": {"code": error.code, "message": error.message}}
            print(json.dumps(document | ({"ok": None} if status_of(error) == 2 else {})), flush=True)
        else:
            print(f"{error.code}: {error.message}", file=sys.stderr)
        return status_of(error)


def _no_verdict(code: str, message: str) -> Verdict:
    return Verdict(error=Finding(code, None, None, {"detail": message}))


def _read_policy(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than a policy may have, so that a longer one is noticed.
            return file.read(MAX_POLICY + 1)
    except OSError as error:
        raise UnreachableError("POLICY_UNREADABLE", f"cannot read {path}: {error.strerror}") from error


def _verify(publication: str, policy: Policy, rpc_url: str | None, predecessor: str | None) -> Verdict:
    # Waiting for an event that nobody sets: a pause that a signal can end.
    pause = threading.Event().wait
    with contextlib.ExitStack() as stack:
        source = open_source(publication, stack)
        pauses_s = HTTP_PAUSES_S if is_address(publication) else FOLDER_PAUSES_S
        call = None if rpc_url is None else open_rpc(rpc_url, stack)
        before = None if predecessor is None else open_source(predecessor, stack)
        return audit(source, policy, pause, pauses_s, call=call, predecessor=before)


if __name__ == "__main__":
    sys.exit(main())
