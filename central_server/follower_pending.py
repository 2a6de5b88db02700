"""A snapshot on its way: made from the replay and signed, or made again as the log has it. Pure but for the signer."""

from dataclasses import dataclass

from central_server.follower_replay import Replay
from central_server.follower_snapshots import LoggedSnapshot
from central_server.publication import Rendering
from ledger.election import FOLD_VERSION
from ledger.errors import ConflictError, FormatError
from ledger.record import Snapshot, parse_record, sign_record, verify_record
from ledger.signing import CryptographyVerifier, Signer
from ledger.store.contract import TreeHead


@dataclass(slots=True)
class PendingSnapshot:
    """Its files, its entry with the server's time (Unix seconds), and the entry's index once the log has it."""

    rendering: Rendering
    entry: bytes
    time: int
    index: int | None = None

    def is_covered_by(self, head: TreeHead) -> bool:
        return self.index is not None and self.index < head.size


def make_snapshot(replay: Replay, signer: Signer, time: int) -> PendingSnapshot:
    """The snapshot of what is replayed. Signed once: tried again, the same entry is appended.

    Raises FormatError(``ELECTION_INCOMPLETE``), SignatureError for a key that the election does not name as publisher:
    it would spoil the log for every observer.
    """
    definition = replay.fold.definition
    if definition.election_id is None:
        raise FormatError("ELECTION_INCOMPLETE", "there is no snapshot before the election is logged")
    rendering = replay.render()
    body = Snapshot(
        definition.election_id,
        rendering.number,
        rendering.tree_size,
        rendering.root_hash,
        time,
        FOLD_VERSION,
        rendering.manifest_hash,
    )
    entry = sign_record(body, [signer])
    verify_record(parse_record(entry), definition, CryptographyVerifier())
    return PendingSnapshot(rendering, entry, time)


def reproduce_snapshot(replay: Replay, logged: LoggedSnapshot) -> PendingSnapshot:
    """The logged snapshot's files once again. Raises ConflictError(``SNAPSHOT_NOT_REPRODUCED``)."""
    rendering = replay.render()
    if (rendering.number, rendering.manifest_hash) != (logged.body.number, logged.body.manifest_hash):
        raise ConflictError(
            "SNAPSHOT_NOT_REPRODUCED",
            f"entry {logged.index} is snapshot {logged.body.number}, but from the same entries this program makes "
            "other files. Run the version that made it, or find out who changed the publisher",
        )
    return PendingSnapshot(rendering, logged.entry, logged.body.time, logged.index)
