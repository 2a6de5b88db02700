"""The publisher: follows the log, takes snapshots, and brings the public folder to them.

It keeps nothing on disk but what it publishes: stopped, wiped and started again, it ends in the same result files, and
in pages with the same numbers. A start reads the log up to the last snapshot's tree size, renders that snapshot again,
and completes what a crash may have left, by the same code that publishes a new one. The order, of which each step may
be repeated:

1. the numbered file is written;
2. the snapshot's entry is appended, its number checked by the log;
3. tiles and a checkpoint that cover it are published;
4. the state files and ``latest.json`` are replaced;
5. the pages that have changed are drawn, some of them in each step.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from central_server.follower_pending import PendingSnapshot, make_snapshot, reproduce_snapshot
from central_server.follower_replay import Replay
from central_server.follower_schedule import Rhythm, plan_checkpoint, plan_snapshot
from central_server.follower_snapshots import CHUNK, LoggedSnapshot, find_last_snapshot, find_snapshots
from central_server.publication import PublicFolder, Write
from ledger.canonical import MAX_INTEGER
from ledger.errors import ConflictError
from ledger.log import Receipt
from ledger.signing import Signer
from ledger.store.contract import EMPTY_HEAD, Store, TreeHead
from ledger.store.durable import StorageError, write_file
from ledger.store.tile_files import publish, read_published

MAX_FOLDED_A_STEP = 4_096
"""Entries folded by one step: well under a second's work, so that a server that is told to stop can."""

DOCUMENTS_A_STEP = 128
"""Documents drawn by one step, each in three languages: well under a second's work as well."""


class SnapshotLog(Protocol):
    """What the publisher asks of a ``ledger.log.Log``."""

    def append_numbered(self, entry: bytes, number: int) -> Receipt: ...

    def checkpoint(self) -> bytes: ...


PublishTiles = Callable[[Store, Path, bytes], TreeHead]
"""``ledger.store.tile_files.publish`` but for tests."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a step has left the folder. ``snapshot``: the number that ``latest.json`` has, 0 for none.

    ``behind``: more entries are there to be folded, or pages to be drawn, at once. ``settled``: all that the log held
    when the step began is folded, in a snapshot where the election is complete, and published, pages and all; nothing
    is put off.
    """

    folded: int
    snapshot: int
    published: TreeHead
    behind: bool
    settled: bool


