"""When snapshots are taken, what they say, and what the folder holds after them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from central_server import follower
from ledger.checkpoint import parse_checkpoint
from ledger.errors import ConflictError, SignatureError
from ledger.fold import Fold
from ledger.log import Receipt
from ledger.note import parse_note
from ledger.primitives import sha256
from ledger.record import Snapshot, parse_record, sign_record, trust_record
from ledger.results import StateFiles, render_numbered
from ledger.store.contract import EMPTY_HEAD
from tests.unit.central_server.publisher_factory import NOON, Hall, open_hall
from tests.unit.ledger.election_factory import DEVICE_KEYS, PUBLISHER_KEY, tally


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as hall:
        yield hall


def snapshots(hall: Hall) -> list[tuple[int, Snapshot]]:
    bodies = [parse_record(entry).body for entry in hall.store.entries(0, 1000)]
    return [(index, body) for index, body in enumerate(bodies) if isinstance(body, Snapshot)]


def latest(hall: Hall) -> dict[str, object]:
    document: dict[str, object] = json.loads((hall.directory / "results/latest.json").read_bytes())
    return document


def published_size(hall: Hall) -> int:
    return parse_checkpoint(parse_note((hall.directory / "checkpoint").read_bytes()).text).size


def test_an_election_that_is_not_complete_has_a_checkpoint_and_no_results(hall: Hall) -> None:
    hall.define(parts_left_out=1)
    progress = hall.publisher().step()
    assert progress.settled
    assert published_size(hall) == hall.store.head().size
    assert snapshots(hall) == []
    assert hall.files("results") == {}


def test_an_empty_log_publishes_nothing(hall: Hall) -> None:
    progress = hall.publisher().step()
    assert (progress.settled, progress.published, hall.files()) == (True, EMPTY_HEAD, {})


def test_a_complete_election_gets_a_snapshot_of_zeros_at_once(hall: Hall) -> None:
    hall.define()
    progress = hall.publisher().step()
    assert progress.settled
    assert (progress.snapshot, latest(hall)["number"]) == (1, 1)


def test_a_snapshot_says_what_it_was_folded_from(hall: Hall) -> None:
    """The entry names the tree, and the file's hash; the file is what the fold of that tree gives."""
    hall.define()
    hall.say(tally(hall.night), DEVICE_KEYS[0])
    head = hall.store.head()
    hall.publisher().step()
    [(index, body)] = snapshots(hall)
    assert (index, body.number, body.tree_size, body.root_hash) == (head.size, 1, head.size, head.root)
    assert (body.time, body.fold_version) == (int(NOON), 1)
    fold = Fold()
    for place, entry in enumerate(hall.store.entries(0, head.size)):
        fold.apply(place, trust_record(parse_record(entry)))
    state_files = StateFiles(fold).render()
    numbered = render_numbered(fold, head.root, state_files)
    assert body.manifest_hash == sha256(numbered)
    files = hall.files("results")
    assert files == {
        **state_files,
        "results/000001.json": numbered,
        "results/latest.json": numbered,
    }


def test_the_published_checkpoint_covers_the_snapshot(hall: Hall) -> None:
    hall.define()
    hall.publisher().step()
    [(index, _)] = snapshots(hall)
    assert published_size(hall) == index + 1


def test_without_news_no_snapshot_follows(hall: Hall) -> None:
    """A snapshot's own entry is no news, neither to the publisher that made it nor to the next."""
    hall.define()
    publisher = hall.publisher()
    for again in (publisher, publisher, hall.publisher(), hall.publisher()):
        hall.clock.now += 60
        again.step()
        again.step()
    assert len(snapshots(hall)) == 1


def test_a_snapshot_waits_for_its_time(hall: Hall) -> None:
    hall.define()
    publisher = hall.publisher()
    publisher.step()
    hall.say(tally(hall.night), DEVICE_KEYS[0])
    hall.clock.now += 4.9
    waiting = publisher.step()
    assert (waiting.settled, waiting.behind, len(snapshots(hall))) == (False, False, 1)
    # The tally itself is published, for whoever has a receipt to look it up.
    assert published_size(hall) == hall.store.head().size
    hall.clock.now += 0.2
    publisher.step()
    assert [body.number for _, body in snapshots(hall)] == [1, 2]


