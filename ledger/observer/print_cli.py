"""``observer print``: a proof bundle on paper, as a page with QR codes that ``observer check`` reads again."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from ledger.command_help import WRONG_USAGE, explained
from ledger.errors import TunukError
from ledger.observer.bundle import parse_bundle_file
from ledger.observer.check import check_bundle
from ledger.observer.follow_cli import read_policy
from ledger.observer.messages import LANGUAGES, Language, choose_language
from ledger.observer.proof_commands import read_bundle_file, status_of
from ledger.observer.proof_words import describe_proved
from ledger.observer.qr_page import render_page
from ledger.observer.qr_sequence import encode_qr_sequence
from ledger.store.durable import write_file

_STATUSES = {
    0: "the page is written",
    1: "not written: the file proves nothing, a code says why",
    2: f"no verdict, or the page cannot be written; {WRONG_USAGE}",
}


def add_print_parser(commands: Any) -> None:
    """``commands``: the action that ``add_subparsers()`` returned."""
    words = "check a proof bundle and put it on a page to print, with QR codes that hold all of it"
    examples = ("observer print 1001.proof --policy FILE --lang ru --out 1001.html",)
    parser = commands.add_parser("print", help=words, **explained(words, examples, _STATUSES))
    parser.add_argument("bundle", metavar="FILE", type=Path, help="the proof bundle")
    parser.add_argument("--policy", metavar="FILE", required=True, type=Path, help="the policy file that you trust")
    parser.add_argument("--out", metavar="PAGE", required=True, type=Path, help="the page to write (HTML, no network)")
    parser.add_argument("--lang", choices=LANGUAGES, help="language of the page (default: from LANG, else en)")
    parser.set_defaults(run=print_bundle)


def print_bundle(options: argparse.Namespace) -> int:
    """The exit status."""
    language: Language = options.lang or choose_language(os.environ)
    try:
        data = read_bundle_file(options.bundle)
        proved = check_bundle(parse_bundle_file(data), read_policy(options.policy))
        codes = encode_qr_sequence(data)
        write_file(options.out, render_page(describe_proved(proved, language), codes, language).encode())
    except TunukError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return status_of(error)
    print(json.dumps({"page": str(options.out), "codes": len(codes)}), flush=True)
    return 0
