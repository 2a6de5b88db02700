"""A publication's entries, each checked against the signed checkpoint; what they say is not judged here."""

from dataclasses import dataclass

from ledger.checkpoint import VerifiedCheckpoint
from ledger.errors import FormatError, VerificationError
from ledger.merkle import hash_leaf
from ledger.note import MAX_NOTE
from ledger.observer.fetch import Source
from ledger.observer.tree import Tree
from ledger.policy import Policy, verify_checkpoint_with_policy
from ledger.tiles import MAX_BUNDLE, encode_bundle_path, new_bundles, parse_bundle

CHECKPOINT = "checkpoint"
MAX_ENTRIES = 10_000_000


@dataclass(frozen=True, slots=True)
class PublishedEntries:
    """``tree`` has the hashes of ``entries``, and leads to ``checkpoint``."""

    checkpoint: VerifiedCheckpoint
    entries: list[bytes]
    tree: Tree


def read_checkpoint(source: Source, policy: Policy) -> VerifiedCheckpoint:
    """Raises FileFault, FormatError, SignatureError, UnjudgeableError, UnreachableError."""
    return verify_checkpoint_with_policy(source.read(CHECKPOINT, MAX_NOTE), policy)


def read_published_entries(source: Source, policy: Policy) -> PublishedEntries:
    """Raises as ``read_checkpoint``, and FormatError(``LOG_TOO_LARGE``), VerificationError(``ROOT_DIFFERS``)."""
    checkpoint = read_checkpoint(source, policy)
    if checkpoint.size > MAX_ENTRIES:
        raise FormatError("LOG_TOO_LARGE", f"the log has more than {MAX_ENTRIES} entries")
    entries: list[bytes] = []
    tree = Tree()
    for bundle in new_bundles(0, checkpoint.size):
        found = parse_bundle(bundle, source.read(encode_bundle_path(bundle), MAX_BUNDLE))
        tree.append([hash_leaf(entry) for entry in found])
        entries += found
    if tree.root_at(checkpoint.size) != checkpoint.root:
        raise VerificationError("ROOT_DIFFERS", "the published entries are not those of the published checkpoint")
    return PublishedEntries(checkpoint, entries, tree)
