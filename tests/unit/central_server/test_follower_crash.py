"""A crash at any step, before or after it took effect, leaves a folder that is true, and the next start completes it.

The durable steps are every file that is written, every snapshot that is appended, every checkpoint that is published.
Each of them fails twice, in a run of its own: once without having happened, once having happened.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from central_server.follower import Publisher
from central_server.pages.site_check import compare_site
from central_server.publication import Rendering
from ledger.checkpoint import parse_checkpoint
from ledger.errors import ConflictError
from ledger.log import Receipt
from ledger.note import parse_note
from ledger.primitives import sha256
from ledger.record import Snapshot, parse_record
from ledger.results import numbered_path
from ledger.store.contract import Store, TreeHead
from ledger.store.durable import StorageError, write_file
from ledger.store.tile_files import publish
from tests.unit.central_server.publisher_factory import Hall, open_hall, settle
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally


class Power:
    """Counts durable steps, and fails at one of them, before or after it takes effect."""

    def __init__(self, fails_at: int | None = None, *, after: bool = False) -> None:
        self.steps = 0
        self._fails_at = fails_at
        self._after = after

    def spend(self, step: Callable[[], object]) -> object:
        self.steps += 1
        fails = self.steps == self._fails_at
        if fails and not self._after:
            raise StorageError("POWER_LOST", "before the step")
        result = step()
        if fails:
            raise StorageError("POWER_LOST", "after the step")
        return result


class FailingLog:
    def __init__(self, hall: Hall, power: Power) -> None:
        self._hall = hall
        self._power = power

    def append_numbered(self, entry: bytes, number: int) -> Receipt:
        receipt = self._power.spend(lambda: self._hall.log.append_numbered(entry, number))
        assert isinstance(receipt, Receipt)
        return receipt

    def checkpoint(self) -> bytes:
        return self._hall.log.checkpoint()


def failing_publisher(hall: Hall, power: Power) -> Publisher:
    def write(path: Path, data: bytes) -> None:
        power.spend(lambda: write_file(path, data))

    def publish_tiles(store: Store, directory: Path, checkpoint: bytes) -> TreeHead:
        head = power.spend(lambda: publish(store, directory, checkpoint))
        assert isinstance(head, TreeHead)
        return head

    return hall.publisher(log=FailingLog(hall, power), write=write, publish_tiles=publish_tiles)


def verify_folder(hall: Hall) -> None:
    """What is announced is covered by the published checkpoint, and is what the log's last covered snapshot says."""
    files = hall.files()
    if "results/latest.json" not in files:
        return
    size = parse_checkpoint(parse_note(files["checkpoint"]).text).size
    bodies = [parse_record(entry).body for entry in hall.store.entries(0, size)]
    covered = {body.manifest_hash: body.number for body in bodies if isinstance(body, Snapshot)}
    number = covered[sha256(files["results/latest.json"])]
    assert files[numbered_path(number)] == files["results/latest.json"]


def run_night(hall: Hall, power: Power, *, restarts: bool) -> dict[str, bytes]:
    """Three snapshots' worth of records; whenever the power is lost, the same moment is lived through once more."""
    conflicting = tally(hall.night, votes=9, seq=2)
    publisher = failing_publisher(hall, power)
    for body in (None, tally(hall.night), conflicting):
        if body is None:
            hall.define()
        else:
            hall.say(body, DEVICE_KEYS[0])
        hall.clock.now += 5
        try:
            settle(publisher)
        except StorageError:
            verify_folder(hall)
            if restarts:
                publisher = failing_publisher(hall, power)
            settle(publisher)
        verify_folder(hall)
    return hall.files()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, bytes]]:
    power = Power()
    with open_hall(tmp_path_factory.mktemp("undisturbed")) as hall:
        files = run_night(hall, power, restarts=False)
    return power.steps, files


