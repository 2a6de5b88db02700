"""A log with the small election, and a publisher that follows it into a folder, with a clock that tests set."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from central_server.follower import Publisher, PublishTiles, SnapshotLog
from central_server.publication import Write
from ledger.log import Log, initialise_guard
from ledger.note import Ed25519NoteSigner
from ledger.record import Body, sign_record
from ledger.signing import Ed25519Signer
from ledger.store.durable import write_file
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from ledger.store.tile_files import publish
from tests.unit.ledger.election_factory import ELECTION_KEY, PUBLISHER_KEY, Night, small_election, small_night

ORIGIN = "cec.example/5f0c/1"
NOON = 1_800_000_000.0


@dataclass
class Clock:
    now: float = NOON

    def __call__(self) -> float:
        return self.now


@dataclass
class Hall:
    """One election's log, folder and clock, as they outlast the publishers that work on them."""

    store: SqliteStore
    log: Log
    directory: Path
    clock: Clock = field(default_factory=Clock)
    night: Night = field(default_factory=small_night)

    def publisher(
        self,
        *,
        log: SnapshotLog | None = None,
        write: Write = write_file,
        publish_tiles: PublishTiles = publish,
        signer: Ed25519Signer = PUBLISHER_KEY,
    ) -> Publisher:
        return Publisher(
            log or self.log,
            self.store,
            self.directory,
            signer,
            self.clock,
            5.0,
            write=write,
            publish_tiles=publish_tiles,
        )

    def define(self, parts_left_out: int = 0) -> None:
        election, parts = small_election()
        entries = [sign_record(body, [ELECTION_KEY]) for body in (election, *parts)]
        self.log.append(entries[: len(entries) - parts_left_out])

    def say(self, body: Body, signer: Ed25519Signer) -> None:
        self.log.append([sign_record(body, [signer])])

    def files(self, folder: str = "") -> dict[str, bytes]:
        """Every file below a part of the public folder, but for strays of interrupted writes, which nothing reads."""
        return {
            str(path.relative_to(self.directory)): path.read_bytes()
            for path in sorted((self.directory / folder).rglob("*"))
            if path.is_file() and not path.name.startswith(".tmp-")
        }


def settle(publisher: Publisher) -> None:
    """Step until nothing is left to do."""
    for _ in range(50):
        if publisher.step().settled:
            return
    raise AssertionError("the publisher does not come to an end")


@contextmanager
def open_hall(folder: Path) -> Iterator[Hall]:
    with SqliteStore.create(folder / "log.sqlite", ORIGIN) as store:
        guard = FileGuard(folder / "guard" / "head", ORIGIN)
        initialise_guard(store, guard)
        log = Log(store, guard, Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes(range(32)))))
        yield Hall(store, log, folder / "publication")
