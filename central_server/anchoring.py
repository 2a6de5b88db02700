"""Anchoring the published log: the newest published checkpoint goes to the chain, and what that holds is published.

Responsible for the ends of ``ledger.anchor.worker``: the heads and proofs that it takes from the public folder, the
guard that it asks before it signs, and the claims that it leaves under ``anchors/``. Everything here may be late
without harm: receipts, snapshots and checkpoints never wait for it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from central_server.anchor_files import AnchorFiles
from ledger.anchor.anchor_key import AnchorSigner, GuardedAnchorSigner
from ledger.anchor.schedule import AnchorPace
from ledger.anchor.signed_statement import SignedStatement
from ledger.anchor.statement import AnchorDomain
from ledger.anchor.worker import Anchors, AnchorStatus, AnchorWorker
from ledger.errors import RollbackError, TunukError
from ledger.merkle import compact_range, consistency_proof, inclusion_proof
from ledger.primitives import Hash
from ledger.store.contract import EMPTY_HEAD, Guard, Store, TreeHead
from ledger.store.durable import StorageError, read_file
from ledger.store.tile_files import read_published
from ledger.tiles import TILE_WIDTH, Tile, TileReader, encode_tile_path

POLL_SECONDS = 1.0
"""Between two looks at a transaction under way."""

GIVE_UP_SECONDS = 120.0
"""When a transaction that is in no block counts as lost. Another one may then replace it; both cannot succeed."""


class PublishedFolder:
    """The log as its own server has published it (``ledger.anchor.worker.PublishedLog``)."""

    def __init__(self, directory: Path, origin: str) -> None:
        self._directory = directory
        self._origin = origin

    def newest_head(self) -> TreeHead | None:
        head = read_published(self._directory, self._origin)
        return None if head == EMPTY_HEAD else head

    def consistency_proof(self, old_size: int, new_size: int) -> Sequence[Hash]:
        """From the tiles of the published checkpoint of ``new_size``. Raises FormatError, StorageError."""
        return consistency_proof(old_size, new_size, TileReader(new_size, self._read_tile).subtree)

    def inclusion_proof(self, index: int, size: int) -> Sequence[Hash]:
        """In the tree of ``size``, which was published. Raises FormatError, StorageError."""
        return inclusion_proof(index, size, TileReader(size, self._read_tile).subtree)

    def root_at(self, size: int) -> Hash:
        """From the tiles of the newest checkpoint. Raises FormatError, StorageError."""
        newest = read_published(self._directory, self._origin)
        return compact_range(size, TileReader(newest.size, self._read_tile).subtree).root()

    def _read_tile(self, tile: Tile) -> bytes:
        path = self._directory / encode_tile_path(tile)
        data = read_file(path, TILE_WIDTH * Hash.SIZE)
        if data is None:
            raise StorageError("TILE_MISSING", f"{path} is missing: move the folder away, and it is published anew")
        return data


def guarded(key: AnchorSigner, store: Store, guard: Guard) -> AnchorSigner:
    """``key``, but for heads that the log has and its guard has passed. Else RollbackError(``HEAD_NOT_GUARDED``)."""

    def require_passed(head: TreeHead) -> None:
        if guard.read().size < head.size or store.root_at(head.size) != head.root:
            raise RollbackError(
                "HEAD_NOT_GUARDED",
                f"the published head of size {head.size} is none that this log and its guard hold: is the public "
                "folder another log's, or the database an old copy?",
            )

    return GuardedAnchorSigner(key, require_passed)


class AnchorFollower:
    """Anchors until it is closed. ``step`` and ``close`` belong to one thread and never raise for a chain that is down.

    ``open_anchors`` connects to the contract and is asked again until it succeeds. ``seconds`` is the least time
    between two anchors, ``confirmations`` the blocks above one before it is published (0 where blocks are final).
    ``tell`` is told, in words for operators, when anchoring begins to fail and when it works again.
    """

    def __init__(
        self,
        open_anchors: Callable[[], Anchors],
        domain: AnchorDomain,
        folder: PublishedFolder,
        files: AnchorFiles,
        signer: AnchorSigner,
        seconds: float,
        confirmations: int,
        monotonic: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._open_anchors = open_anchors
        self._domain = domain
        self._seconds = seconds
        self._stated: TreeHead | None = None
        self._stated_at: float | None = None
        self._folder = folder
        self._files = files
        self._signer = signer
        self._confirmations = confirmations
        self._monotonic = monotonic
        self._tell = tell
        self._told: str | None = None
        self._closing = False
        self._worker = self._start(seconds)

    def _start(self, seconds: float) -> AnchorWorker:
        return AnchorWorker(
            open_anchors=self._open_anchors,
            log=self._folder,
            signer=self._signer,
            last_claim=self._files.last_claim,
            write_claim=self._files.write,
            replace_claims=self._files.replace,
            pace=AnchorPace(seconds, min(POLL_SECONDS, seconds), GIVE_UP_SECONDS),
            confirmations=self._confirmations,
            clock=self._monotonic,
        )

    @property
    def status(self) -> AnchorStatus:
        """For health, metrics and alarms; may be read from any thread."""
        return self._worker.status

    @property
    def problem(self) -> str | None:
        """The code of what keeps anchors back."""
        return self._worker.status.problem

    def numbers(self) -> dict[str, int | None]:
        """The size last anchored, and how many published entries it does not cover."""
        status = self._worker.status
        return {"size": None if status.anchored is None else status.anchored.size, "lag": status.lag}

    def step(self) -> float:
        """Do what can be done now; the seconds until the next step."""
        seconds = min(self._worker.step(), self._publish_statement())
        status = self._worker.status
        if status.problem != self._told:
            self._tell("works again" if status.problem is None else f"{status.problem}: {status.message}")
            self._told = status.problem
        return seconds

    def _publish_statement(self) -> float:
        """Sign the newest published head for whoever anchors it, chain or no chain; the seconds until the next one."""
        now = self._monotonic()
        due = now if self._closing or self._stated_at is None else self._stated_at + self._seconds
        try:
            head = self._folder.newest_head()
            if head is None or head == self._stated or now < due:
                return max(due - now, POLL_SECONDS)
            signature = self._signer.sign_anchor(self._domain, head)
            self._files.write_statement(SignedStatement(head, self._domain.chain_id, self._domain.contract, signature))
        except TunukError:
            # The worker and the server's watch meet the same, and say so.
            return self._seconds
        self._stated, self._stated_at = head, now
        return self._seconds

    def close(self) -> bool:
        """Anchor the last head without waiting for the interval; True once it is on the chain and its claim published.

        Called again until then, or until time is up: what is left undone is done after the next start.
        """
        if not self._closing:
            self._closing = True
            # A worker knows nothing that the chain does not: a new one, without an interval, goes on where this was.
            self._worker = self._start(0.0)
        self.step()
        status = self._worker.status
        return status.problem is None and status.lag == 0 and status.claimed == status.anchored
