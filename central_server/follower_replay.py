"""Reading the log back: its entries folded in order, and the files that a snapshot at this place has.

Pure. Signatures are not verified again: every entry's was at the ingest, or this server made it, and verifying is most
of what a tally costs. What the log lost or mixed up since does not pass: the root over the entries must be the log's.
"""

from collections.abc import Sequence

from central_server.publication import Rendering
from ledger.fold import Fold
from ledger.merkle import CompactRange
from ledger.primitives import Hash
from ledger.record import Snapshot, parse_record, trust_record
from ledger.results import StateFiles, render_numbered
from ledger.store.durable import StorageError


class Replay:
    """The fold of the log's first ``size`` entries."""

    def __init__(self) -> None:
        self.fold = Fold()
        self.news = False
        """Whether an entry that is no snapshot lies at or after the tree size of the last snapshot that was made."""
        self._files = StateFiles(self.fold)
        self._range = CompactRange.EMPTY

    @property
    def size(self) -> int:
        return self._range.size

    def take(self, entries: Sequence[bytes]) -> None:
        """Fold the next entries. Raises FormatError, SignatureError or UnjudgeableError for one that cannot be read."""
        records = [trust_record(parse_record(data)) for data in entries]
        for index, record in enumerate(records, self.size):
            self.fold.apply(index, record)
            self.news |= not isinstance(record.body, Snapshot)
        self._range = self._range.extend(record.leaf_hash for record in records)

    def verify_root(self, root: Hash) -> None:
        """Raises StorageError(``STORE_CORRUPT``) where the entries folded are not those that the log's head covers."""
        if self._range.root() != root:
            raise StorageError(
                "STORE_CORRUPT",
                f"the log's first {self.size} entries do not hash to its head of that size: restore its newest copy",
            )

    def render(self) -> Rendering:
        """The files of the next snapshot. Raises FormatError(``ELECTION_INCOMPLETE``)."""
        root = self._range.root()
        state_files = self._files.render()
        numbered_file = render_numbered(self.fold, root, state_files)
        return Rendering(self.fold.snapshots + 1, self.size, root, numbered_file, state_files)
