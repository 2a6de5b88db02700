"""``observer prove | check | fsck``: one precinct in one file, that file alone, and the log's tree without its meaning.

Exit status as ``verify``: 0 it holds, 1 something does not, 2 no verdict.
"""

import argparse
import contextlib
import json
from collections.abc import Callable
from pathlib import Path

from ledger.anchor.primitives import ChainError
from ledger.errors import FormatError, TunukError, UnjudgeableError, VerificationError
from ledger.observer.bundle import MAX_BUNDLE_FILE, encode_bundle_file, parse_bundle_file
from ledger.observer.check import Proved, check_bundle
from ledger.observer.fetch import FileFault, Source, UnreachableError, open_readers
from ledger.observer.findings import Findings
from ledger.observer.messages import LANGUAGES, Language, describe
from ledger.observer.opening import open_rpc
from ledger.observer.proof_words import describe_proved
from ledger.observer.prove import make_bundle
from ledger.observer.published_entries import read_checkpoint
from ledger.observer.published_log import read_published_log
from ledger.observer.qr_sequence import is_qr_sequence, parse_qr_sequence
from ledger.observer.tree import Tree
from ledger.observer.tree_check import READ_AHEAD, TreeCheck
from ledger.policy import Policy
from ledger.store.durable import write_file

OpenSource = Callable[[str, contextlib.ExitStack], Source]

PROVE_WORDS = "put what the log says of one precinct into one file, with its proof"
CHECK_WORDS = "check such a file, with nothing but the policy: no network, no publication"
FSCK_WORDS = "check a publication's tree alone: signature, every entry, every tile"
PROVE_STATUSES = {0: "the file is made", 1: "the publication does not hold", 2: "not made: a code says why"}
CHECK_STATUSES = {0: "proved", 1: "not proved: a code says why", 2: "no verdict; never take it for a proof"}
FSCK_STATUSES = {0: "sound", 1: "something is wrong: each finding names the file", 2: "no verdict"}


def add_prove_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("publication", metavar="DIR_OR_URL", help="a folder, or the address that it is served at")
    parser.add_argument("--policy", metavar="FILE", required=True, type=Path, help="the policy file that you trust")
    parser.add_argument("--precinct", metavar="ID", required=True, help="as in the results, such as 1001")
    parser.add_argument("--contest", metavar="N", type=int, help="this contest only (default: the whole ballot)")
    parser.add_argument("--rpc", metavar="URL", help="a node of the chain: adds the newest anchor's block")
    parser.add_argument("--out", metavar="FILE", required=True, type=Path, help="the proof bundle to write")


def add_check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "bundle", metavar="FILE", type=Path, help="the proof bundle, or scanned QR codes of it, a line each"
    )
    _add_common(parser)


def add_fsck_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("publication", metavar="DIR_OR_URL", help="a folder, or the address that it is served at")
    _add_common(parser)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policy", metavar="FILE", required=True, type=Path, help="the policy file that you trust")
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    parser.add_argument("--lang", choices=LANGUAGES, help="language of the words (default: from LANG, else en)")


def run_prove(options: argparse.Namespace, policy: Policy, open_source: OpenSource) -> int:
    with contextlib.ExitStack() as stack:
        log = read_published_log(open_source(options.publication, stack), policy)
        call = None if options.rpc is None else open_rpc(options.rpc, stack)
        bundle = make_bundle(log, options.precinct, options.contest, call)
    # What does not hold is said now, and not by whoever is given the file.
    check_bundle(bundle, policy)
    data = encode_bundle_file(bundle)
    write_file(options.out, data)
    print(json.dumps({"bundle": str(options.out), "bytes": len(data), "entries": len(bundle.entries)}), flush=True)
    return 0


def run_check(options: argparse.Namespace, policy: Policy, language: Language) -> int:
    proved = check_bundle(parse_bundle_file(read_bundle_file(options.bundle)), policy)
    if options.json:
        print(json.dumps(_report(proved)), flush=True)
    else:
        print("\n".join(describe_proved(proved, language)), flush=True)
    return 0


def run_fsck(options: argparse.Namespace, policy: Policy, language: Language, open_source: OpenSource) -> int:
    findings, tree = Findings(), Tree()
    with contextlib.ExitStack() as stack:
        source = open_source(options.publication, stack)
        checkpoint = read_checkpoint(source, policy)
        pool = stack.enter_context(open_readers(source, READ_AHEAD))
        TreeCheck(source, tree, lambda *_: None, findings, pool).grow(checkpoint)
    if options.json:
        failures = [{"code": one.code, "index": one.index, "path": one.path} for one in findings]
        print(json.dumps({"ok": not findings.count, "tree_size": checkpoint.size, "failures": failures}), flush=True)
    else:
        for finding in findings:
            print(f"[{finding.code}] {finding.path or ''}: {describe(language, finding)}")
        print(f"{checkpoint.size} {checkpoint.root.hex()} {'OK' if not findings.count else findings.count}", flush=True)
    return 1 if findings.count else 0


def status_of(error: TunukError) -> int:
    """1 where something does not hold, 2 where nothing can be said."""
    asked_wrongly = error.code in ("NO_SUCH_UNIT", "NO_SUCH_CONTEST")
    if asked_wrongly or isinstance(error, UnreachableError | UnjudgeableError | ChainError):
        return 2
    return 1 if isinstance(error, VerificationError | FileFault | FormatError) else 2


def _report(proved: Proved) -> dict[str, object]:
    anchor = proved.anchor
    return {
        "ok": True,
        "origin": proved.checkpoint.origin,
        "tree_size": proved.checkpoint.size,
        "root_hash": proved.checkpoint.root.hex(),
        "precinct": proved.unit.id,
        "contest": proved.contest,
        "entries": proved.entries,
        "tallies": [
            {
                "index": one.index,
                "urn": one.urn,
                "revoked": one.revoked,
                "rulings": list(one.rulings),
                "contests": [
                    {
                        "contest": row.contest,
                        "ballots": row.ballots,
                        "votes": None if row.selections is None else {str(v[0]): sum(v[1:]) for v in row.selections},
                    }
                    for row in one.report.contests
                ],
            }
            for one in proved.tallies
        ],
        "acts": [{"index": index, "action": body.action} for index, body in proved.acts.items()],
        "successions": [{"index": index, "generation": body.generation} for index, body in proved.successions.items()],
        "decisions": [{"index": index, "action": body.action} for index, body in proved.decisions.items()],
        "returns": list(proved.returns),
        "anchor": None
        if anchor is None
        else {
            "size": anchor.size,
            "chain_id": anchor.chain_id,
            "block": anchor.block,
            "block_hash": f"0x{anchor.block_hash.hex()}",
            "time": anchor.timestamp,
            "sealers": anchor.sealers,
            "validators": anchor.validators,
        },
    }


def read_bundle_file(path: Path) -> bytes:
    """A bundle, or the scanned codes of one that was printed. Raises UnreachableError(``UNREADABLE``), FormatError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE_FILE + 1)
    except OSError as error:
        raise UnreachableError("UNREADABLE", f"cannot read {path}: {error.strerror}") from error
    return parse_qr_sequence(data, MAX_BUNDLE_FILE) if is_qr_sequence(data) else data
