"""A file of evidence judged: whether it proves, by itself, that a log contradicted itself. No network, no publication.

Responsible for the kinds that have a log's first entries, of which the last breaks a rule or hands over wrongly: they
are added up again, by the code of the audit. What the file claims to have found is found here, or it proves nothing.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ledger.checkpoint import VerifiedCheckpoint, verify_checkpoint
from ledger.errors import FormatError, UnjudgeableError, VerificationError
from ledger.evidence import (
    MAX_ENTRIES_BYTES,
    BadEntry,
    BadSuccession,
    Fork,
    ProvenEntries,
    ProvenFork,
    make_bad_entry,
    make_bad_succession,
    parse_evidence,
    verify_entries,
    verify_fork,
)
from ledger.fold import Fold
from ledger.merkle import consistency_proof, hash_leaf
from ledger.observer.fetch import missing
from ledger.observer.findings import Finding, Findings
from ledger.observer.former_heads import judge_former
from ledger.observer.origin import parse_origin
from ledger.observer.records import RecordCheck
from ledger.observer.snapshots import SnapshotCheck, SnapshotNotes
from ledger.observer.tree import Spool, Tree
from ledger.policy import Policy
from ledger.primitives import Hash
from ledger.signing import CryptographyVerifier
from ledger.tiles import TILE_WIDTH, TileReader

_NOT_OF_ENTRIES = {"SNAPSHOT_NOT_CHECKED"}
"""Found in entries, but says that a check was missed, not that one failed."""


class _NoFiles:
    """A publication without files: what is judged are entries alone."""

    def read(self, path: str, limit: int) -> bytes:
        raise missing(path)


def judge_evidence(data: bytes, policy: Policy) -> tuple[ProvenFork | ProvenEntries, Finding]:
    """What is proven, and as a finding.

    Raises FormatError, SignatureError and VerificationError(``PROVES_NOTHING``) where nothing is; UnjudgeableError.
    """
    evidence = parse_evidence(data)
    # The log's signature is enough: no head of its own may contradict another, whoever else has signed it.
    keys = [log.key for log in policy.logs]
    if isinstance(evidence, Fork):
        fork = verify_fork(evidence, keys)
        return fork, fork_finding(fork)
    proven = verify_entries(evidence, keys)
    judged, index = judge_entries(proven.checkpoint, proven.entries), len(proven.entries) - 1
    if isinstance(evidence, BadSuccession):
        return proven, _judge_succession(verify_checkpoint(evidence.head.encode(), keys), proven, judged)
    for finding in judged.findings:
        if finding.index == index and finding.code == evidence.code and is_of_entries(finding):
            return proven, finding
    raise VerificationError("PROVES_NOTHING", f"entry {index} does not break the rule {evidence.code[:80]!r}")


def _judge_succession(head: VerifiedCheckpoint, proven: ProvenEntries, judged: "JudgedEntries") -> Finding:
    """Raises VerificationError(``PROVES_NOTHING``)."""
    index, body = judged.fold.successions[-1] if judged.fold.successions else (-1, None)
    if body is None or index != len(proven.entries) - 1:
        raise VerificationError("PROVES_NOTHING", f"entry {len(proven.entries) - 1} hands nothing over")
    before = parse_origin(proven.checkpoint.origin).of_generation(body.generation - 1)
    if head.origin != before:
        raise VerificationError("PROVES_NOTHING", f"the head is of {head.origin}, and the log before is {before}")
    finding = judge_former(head.size, head.root, index, body, judged.tree)
    if finding is None:
        raise VerificationError("PROVES_NOTHING", f"the succession at entry {index} knows of that head")
    return finding


def fork_finding(fork: ProvenFork) -> Finding:
    first, second = fork.first, fork.second
    roots = {"signed": first.root.hex(), "found": fork.prefix_root.hex()}
    return Finding("FORK", facts={"size": first.size, "larger": second.size, **roots})


def is_of_entries(finding: Finding) -> bool:
    """Whether the log's entries alone show it, no published file beside them."""
    return finding.index is not None and finding.path is None and finding.code not in _NOT_OF_ENTRIES


@dataclass(frozen=True, slots=True)
class JudgedEntries:
    """The first entries of a log, added up, and what the audit finds in them."""

    findings: Findings
    fold: Fold
    tree: Tree


def judge_entries(checkpoint: VerifiedCheckpoint, entries: Sequence[bytes]) -> JudgedEntries:
    """Raises UnjudgeableError."""
    try:
        origin = parse_origin(checkpoint.origin)
    except FormatError as error:
        raise UnjudgeableError(error.code, error.message) from error
    notes, fold, tree, findings = SnapshotNotes(origin.election_id), Fold(), Tree(), Findings()
    with Spool() as spool, ThreadPoolExecutor(1) as verifiers:
        for start in range(0, len(entries), TILE_WIDTH):
            chunk = entries[start : start + TILE_WIDTH]
            notes.note(start, chunk)
            tree.append([hash_leaf(entry) for entry in chunk])
            spool.append(chunk)
        snapshots = SnapshotCheck(notes, fold, tree, _NoFiles(), findings)
        records = RecordCheck(origin, fold, snapshots, findings, CryptographyVerifier(), verifiers)
        records.judge(spool)
    if records.error is not None and not len(findings):
        raise UnjudgeableError(records.error.code, str(records.error.facts.get("detail", "")))
    return JudgedEntries(findings, fold, tree)


def plan_bad_entry(
    finding: Finding, checkpoint: VerifiedCheckpoint, tree: Tree, entries: Sequence[bytes]
) -> BadEntry | None:
    """The evidence for what an audit found in the last of these first entries; None where they are too long."""
    if sum(map(len, entries)) > MAX_ENTRIES_BYTES:
        return None
    return make_bad_entry(checkpoint.note, finding.code, entries, _prove(checkpoint, tree, entries))


def plan_bad_succession(
    head: bytes, checkpoint: VerifiedCheckpoint, tree: Tree, entries: Sequence[bytes]
) -> BadSuccession | None:
    """As ``plan_bad_entry``, with the note of a head that the last of the entries does not know of."""
    if sum(map(len, entries)) > MAX_ENTRIES_BYTES:
        return None
    return make_bad_succession(head, checkpoint.note, entries, _prove(checkpoint, tree, entries))


def _prove(checkpoint: VerifiedCheckpoint, tree: Tree, entries: Sequence[bytes]) -> tuple[Hash, ...]:
    return consistency_proof(len(entries), checkpoint.size, TileReader(checkpoint.size, tree.content).subtree)
