"""A verdict as one JSON object for programs, or as a short account for people.

Responsible for the output's shape alone. Exit status: 0 pass, 1 something is wrong, 2 no verdict. The object's members:

    ok              true, false, or null where there is no verdict
    origin, policy_sha256, tree_size, root_hash     null as far as they are not known
    entries, snapshots, tallies, repeats, gaps      numbers of what was judged; ``complete``: all parts are logged
    succession      null in an election's first log, else {"index", "predecessor", "tree_size", "last_size"}
    successor       a later log of this election that the policy names, else null
    anchor_claims   anchors that the publication claims, each compared with the tree
    anchors         null where no chain was asked, else {"claimed", "verified"}
    inadmissible    records that a rule keeps out, no failure: [{"index", "code", "message"}]
    rulings         decisions and acts of authority that took effect, as ``results/rulings.csv`` has them
    failures        [{"code", "index", "path", "message"}], index and path null where there is none
    …_left_out      how many more there are than the lists hold
    error           null, or why there is no verdict: {"code", "index", "message"}
"""

import dataclasses
from collections.abc import Iterator

import msgspec

from ledger.observer.findings import MAX_LISTED, Finding, Verdict
from ledger.observer.messages import Language, describe, describe_held, say
from ledger.primitives import Hash
from ledger.state import Ruled

PASS, FAIL, NO_VERDICT = 0, 1, 2
_HELD_SHOWN = 20


def exit_status(verdict: Verdict) -> int:
    return {True: PASS, False: FAIL, None: NO_VERDICT}[verdict.ok]


def encode_report(verdict: Verdict, policy_hash: Hash | None, language: Language) -> str:
    """The JSON object, in one line."""
    error, anchors = verdict.error, verdict.anchors
    document = {
        "ok": verdict.ok,
        "origin": verdict.origin,
        "policy_sha256": None if policy_hash is None else policy_hash.hex(),
        "tree_size": verdict.tree_size,
        "root_hash": None if verdict.root_hash is None else verdict.root_hash.hex(),
        "complete": verdict.complete,
        "entries": verdict.entries,
        "snapshots": verdict.snapshots,
        "tallies": verdict.tallies,
        "repeats": verdict.repeats,
        "gaps": verdict.gaps,
        "succession": None if verdict.handover is None else dataclasses.asdict(verdict.handover),
        "successor": verdict.successor,
        "anchor_claims": verdict.anchor_claims,
        "anchors": None if anchors is None else {"claimed": anchors.claimed, "verified": anchors.verified},
        "inadmissible": [
            {"index": held.index, "code": held.code, "message": describe_held(language, held)}
            for held in verdict.inadmissible[:MAX_LISTED]
        ],
        "inadmissible_left_out": max(0, len(verdict.inadmissible) - MAX_LISTED),
        "rulings": [_ruling(one) for one in verdict.rulings[:MAX_LISTED]],
        "rulings_left_out": max(0, len(verdict.rulings) - MAX_LISTED),
        "failures": [
            {"code": one.code, "index": one.index, "path": one.path, "message": describe(language, one)}
            for one in verdict.failures
        ],
        "failures_left_out": verdict.failures.left_out,
        "error": None
        if error is None
        else {"code": error.code, "index": error.index, "message": describe(language, error)},
    }
    return msgspec.json.encode(document).decode()


def write_account(verdict: Verdict, policy_hash: Hash | None, language: Language) -> str:
    """The account for people: lines, without a newline at the end."""
    return "\n".join(_printable(line) for line in _lines(verdict, policy_hash, language))


def _lines(verdict: Verdict, policy_hash: Hash | None, language: Language) -> Iterator[str]:
    key = {True: "pass", False: "fail", None: "none"}[verdict.ok]
    yield say(language, key, count=verdict.failures.count)
    if verdict.error is not None:
        yield "  " + _point(verdict.error, language)
    for failure in verdict.failures:
        yield "  " + _point(failure, language)
    if verdict.failures.left_out:
        yield "  " + say(language, "more", count=verdict.failures.left_out)
    if policy_hash is not None:
        yield say(language, "policy", hash=policy_hash.hex())
    if verdict.origin is not None and verdict.root_hash is not None:
        yield from _contents(verdict, verdict.root_hash, language)


def _contents(verdict: Verdict, root_hash: Hash, language: Language) -> Iterator[str]:
    yield say(language, "log", origin=verdict.origin)
    yield say(language, "tree", size=verdict.tree_size, root=root_hash.hex())
    if verdict.handover is not None:
        yield say(language, "handover", **dataclasses.asdict(verdict.handover))
    if verdict.successor is not None:
        yield say(language, "successor", origin=verdict.successor)
    held = verdict.inadmissible
    yield say(language, "folded", tallies=verdict.tallies, repeats=verdict.repeats, held=len(held), gaps=verdict.gaps)
    if not verdict.complete and verdict.ok:
        yield say(language, "incomplete")
    yield say(language, "snapshots", count=verdict.snapshots)
    if verdict.anchors is None:
        yield say(language, "anchors_unchecked", claimed=verdict.anchor_claims)
    else:
        yield say(language, "anchors", claimed=verdict.anchors.claimed, verified=verdict.anchors.verified)
    yield say(language, "pages")
    if verdict.rulings:
        yield say(language, "rulings")
    for ruled in verdict.rulings[:_HELD_SHOWN]:
        place = say(language, "entry", index=ruled.index)
        yield f"  {place}: {ruled.action} {ruled.subject} ({ruled.reason}, {ruled.document})"
    if len(verdict.rulings) > _HELD_SHOWN:
        yield "  " + say(language, "more", count=len(verdict.rulings) - _HELD_SHOWN)
    if held:
        yield say(language, "held")
    for row in held[:_HELD_SHOWN]:
        yield f"  [{row.code}] {say(language, 'entry', index=row.index)}: {describe_held(language, row)}"
    if len(held) > _HELD_SHOWN:
        yield "  " + say(language, "more", count=len(held) - _HELD_SHOWN)


def _ruling(ruled: Ruled) -> dict[str, object]:
    return {
        "index": ruled.index,
        "action": ruled.action,
        "subject": ruled.subject,
        "reason": ruled.reason,
        "document": ruled.document,
    }


def _printable(line: str) -> str:
    """Without what could move a terminal's cursor: some words come from a node or a server."""
    return "".join(character if character.isprintable() else "?" for character in line)


def _point(finding: Finding, language: Language) -> str:
    words = describe(language, finding)
    place = "" if finding.index is None else say(language, "entry", index=finding.index)
    return f"[{finding.code}] {words}" if place in words else f"[{finding.code}] {place}: {words}"
