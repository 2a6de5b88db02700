"""A server that publishes while it is audited, at its worst moments: no false alarm, and no missed failure."""

from collections.abc import Callable

import pytest

from ledger.note import Ed25519NoteSigner
from ledger.observer.anchors import INDEX
from ledger.observer.audit import audit
from ledger.observer.findings import Verdict
from ledger.policy import Policy, PolicyLog
from ledger.results import COVERAGE, FLAGS, LATEST, PRECINCTS
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally
from tests.unit.ledger.observer.publication_factory import LOG_KEY, Author, MemorySource, codes

STATE = (PRECINCTS, COVERAGE, FLAGS, LATEST)


class LiveSource(MemorySource):
    """Runs a step of the server right before the n-th read of a path."""

    def __init__(self, author: Author) -> None:
        super().__init__(author.files)
        self._steps: dict[tuple[str, int], Callable[[], object]] = {}

    def before(self, path: str, read: int, step: Callable[[], object]) -> None:
        self._steps[path, read] = step

    def read(self, path: str, limit: int) -> bytes:
        step = self._steps.pop((path, self.reads.count(path) + 1), None)
        if step is not None:
            step()
        return super().read(path, limit)


def start() -> Author:
    author = Author()
    author.say(tally(author.night), DEVICE_KEYS[0])
    author.snapshot()
    author.publish()
    return author


def run(author: Author, source: LiveSource, pauses: int = 4) -> tuple[Verdict, list[float]]:
    waited: list[float] = []
    verdict = audit(source, author.policy(), waited.append, [0.5] * pauses)
    return verdict, waited


def next_snapshot(author: Author) -> int:
    author.say(tally(author.night, 1, "201"), DEVICE_KEYS[1])
    return author.snapshot()


@pytest.mark.parametrize("path", STATE)
def test_a_newer_file_than_the_checkpoint_that_was_read(path: str) -> None:
    """The server publishes a whole snapshot between the checkpoint and one of the files."""
    author = start()
    source = LiveSource(author)
    source.before(path, 1, lambda: (next_snapshot(author), author.publish()))
    verdict, waited = run(author, source)
    assert verdict.ok is True, list(verdict.failures)
    assert verdict.tree_size == author.size and verdict.snapshots == 2
    assert waited == []


@pytest.mark.parametrize("done", range(len(STATE)))
def test_a_checkpoint_whose_files_are_still_being_replaced(done: int) -> None:
    """The first ``done`` files are new already; the rest comes while the observer waits."""
    author = start()
    old = {path: author.files[path] for path in STATE}
    author.say(tally(author.night, seq=2, votes=6), DEVICE_KEYS[0])
    next_snapshot(author)
    author.publish()
    assert all(author.files[path] != old[path] for path in STATE)
    author.files |= {path: old[path] for path in STATE[done:]}
    source = LiveSource(author)
    source.before(STATE[done], 2, author.publish_results)
    verdict, waited = run(author, source)
    assert verdict.ok is True, list(verdict.failures)
    assert waited == [0.5]


def test_the_first_snapshot_whose_files_are_not_there_yet() -> None:
    author = Author()
    author.say(tally(author.night), DEVICE_KEYS[0])
    author.snapshot()
    author.publish_log()
    source = LiveSource(author)
    source.before(PRECINCTS, 3, author.publish_results)
    verdict, waited = run(author, source)
    assert verdict.ok is True and waited == [0.5, 0.5]


def test_the_first_results_newer_than_the_checkpoint_that_was_read() -> None:
    author = Author()
    author.publish_log()
    source = LiveSource(author)
    source.before(LATEST, 1, lambda: (next_snapshot(author), author.publish()))
    verdict, _ = run(author, source)
    assert verdict.ok is True and verdict.snapshots == 1


def test_a_snapshot_of_fewer_entries_than_were_judged_already() -> None:
    """A checkpoint may come out between the entries of a snapshot and the snapshot's own."""
    author = start()
    author.say(tally(author.night, 1, "201"), DEVICE_KEYS[1])
    source = LiveSource(author)

    def publish_between() -> None:
        author.say(tally(author.night, seq=2, votes=6), DEVICE_KEYS[0])
        author.publish_log()

    author.snapshot(between=publish_between)
    source.before(PRECINCTS, 1, author.publish)
    verdict, _ = run(author, source)
    assert verdict.ok is True, list(verdict.failures)
    assert verdict.snapshots == 2 and len(verdict.inadmissible) == 1


