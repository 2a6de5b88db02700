"""A publication's log, read whole: every entry checked against the signed checkpoint, then verified and folded.

The quick half of an audit, for who proves something about the log or decides about it. Whether the published numbers
follow from these entries is for ``observer verify``.
"""

from dataclasses import dataclass

from ledger.checkpoint import VerifiedCheckpoint
from ledger.errors import FormatError, SignatureError
from ledger.fold import Fold
from ledger.observer.fetch import Source
from ledger.observer.published_entries import read_published_entries
from ledger.observer.tree import Tree
from ledger.policy import Policy
from ledger.record import parse_record, verify_record
from ledger.signing import CryptographyVerifier


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """``fold`` is the state after ``entries``; ``tree`` has their hashes.

    ``refused`` are the indices of entries that are no record by somebody who may sign it, and count for nothing.
    """

    checkpoint: VerifiedCheckpoint
    entries: list[bytes]
    tree: Tree
    fold: Fold
    refused: frozenset[int]

    def entry(self, index: int) -> bytes:
        """Raises FormatError(``NO_SUCH_ENTRY``)."""
        if not 0 <= index < len(self.entries):
            raise FormatError("NO_SUCH_ENTRY", f"the log has entries 0 to {len(self.entries) - 1}, and none {index}")
        return self.entries[index]


def read_published_log(source: Source, policy: Policy) -> PublishedLog:
    """Raises as ``read_published_entries()``."""
    read = read_published_entries(source, policy)
    return PublishedLog(read.checkpoint, read.entries, read.tree, *_fold(read.entries))


def _fold(entries: list[bytes]) -> tuple[Fold, frozenset[int]]:
    fold, refused, verifier = Fold(), set(), CryptographyVerifier()
    for index, entry in enumerate(entries):
        try:
            record = parse_record(entry)
            verified = verify_record(record, fold.definition, verifier)
        except (FormatError, SignatureError):
            fold.skip(index)
            refused.add(index)
        else:
            fold.apply(index, verified)
    return fold, frozenset(refused)
