"""Each snapshot in the log, held against the results that the entries before it give.

Responsible for a snapshot's claims (number, tree size, root, manifest) and for the numbered file that it names. The
results of a snapshot are those of the first ``tree_size`` entries, and the snapshot's own entry comes later; so the
snapshots are noted while the entries are fetched, and the results made when the fold stands at the size. A snapshot
covers all that came up to the one before it, so that one set of results at a time is waiting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.election import FOLD_VERSION
from ledger.errors import FormatError, UnjudgeableError
from ledger.fold import Fold
from ledger.observer.differences import find_difference
from ledger.observer.fetch import FileFault, Source
from ledger.observer.findings import Findings
from ledger.observer.tree import Tree
from ledger.primitives import Hash, sha256
from ledger.record import Snapshot, parse_record
from ledger.results import LATEST, StateFiles, numbered_path, render_numbered

LONGER_BY = 1024 * 1024
"""Bytes by which a published file may be longer than the recomputed one and is still read, to show where it differs."""

_SNAPSHOT_START = b"\x93\xaasnapshot/1"
"""How the entry of a snapshot begins: an array of three, and the kind."""


@dataclass(frozen=True, slots=True)
class Results:
    """The files that the first ``tree_size`` entries give, by path; ``results/latest.json`` is the numbered one."""

    tree_size: int
    number: int
    files: dict[str, bytes]


@dataclass(slots=True)
class History:
    """SHA-256 of every state that each file had -> the last snapshot whose state that was; and the newest results."""

    numbers: dict[str, dict[Hash, int]] = field(default_factory=dict)
    newest: Results | None = None

    def add(self, results: Results) -> None:
        self.newest = results
        for path, data in results.files.items():
            self.numbers.setdefault(path, {})[sha256(data)] = results.number


class SnapshotNotes:
    """``sizes``: the tree sizes whose results are wanted, ascending, as the snapshots among the entries name them."""

    def __init__(self, election_id: Hash) -> None:
        self._election_id = election_id
        self._last = -1
        self.sizes: list[int] = []

    def note(self, start: int, entries: Sequence[bytes]) -> None:
        """Look for snapshots among the entries from index ``start`` on, before any of them is judged."""
        for index, entry in enumerate(entries, start):
            if not entry.startswith(_SNAPSHOT_START):
                continue
            try:
                body = parse_record(entry).body
            except FormatError:
                continue
            if isinstance(body, Snapshot) and body.election_id == self._election_id:
                if self._last < body.tree_size <= index:
                    self.sizes.append(body.tree_size)
                self._last = index


class SnapshotCheck:
    """Follows the fold. ``history`` has the files of every snapshot whose place the entries confirm."""

    def __init__(self, notes: SnapshotNotes, fold: Fold, tree: Tree, source: Source, findings: Findings) -> None:
        self._notes, self._fold, self._tree = notes, fold, tree
        self._source, self._findings = source, findings
        self._state_files = StateFiles(fold)
        self._next_note = 0
        self._last_index = -1
        self._waiting: Results | FormatError | None = None
        self.history = History()

    @property
    def missed(self) -> bool:
        """Whether a snapshot was noted after the fold had passed its tree size: only another fold can confirm it."""
        sizes = self._notes.sizes
        return self._next_note < len(sizes) and sizes[self._next_note] < self._fold.size

    def before(self, size: int) -> None:
        """To be called when the fold stands at ``size``: makes the results if a snapshot names that size."""
        sizes = self._notes.sizes
        while self._next_note < len(sizes) and sizes[self._next_note] <= size:
            if sizes[self._next_note] == size:
                self._waiting = self._render(size)
            self._next_note += 1

    def _render(self, size: int) -> Results | FormatError:
        state = self._state_files.render()
        try:
            numbered = render_numbered(self._fold, self._tree.root_at(size), state)
        except FormatError as error:
            return error
        return Results(size, self._fold.snapshots + 1, {**state, LATEST: numbered})

    def check(self, index: int, body: Snapshot) -> None:
        """Check the snapshot at ``index``, which the fold has just admitted.

        Raises UnjudgeableError(``UNKNOWN_FOLD_VERSION``), and UnreachableError from reading its numbered file.
        """
        if body.fold_version != FOLD_VERSION:
            raise UnjudgeableError("UNKNOWN_FOLD_VERSION", f"fold version {body.fold_version} is not known here")
        number, previous, self._last_index = self._fold.snapshots, self._last_index, index
        if body.number != number:
            self._findings.add("SNAPSHOT_NUMBER", index, published=body.number, recomputed=number)
        if not previous < body.tree_size <= index:
            low = previous + 1
            self._findings.add("SNAPSHOT_TREE_SIZE", index, published=body.tree_size, low=low, high=index)
            return
        root = self._tree.root_at(body.tree_size)
        if body.root_hash != root:
            self._findings.add("SNAPSHOT_ROOT", index, published=body.root_hash.hex(), recomputed=root.hex())
        results = self._waiting
        if isinstance(results, Results) and results.tree_size == body.tree_size:
            self._compare(index, body, results)
        elif isinstance(results, FormatError):
            self._findings.add_error(results, index)
        else:
            self._findings.add("SNAPSHOT_NOT_CHECKED", index)

    def _compare(self, index: int, body: Snapshot, results: Results) -> None:
        numbered = results.files[LATEST]
        self.history.add(results)
        if body.manifest_hash != sha256(numbered):
            words = {"published": body.manifest_hash.hex(), "recomputed": sha256(numbered).hex()}
            self._findings.add("SNAPSHOT_MANIFEST", index, **words)
        path = numbered_path(results.number)
        try:
            published = self._source.read(path, len(numbered) + LONGER_BY)
        except FileFault as error:
            self._findings.add_error(error, index, path)
            return
        if published != numbered:
            add_difference(self._findings, index, path, published, numbered)


def add_difference(findings: Findings, index: int | None, path: str, published: bytes, recomputed: bytes) -> None:
    """Name the first number (or else value, or byte) in which a published file is not what the entries give."""
    found = find_difference(path, published, recomputed)
    facts = {"place": found.place, "published": found.published, "recomputed": found.recomputed}
    findings.add("RESULT_DIFFERS", index, path, **facts)
