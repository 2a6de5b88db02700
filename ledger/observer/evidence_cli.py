"""``observer evidence`` and ``observer compare``: what a file proves, and whether several monitors saw one log."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ledger.command_help import WRONG_USAGE, explained
from ledger.errors import FormatError, SignatureError, TunukError, VerificationError
from ledger.evidence import MAX_EVIDENCE, ProvenFork, encode_evidence, verify_fork
from ledger.observer.compare import compare_states
from ledger.observer.evidence import fork_finding, judge_evidence
from ledger.observer.fetch import UnreachableError
from ledger.observer.follow_cli import add_receipt_option, read_policy
from ledger.observer.messages import LANGUAGES, Language, choose_language
from ledger.observer.monitor_words import describe_alarm, say
from ledger.observer.receipts import read_receipt
from ledger.store.durable import write_file

_EVIDENCE_STATUSES = {
    0: "proven: the log contradicted itself, by its own signatures",
    1: "not proven: the file does not show what it claims",
    2: f"no verdict: unreadable, or rules that this program does not know; {WRONG_USAGE}",
}
_COMPARE_STATUSES = {
    0: "the states agree",
    1: "they do not: the log showed different histories, and the evidence is written",
    2: f"no verdict: a state is missing, damaged or about another log; {WRONG_USAGE}",
}


def add_evidence_parsers(commands: Any) -> None:
    """``commands``: the action that ``add_subparsers()`` returned."""
    words = "check a file of evidence, by itself and offline"
    example = "observer evidence fork-300-412.evidence --policy FILE"
    parser = commands.add_parser("evidence", help=words, **explained(words, (example,), _EVIDENCE_STATUSES))
    parser.add_argument("file", metavar="FILE", type=Path, help="the evidence")
    _add_common(parser)
    parser.set_defaults(run=check_evidence)
    words = "compare what several monitors saw: a log that shows different people different histories is caught"
    examples = (
        "observer compare ours theirs --policy FILE --evidence split.evidence",
        "observer compare ours --policy FILE --receipt 17.tlog-proof --receipt 18.tlog-proof",
    )
    parser = commands.add_parser("compare", help=words, **explained(words, examples, _COMPARE_STATUSES))
    parser.add_argument("states", metavar="STATE", nargs="+", type=Path, help="the folders of monitors")
    add_receipt_option(parser)
    parser.add_argument(
        "--evidence", metavar="FILE", type=Path, default=Path("split.evidence"), help="where to write it (%(default)s)"
    )
    _add_common(parser)
    parser.set_defaults(run=compare)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policy", metavar="FILE", required=True, type=Path, help="the policy file that you trust")
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    parser.add_argument("--lang", choices=LANGUAGES, help="language of the account (default: from LANG, else en)")


def check_evidence(options: argparse.Namespace) -> int:
    """The exit status."""
    language = _language(options)
    try:
        proven, finding = judge_evidence(_read(options.file), read_policy(options.policy))
    except (FormatError, SignatureError, VerificationError) as error:
        return _end(options, 1, {"proven": False, **_error(error)}, [say(language, "unproven"), _line(error)])
    except TunukError as error:
        return _end(options, 2, {"proven": None, **_error(error)}, [say(language, "unproven"), _line(error)])
    words = describe_alarm(language, finding)
    heads = [proven.first, proven.second] if isinstance(proven, ProvenFork) else [proven.checkpoint]
    shown = [{"size": head.size, "root": head.root.hex()} for head in heads]
    document: dict[str, object] = {
        "code": finding.code,
        "index": finding.index,
        "message": words,
        "origin": heads[0].origin,
    }
    lines = [f"{say(language, 'proven')}: {words}", f"  {heads[0].origin}"]
    lines += [f"  {head.size} {head.root.hex()}" for head in heads]
    return _end(options, 0, {"proven": True, **document, "heads": shown}, lines)


def compare(options: argparse.Namespace) -> int:
    """The exit status."""
    language = _language(options)
    try:
        policy = read_policy(options.policy)
        receipts = [read_receipt(path, policy) for path in options.receipt]
        found = compare_states(options.states, policy, receipts)
        if found.fork is None:
            document: dict[str, object] = {"agree": True, "heads": found.heads, "uncovered": found.uncovered}
            return _end(options, 0, document, [say(language, "agree", heads=found.heads, uncovered=found.uncovered)])
        words = describe_alarm(language, fork_finding(verify_fork(found.fork, [log.key for log in policy.logs])))
        write_file(options.evidence, encode_evidence(found.fork))
    except TunukError as error:
        return _end(options, 2, {"agree": None, **_error(error)}, [say(language, "unjudged"), _line(error)])
    path = str(options.evidence)
    document = {"agree": False, "code": "FORK", "message": words, "evidence": path}
    lines = [f"{say(language, 'alarm', count=1)}: {words}", "  " + say(language, "evidence", path=path)]
    return _end(options, 1, document, lines)


def _language(options: argparse.Namespace) -> Language:
    language: Language = options.lang or choose_language(os.environ)
    return language


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_EVIDENCE + 1)
    except OSError as error:
        raise UnreachableError("UNREADABLE", f"cannot read {path}: {error.strerror}") from error


def _error(error: TunukError) -> dict[str, object]:
    return {"code": error.code, "message": error.message}


def _line(error: TunukError) -> str:
    return f"  [{error.code}] {error.message}"


def _end(options: argparse.Namespace, status: int, document: Mapping[str, object], lines: Sequence[str]) -> int:
    """Print the one or the other; ``status``. Some words come from a file that a stranger made."""
    text = "\n".join("".join(letter if letter.isprintable() else "?" for letter in line) for line in lines)
    print(msgspec.json.encode(document).decode() if options.json else text, flush=True)
    return status
