"""``central-server official-key`` and ``decide prepare | sign | submit``: rulings, signed where the server is not.

``prepare`` needs a publication, ``sign`` a key and nothing else, ``submit`` the network. People read standard error, in
their language; standard output is one JSON object.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from central_server.directory import ElectionDirectory
from central_server.keys import create_key, load_key
from central_server.ruling_build import ACTS, DECISIONS, RETURN, RulingOptions, build_ruling, signers_of, try_ruling
from central_server.ruling_file import make_ruling_file, read_ruling, write_ruling
from central_server.ruling_submit import submit_ruling
from central_server.ruling_words import LANGUAGES, describe, tell_done
from ledger.errors import ConflictError
from ledger.fold import Fold
from ledger.observer.fetch import FolderSource
from ledger.observer.published_log import PublishedLog, read_published_log
from ledger.policy import MAX_POLICY, Policy, parse_policy
from ledger.signing import Ed25519Signer
from ledger.store.durable import StorageError, read_file

KEY_WORDS = "make an official's key; prints the role to write into the definition or to grant"
DECIDE_WORDS = "prepare, sign and submit what officials rule"
PREPARE_WORDS = "make a ruling from what is published, and try it on the log"
SIGN_WORDS = "show a ruling and sign it; needs no network"
SUBMIT_WORDS = "send a signed ruling to the server; keeps the log's receipt beside it"


def add_key_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the key file; never overwritten")
    parser.add_argument("--holder", required=True, metavar="NAME", help="tells persons apart without naming them")
    parser.add_argument(
        "--role", choices=("official", "commission"), default="official", help="what the key is to sign (%(default)s)"
    )


def add_prepare_options(parser: argparse.ArgumentParser) -> None:
    actions = [action.replace("_", "-") for action in (*DECISIONS, *ACTS, RETURN)]
    parser.add_argument("action", choices=actions, metavar="ACTION", help=", ".join(actions))
    parser.add_argument("--publication", type=Path, required=True, metavar="DIR", help="a copy of the publication")
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE", help="the policy that observers pin")
    parser.add_argument("--document", required=True, metavar="NUMBER", help="of the paper that says the same")
    parser.add_argument("--reason", metavar="CODE", default="order", help="a short code of the reason (%(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the ruling to make")
    parser.add_argument("--entry", type=_number, metavar="INDEX", help="log entry that is released, counted or ended")
    parser.add_argument("--supersedes", type=_number, metavar="INDEX", help="correct: log entry that counts now")
    parser.add_argument("--unit", metavar="ID", help="annul, return: the precinct")
    parser.add_argument("--contests", type=_numbers, metavar="N,N", help="annul: only these contests")
    parser.add_argument("--urn", metavar="ID", help="out-of-use: the urn")
    parser.add_argument("--role", choices=("official", "commission"), help="grant-role: what the new key signs")
    parser.add_argument("--holder", metavar="NAME", help="grant-role: whose key it is")
    parser.add_argument("--public-key", metavar="HEX", help="grant-role, revoke-key: the key")
    parser.add_argument("--device", metavar="ID", help="replace-device: the device that is replaced")
    parser.add_argument("--enrolment", type=Path, metavar="FILE", help="replace-device: of the new device")
    parser.add_argument(
        "--part", type=Path, metavar="FILE", help="amend-contest, amend-unit, succeed-chain: the new one, as JSON"
    )
    parser.add_argument("--protocol", type=Path, metavar="FILE", help="return: CSV with contest, line, count")
    _add_language(parser)


def add_sign_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ruling", type=Path, metavar="FILE", help="the ruling; the signature is added to it")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the key to sign with; without it, only show")
    _add_language(parser)


def add_submit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ruling", type=Path, metavar="FILE", help="the signed ruling")
    parser.add_argument("--server", required=True, metavar="URL", help="https address of the server")
    parser.add_argument("--ca", type=Path, required=True, metavar="FILE", help="the certificate authority, ca.pem")
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE", help="the policy that observers pin")
    _add_language(parser)


def _add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=LANGUAGES, default="ky", help="language of the words (%(default)s)")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise argparse.ArgumentTypeError(f"a whole number, not {text[:80]!r}")
    return int(text)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({_number(part) for part in text.split(",")}))


def run_key(options: argparse.Namespace, _: ElectionDirectory) -> int:
    """Raises ConflictError(``KEY_EXISTS``), KeyFileError, StorageError."""
    if options.out.exists():
        raise ConflictError("KEY_EXISTS", f"{options.out} exists already: a key is never replaced")
    signer = Ed25519Signer(create_key(options.out, "ed25519"))
    _print({"role": options.role, "holder": options.holder, "public_key": signer.public_key.hex()})
    return 0


def run_prepare(options: argparse.Namespace, _: ElectionDirectory) -> int:
    """Raises TunukError for a ruling that cannot be, or would not take effect."""
    given = {one.name: getattr(options, one.name) for one in fields(RulingOptions)}
    wish = RulingOptions(**{**given, "action": options.action.replace("-", "_")})
    log = read_published_log(FolderSource(options.publication), _policy(options.policy))
    body, entries = build_ruling(wish, log)
    signers = signers_of(type(body), log.fold)
    file = make_ruling_file(body, entries, signers)
    before = _votes(log.fold)
    try_ruling(body, signers, log.fold)
    effect = _difference(before, _votes(log.fold), log)
    write_ruling(options.out, file)
    _tell([*describe(file, options.lang), tell_done("effect" if effect else "no_effect", options.lang), *effect])
    _tell([tell_done("prepared", options.lang, path=options.out)])
    _print({"ruling": str(options.out), "kind": file.kind, "action": wish.action, "effect": effect})
    return 0


def _policy(path: Path) -> Policy:
    data = read_file(path, MAX_POLICY)
    if data is None:
        raise StorageError("POLICY_MISSING", f"{path} does not exist: it is the file that observers pin")
    return parse_policy(data)


def run_sign(options: argparse.Namespace, _: ElectionDirectory) -> int:
    """Raises TunukError for a ruling or key that does not fit."""
    file = read_ruling(options.ruling)
    if options.key is not None:
        signer = Ed25519Signer(load_key(options.key, "ed25519"))
        file = file.sign(signer)
        write_ruling(options.ruling, file)
        holder = next(one.holder for one in file.officials if one.key_id == signer.public_key.key_id.hex())
        done = [tell_done("signed_by", options.lang, holder=holder, count=len(file.signatures))]
    else:
        done = []
    _tell([*describe(file, options.lang), *done])
    _print({"ruling": str(options.ruling), "kind": file.kind, "signatures": len(file.signatures)})
    return 0


def run_submit(options: argparse.Namespace, _: ElectionDirectory) -> int:
    """Raises TunukError where it is not logged."""
    record = read_ruling(options.ruling).record()
    receipt = options.ruling.with_suffix(".tlog-proof")
    index = submit_ruling(record, options.server, options.ca, options.policy, receipt)
    _tell([tell_done("submitted", options.lang, index=index, path=receipt)])
    _print({"index": index, "receipt": str(receipt)})
    return 0


def _votes(fold: Fold) -> Mapping[int, tuple[int, ...]]:
    """Votes by contest in the whole country, selections in the contest's order."""
    units = fold.definition.units
    country = next((unit.id for unit in units.values() if unit.parent is None), None)
    width = len(fold.definition.election.vote_types) if fold.definition.election else 1
    return {
        contest: tuple(sum(totals.votes[at : at + width]) for at in range(0, len(totals.votes), width))
        for (unit, contest), totals in fold.totals.items()
        if unit == country
    }


def _difference(
    before: Mapping[int, tuple[int, ...]], after: Mapping[int, tuple[int, ...]], log: PublishedLog
) -> list[str]:
    lines = []
    for number, contest in sorted(log.fold.definition.contests.items()):
        nothing = (0,) * len(contest.selections)
        for row, old, new in zip(
            contest.selections, before.get(number, nothing), after.get(number, nothing), strict=True
        ):
            if old != new:
                lines.append(f"{number}, {row.name.en}: {old} -> {new}")
    return lines


def _tell(lines: list[str]) -> None:
    print("\n".join(lines), file=sys.stderr)


def _print(facts: Mapping[str, object]) -> None:
    print(json.dumps(facts, ensure_ascii=False), flush=True)