def test_the_night_has_the_steps_that_can_fail(undisturbed: tuple[int, dict[str, bytes]]) -> None:
    """A numbered file, an entry, a checkpoint, and then the state files that changed and latest.json."""
    steps, files = undisturbed
    assert steps == (3 + 7 + 1) + (3 + 2 + 1) + (3 + 2 + 1)
    assert sorted(name for name in files if name.startswith("results/0")) == [numbered_path(n) for n in (1, 2, 3)]


@pytest.mark.parametrize("restarts", [True, False], ids=["restarted", "tried again"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_every_crash_ends_in_the_same_files(
    tmp_path: Path, undisturbed: tuple[int, dict[str, bytes]], after: bool, restarts: bool
) -> None:
    steps, expected = undisturbed
    for at in range(1, steps + 1):
        with open_hall(tmp_path / str(at)) as hall:
            files = run_night(hall, Power(at, after=after), restarts=restarts)
            assert files == expected, f"a failure at step {at}"


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as hall:
        yield hall


def test_a_wiped_folder_comes_back_whole(hall: Hall, undisturbed: tuple[int, dict[str, bytes]]) -> None:
    """All numbered files, not the last alone; and every page, of the newest snapshot.

    Partial tiles of earlier checkpoints are not remembered, nor which snapshot changed a page, nor under which
    checkpoint a proof was made.
    """
    run_night(hall, Power(), restarts=False)
    for path in sorted(hall.directory.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    publisher = hall.publisher()
    settle(publisher)
    _, expected = undisturbed
    files = hall.files()
    lasting = [name for name in expected if ".p/" not in name and not name.endswith((".html", ".tlog-proof"))]
    assert {name: files[name] for name in lasting} == {name: expected[name] for name in lasting}
    assert {name for name in files if ".p/" not in name} == {name for name in expected if ".p/" not in name}
    assert compare_site(hall.directory).different == ()


def test_a_start_with_nothing_to_do_writes_nothing(hall: Hall) -> None:
    run_night(hall, Power(), restarts=False)
    power = Power()
    publisher = failing_publisher(hall, power)
    settle(publisher)
    assert power.steps == 0


def test_what_was_rendered_before_a_crash_gives_way_to_what_the_log_got(hall: Hall) -> None:
    """The numbered file was there, its entry was not, and another tally came in before the restart."""
    hall.define()
    with pytest.raises(StorageError):
        failing_publisher(hall, Power(1, after=True)).step()
    stray = hall.files("results")[numbered_path(1)]
    hall.say(tally(hall.night), DEVICE_KEYS[0])
    hall.publisher().step()
    files = hall.files("results")
    assert files[numbered_path(1)] == files["results/latest.json"] != stray


def test_another_publishers_snapshot_is_taken_over(hall: Hall, tmp_path: Path) -> None:
    """It is reported, and the file with the number in question is as the log's snapshot says."""
    hall.define()
    first = hall.publisher()
    first.step()
    hall.say(tally(hall.night), DEVICE_KEYS[0])
    hall.clock.now += 5
    foreign: list[Rendering] = []

    class Overtaken(FailingLog):
        def append_numbered(self, entry: bytes, number: int) -> Receipt:
            if not foreign:
                foreign.append(Rendering(number, 0, hall.store.head().root, b"", {}))
                # The same files, by another publisher with another clock; then one more snapshot.
                hall.clock.now += 1
                other = hall.publisher()
                other.step()
                hall.say(tally(hall.night, votes=9, seq=2), DEVICE_KEYS[0])
                other.step()
                hall.clock.now += 5
                settle(other)
                write_file(hall.directory / numbered_path(2), b"what the slower one had rendered")
            return super().append_numbered(entry, number)

    slower = hall.publisher(log=Overtaken(hall, Power()))
    with pytest.raises(ConflictError) as caught:
        settle(slower)
    assert caught.value.code == "NUMBER_NOT_NEXT"
    hall.clock.now += 1
    settle(slower)
    files = hall.files("results")
    bodies = [parse_record(entry).body for entry in hall.store.entries(0, 1000)]
    hashes = [body.manifest_hash for body in bodies if isinstance(body, Snapshot)]
    assert [sha256(files[numbered_path(number)]) for number in (1, 2, 3)] == hashes