def test_files_that_stay_behind_are_a_failure() -> None:
    author = start()
    old = {path: author.files[path] for path in STATE}
    next_snapshot(author)
    author.publish()
    author.files |= {LATEST: old[LATEST]}
    verdict, waited = run(author, LiveSource(author))
    assert codes(verdict) == [("RESULT_STALE", None)] and len(waited) == 4
    [failure] = verdict.failures
    assert failure.facts == {"published": 1, "recomputed": 2}


def test_a_wrong_file_is_a_failure_on_a_live_server_too() -> None:
    author = start()
    author.files[PRECINCTS] = author.files[PRECINCTS].replace(b",5,", b",9,")
    verdict, _ = run(author, LiveSource(author))
    [failure] = verdict.failures
    assert (failure.code, failure.path) == ("RESULT_DIFFERS", PRECINCTS)


def test_results_without_a_snapshot_are_a_failure() -> None:
    author = Author()
    author.publish_log()
    author.files[LATEST] = b"{}"
    verdict, waited = run(author, LiveSource(author))
    assert codes(verdict) == [("RESULT_WITHOUT_SNAPSHOT", None)] and len(waited) == 4


def test_what_is_wrong_in_newer_entries_is_a_failure() -> None:
    author = start()
    source = LiveSource(author)

    def go_wrong() -> None:
        author.log_unseen(b"no record")
        next_snapshot(author)
        author.publish()

    source.before(LATEST, 1, go_wrong)
    verdict, _ = run(author, source)
    assert codes(verdict) == [("NOT_CANONICAL", 13)]


def test_a_second_history_of_the_same_log_is_a_failure() -> None:
    """Two signed checkpoints of one size, with different roots."""
    author = start()
    source = LiveSource(author)

    def fork() -> None:
        author.files["checkpoint"] = author.checkpoint(root=author.root(3))
        author.files[LATEST] = b"{}"

    source.before(LATEST, 1, fork)
    verdict, _ = run(author, source)
    assert codes(verdict) == [("CHECKPOINT_FORK", None)]


def test_a_successor_log_that_takes_over_is_another_audit() -> None:
    author = start()
    key = Ed25519NoteSigner(author.origin[:-1] + "2", LOG_KEY)
    policy = Policy((*author.policy().logs, PolicyLog(key.key)))
    newest = author.files[LATEST]
    source = LiveSource(author)

    def succeed() -> None:
        author.files["checkpoint"] = author.checkpoint(origin=key.key.name, root=author.root(3))
        author.files[LATEST] = b"{}"

    source.before(LATEST, 1, succeed)
    source.before(LATEST, 2, lambda: author.files.update({LATEST: newest}))
    verdict = audit(source, policy, lambda seconds: None, [0.5])
    assert verdict.ok is True and verdict.origin == author.origin


def test_an_anchor_of_a_newer_tree_than_was_judged() -> None:
    author = start()
    source = LiveSource(author)

    def publish_and_anchor() -> None:
        next_snapshot(author)
        author.publish()
        author.claim(author.size)

    source.before(INDEX, 1, publish_and_anchor)
    verdict, _ = run(author, source)
    assert verdict.ok is True and (verdict.anchor_claims, verdict.tree_size) == (1, author.size)


def test_an_older_checkpoint_from_a_cache_is_no_failure() -> None:
    author = start()
    old = author.files["checkpoint"]
    next_snapshot(author)
    author.publish()
    newest = author.files[LATEST]
    source = LiveSource(author)

    def serve_old() -> None:
        author.files["checkpoint"] = old
        author.files[LATEST] = b"{}"

    source.before(LATEST, 1, serve_old)
    source.before(LATEST, 2, lambda: author.files.update({LATEST: newest}))
    verdict, _ = run(author, source)
    assert verdict.ok is True and verdict.tree_size == author.size