def test_the_interval_outlasts_a_restart(hall: Hall) -> None:
    hall.define()
    hall.publisher().step()
    hall.say(tally(hall.night), DEVICE_KEYS[0])
    hall.clock.now += 3
    publisher = hall.publisher()
    publisher.step()
    publisher.step()
    assert len(snapshots(hall)) == 1
    hall.clock.now += 2
    publisher.step()
    assert len(snapshots(hall)) == 2


def test_closing_waits_for_nothing(hall: Hall) -> None:
    hall.define()
    publisher = hall.publisher()
    publisher.step()
    hall.say(tally(hall.night), DEVICE_KEYS[0])
    assert publisher.step(closing=True).settled
    assert latest(hall)["number"] == 2
    assert published_size(hall) == hall.store.head().size


def test_a_clock_that_was_set_back_stops_nothing(hall: Hall) -> None:
    hall.define()
    publisher = hall.publisher()
    publisher.step()
    hall.say(tally(hall.night), DEVICE_KEYS[0])
    hall.clock.now -= 3600
    assert publisher.step().settled
    assert latest(hall)["number"] == 2


def test_an_entry_between_the_fold_and_the_snapshot_is_news(hall: Hall) -> None:
    """It lies before the snapshot's entry and is not in its numbers: the next snapshot has it."""
    hall.define()
    late = sign_record(tally(hall.night), [DEVICE_KEYS[0]])

    class Overtaken:
        def append_numbered(self, entry: bytes, number: int) -> Receipt:
            hall.log.append([late])
            return hall.log.append_numbered(entry, number)

        def checkpoint(self) -> bytes:
            return hall.log.checkpoint()

    hall.publisher(log=Overtaken()).step()
    [(index, body)] = snapshots(hall)
    assert index == body.tree_size + 1
    hall.clock.now += 5
    publisher = hall.publisher()
    publisher.step()
    publisher.step()
    assert latest(hall)["tree_size"] == index + 1
    assert [body.number for _, body in snapshots(hall)] == [1, 2]


def test_latest_waits_for_a_checkpoint_that_covers_it(hall: Hall) -> None:
    """Checkpoints come once a second at most, and what they do not cover is not announced."""
    hall.define(parts_left_out=1)
    publisher = hall.publisher()
    publisher.step()
    hall.define()
    hall.clock.now += 0.5
    assert not publisher.step().settled
    assert len(snapshots(hall)) == 1
    assert list(hall.files("results")) == ["results/000001.json"]
    hall.clock.now += 0.6
    publisher.step()
    assert latest(hall)["number"] == 1


def test_a_long_log_is_folded_in_bounded_steps(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "MAX_FOLDED_A_STEP", 4)
    hall.define()
    publisher = hall.publisher()
    progress = [publisher.step(closing=True) for _ in range(3)]
    assert [(step.folded, step.behind, step.settled) for step in progress] == [
        (4, True, False),
        (8, True, False),
        (11, False, True),
    ]
    assert latest(hall)["number"] == 1


def test_a_publisher_that_the_election_does_not_name_appends_nothing(hall: Hall) -> None:
    hall.define()
    with pytest.raises(SignatureError):
        hall.publisher(signer=DEVICE_KEYS[0]).step()
    assert snapshots(hall) == []


def test_a_snapshot_that_comes_out_otherwise_stops_the_publisher(hall: Hall) -> None:
    hall.define()
    head = hall.store.head()
    body = Snapshot(hall.night.election_id, 1, head.size, head.root, int(NOON), 1, bytes(32))
    hall.log.append_numbered(sign_record(body, [PUBLISHER_KEY]), 1)
    for _ in range(2):
        with pytest.raises(ConflictError) as caught:
            hall.publisher().step()
        assert caught.value.code == "SNAPSHOT_NOT_REPRODUCED"
    assert hall.files("results") == {}