class Publisher:
    """Call ``step`` again and again, from one thread. After an error it may be called again: it goes on where it was.

    ``store`` is one for this publisher alone, for it reads at length. One publisher works on a folder; whoever starts
    it sees to that. Where another one made a snapshot nevertheless, this one reports it and begins again from the log.
    """

    def __init__(
        self,
        log: SnapshotLog,
        store: Store,
        directory: Path,
        signer: Signer,
        clock: Callable[[], float],
        minimum_seconds: float,
        *,
        write: Write = write_file,
        publish_tiles: PublishTiles = publish,
    ) -> None:
        """``signer`` has the publisher's key, ``clock`` gives Unix seconds, snapshots are ``minimum_seconds`` apart."""
        self._log = log
        self._store = store
        self._folder = PublicFolder(directory, write)
        self._signer = signer
        self._clock = clock
        self._minimum_seconds = minimum_seconds
        self._publish_tiles = publish_tiles
        self._last_checkpoint: float | None = None
        self._doubted = MAX_INTEGER
        self._begin_again()

    def _begin_again(self) -> None:
        self._replay = Replay()
        self._begun = False
        self._target = EMPTY_HEAD
        self._logged: deque[LoggedSnapshot] = deque()
        self._pending: PendingSnapshot | None = None
        self._last_snapshot: float | None = None
        self._released = 0

    def step(self, *, closing: bool = False) -> Progress:
        """Do what is due now. ``closing`` puts nothing off: for the last steps before the server stops.

        Raises StorageError (try again), RollbackError (the log must not be written any more), ConflictError
        (``SNAPSHOT_NOT_REPRODUCED``, ``NUMBER_NOT_NEXT``), and FormatError, SignatureError or UnjudgeableError for an
        entry or a key that this program cannot publish with.
        """
        rhythm = Rhythm(self._clock(), closing)
        head = self._store.head()
        if self._pending is None and self._catch_up():
            self._pending = self._plan_pending(rhythm)
        if self._pending is not None:
            self._announce(self._pending)
        published = read_published(self._folder.directory, self._store.origin)
        # What waits for no checkpoint is announced without one, as after a start: the next step publishes.
        if not self._release(published):
            published = self._publish_checkpoint(rhythm, published)
            self._release(published)
        drawn = self._folder.draw_pages(DOCUMENTS_A_STEP)
        behind = not drawn or (self._pending is None and self._replay.size < head.size)
        news = self._replay.news and self._replay.fold.definition.complete
        settled = not behind and not news and self._pending is None and published.size >= head.size
        return Progress(self._replay.size, self._released, published, behind, settled)

    def _begin(self, head: TreeHead) -> None:
        """Line up the log's snapshots that are to be rendered again: the last, and those whose files are missing."""
        last = find_last_snapshot(self._store, 0, head.size)
        if last is not None:
            earlier = range(1, last.body.number)
            missing = {n for n in earlier if n >= self._doubted or not self._folder.has_numbered(n)}
            self._logged.extend(find_snapshots(self._store, last.index, missing) if missing else ())
            self._logged.append(last)
        self._target = head
        self._begun = True

    def _catch_up(self) -> bool:
        """Fold a bounded number of entries towards the next place of interest; whether it is reached."""
        if not self._begun:
            self._begin(self._store.head())
        if not self._logged and self._replay.size == self._target.size:
            self._target = self._store.head()
        goal = self._logged[0].head if self._logged else self._target
        end = min(goal.size, self._replay.size + MAX_FOLDED_A_STEP)
        while self._replay.size < end:
            entries = self._store.entries(self._replay.size, min(CHUNK, end - self._replay.size))
            if not entries:
                raise StorageError("STORE_CORRUPT", f"the log has a head of size {end}, but not all of its entries")
            self._replay.take(entries)
        if end < goal.size:
            return False
        self._replay.verify_root(goal.root)
        return True

    def _plan_pending(self, rhythm: Rhythm) -> PendingSnapshot | None:
        """The log's last snapshot once again, when the publisher begins; then a new one when it is time."""
        if self._logged:
            pending = reproduce_snapshot(self._replay, self._logged[0])
            if len(self._logged) > 1:
                self._folder.put_numbered(pending.rendering)
                self._logged.popleft()
                return None
            self._logged.popleft()
        elif self._wants_snapshot(rhythm):
            pending = make_snapshot(self._replay, self._signer, int(rhythm.now))
        else:
            return None
        self._replay.news = False
        self._last_snapshot = pending.time
        return pending

    def _wants_snapshot(self, rhythm: Rhythm) -> bool:
        return plan_snapshot(
            rhythm,
            complete=self._replay.fold.definition.complete,
            news=self._replay.news,
            last=self._last_snapshot,
            minimum_seconds=self._minimum_seconds,
        )

    def _announce(self, pending: PendingSnapshot) -> None:
        """Write the numbered file, and append the snapshot unless the log has it."""
        self._folder.put_numbered(pending.rendering)
        if pending.index is None:
            try:
                pending.index = self._log.append_numbered(pending.entry, pending.rendering.number).index
            except ConflictError:
                # Another publisher has this number. Its snapshot is the log's, and the file is to be as that says.
                self._doubted = pending.rendering.number
                self._begin_again()
                raise

    def _publish_checkpoint(self, rhythm: Rhythm, published: TreeHead) -> TreeHead:
        head_size = self._store.head().size
        if plan_checkpoint(rhythm, head_size=head_size, published_size=published.size, last=self._last_checkpoint):
            published = self._publish_tiles(self._store, self._folder.directory, self._log.checkpoint())
            self._last_checkpoint = rhythm.now
        return published

    def _release(self, published: TreeHead) -> bool:
        """Announce the pending snapshot if the published checkpoint covers it."""
        if self._pending is None or not self._pending.is_covered_by(published):
            return False
        rendering = self._pending.rendering
        self._folder.put_latest(rendering)
        self._released = rendering.number
        self._pending = None
        # Last, so that files which no page can be drawn from hold up nothing but pages.
        self._folder.turn_pages_to(rendering)
        return True
