"""A publication's log for those who decide about it: every entry checked against the signed checkpoint, then folded.

The quick half of an audit. What officials sign rests on the entries, not on what a page says of them; whether the
published numbers follow from these entries is for ``observer verify``.
"""

from dataclasses import dataclass
from pathlib import Path

from ledger.errors import FormatError, SignatureError, VerificationError
from ledger.fold import Fold
from ledger.merkle import hash_leaf, merkle_root
from ledger.observer.audit import read_checkpoint
from ledger.observer.fetch import FolderSource
from ledger.policy import parse_policy
from ledger.record import parse_record, verify_record
from ledger.signing import CryptographyVerifier
from ledger.store.durable import StorageError, read_file
from ledger.tiles import encode_bundle_path, new_bundles, parse_bundle

MAX_POLICY = 64 * 1024
MAX_BUNDLE = 256 * (2 + 65_535)
MAX_ENTRIES = 10_000_000


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """``fold`` is the state after ``entries``."""

    fold: Fold
    entries: list[bytes]

    def entry(self, index: int) -> bytes:
        """Raises FormatError(``NO_SUCH_ENTRY``)."""
        if not 0 <= index < len(self.entries):
            raise FormatError("NO_SUCH_ENTRY", f"the log has entries 0 to {len(self.entries) - 1}, and none {index}")
        return self.entries[index]


def read_published_log(publication: Path, policy: Path) -> PublishedLog:
    """Raises StorageError, FileFault, FormatError, SignatureError, VerificationError(``ROOT_DIFFERS``)."""
    data = read_file(policy, MAX_POLICY)
    if data is None:
        raise StorageError("POLICY_MISSING", f"{policy} does not exist: it is the file that observers pin")
    source = FolderSource(publication)
    checkpoint = read_checkpoint(source, parse_policy(data))
    if checkpoint.size > MAX_ENTRIES:
        raise FormatError("LOG_TOO_LARGE", f"the log has more than {MAX_ENTRIES} entries")
    entries: list[bytes] = []
    for bundle in new_bundles(0, checkpoint.size):
        entries += parse_bundle(bundle, source.read(encode_bundle_path(bundle), MAX_BUNDLE))
    if merkle_root([hash_leaf(entry) for entry in entries]) != checkpoint.root:
        raise VerificationError("ROOT_DIFFERS", f"the entries in {publication} are not those of its checkpoint")
    return PublishedLog(_fold(entries), entries)


def _fold(entries: list[bytes]) -> Fold:
    fold, verifier = Fold(), CryptographyVerifier()
    for index, entry in enumerate(entries):
        try:
            record = parse_record(entry)
            verified = verify_record(record, fold.definition, verifier)
        except (FormatError, SignatureError):
            fold.skip(index)
        else:
            fold.apply(index, verified)
    return fold
