"""A file of evidence judged: whether it proves, by itself, that a log contradicted itself. No network, no publication.

Responsible for the second kind, a log's first entries of which the last breaks a rule: they are added up again, by the
code of the audit. What the file claims to have found is found here, or it proves nothing.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ledger.checkpoint import VerifiedCheckpoint
from ledger.errors import FormatError, UnjudgeableError, VerificationError
from ledger.evidence import (
    MAX_ENTRIES_BYTES,
    BadEntry,
    Fork,
    ProvenEntries,
    ProvenFork,
    make_bad_entry,
    parse_evidence,
    verify_entries,
    verify_fork,
)
from ledger.fold import Fold
from ledger.merkle import consistency_proof, hash_leaf
from ledger.observer.fetch import missing
from ledger.observer.findings import Finding, Findings
from ledger.observer.origin import parse_origin
from ledger.observer.records import RecordCheck
from ledger.observer.snapshots import SnapshotCheck, SnapshotNotes
from ledger.observer.tree import Spool, Tree
from ledger.policy import Policy
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
    index = len(proven.entries) - 1
    for finding in judge_entries(proven.checkpoint, proven.entries):
        if finding.index == index and finding.code == proven.code and is_of_entries(finding):
            return proven, finding
    raise VerificationError("PROVES_NOTHING", f"entry {index} does not break the rule {proven.code[:80]!r}")


def fork_finding(fork: ProvenFork) -> Finding:
    first, second = fork.first, fork.second
    roots = {"signed": first.root.hex(), "found": fork.prefix_root.hex()}
    return Finding("FORK", facts={"size": first.size, "larger": second.size, **roots})


def is_of_entries(finding: Finding) -> bool:
    """Whether the log's entries alone show it, no published file beside them."""
    return finding.index is not None and finding.path is None and finding.code not in _NOT_OF_ENTRIES


def judge_entries(checkpoint: VerifiedCheckpoint, entries: Sequence[bytes]) -> Iterable[Finding]:
    """What the audit finds in the first entries of a log. Raises UnjudgeableError."""
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
    return findings


def plan_bad_entry(
    finding: Finding, checkpoint: VerifiedCheckpoint, tree: Tree, entries: Sequence[bytes]
) -> BadEntry | None:
    """The evidence for what an audit found in the last of these first entries; None where they are too long."""
    if sum(map(len, entries)) > MAX_ENTRIES_BYTES:
        return None
    proof = consistency_proof(len(entries), checkpoint.size, TileReader(checkpoint.size, tree.content).subtree)
    return make_bad_entry(checkpoint.note, finding.code, entries, proof)
