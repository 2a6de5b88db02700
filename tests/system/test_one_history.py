"""Whoever signs, and however it ends: all heads that were ever signed are of one history.

Every text is noted at the moment at which it is signed, also where the process was killed before it could answer.
"""

import itertools
import random
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.append_harness import (
    Acknowledged,
    let_go,
    parse_acknowledged,
    read_lines,
    start_worker,
    verify_acknowledged,
    verify_signed,
)
from tests.unit.ledger.store.log_factory import make_log, open_log

ROUNDS = 4


def test_processes_on_one_log_are_killed_and_started_again(tmp_path: Path) -> None:
    """Three at once, of which two are killed in each round while the others go on."""
    make_log(tmp_path).store.close()
    chance = random.Random(5)
    acknowledged: list[Acknowledged] = []
    for round_ in range(ROUNDS):
        with ExitStack() as stack:
            workers = [stack.enter_context(start_worker(tmp_path, f"{round_} {place}")) for place in range(3)]
            for worker in workers:
                lines = [*read_lines(worker, chance.randint(8, 80))]
                worker.kill()
                acknowledged += parse_acknowledged([*lines, *read_lines(worker)])
    opened = open_log(tmp_path)
    history = verify_acknowledged(opened, acknowledged)
    assert len(verify_signed(history, tmp_path)) > ROUNDS
    opened.store.close()


def make_two_machines(root: Path) -> tuple[Path, Path]:
    """The data of one machine copied to another, and the guard's volume mounted at both."""
    first, second = root / "first", root / "second"
    opened = make_log(first)
    opened.log.append([b"before"])
    opened.store.close()
    shutil.copytree(first / "data", second / "data")
    (second / "guard").symlink_to(first / "guard")
    return first, second


@pytest.fixture
def two_machines(tmp_path: Path) -> tuple[Path, Path]:
    return make_two_machines(tmp_path)


def verify_stopped(machine: Path, said: str) -> None:
    """It ended with a refusal, and started again it signs nothing and takes nothing, however often."""
    for word in [said, *(run(machine, "again") for _ in range(2))]:
        assert word in ("refused LOG_BEHIND_GUARD", "refused LOG_NOT_OF_GUARD")


def run(machine: Path, name: str, *options: str) -> str:
    """A worker to its end; its last words."""
    with start_worker(machine, name, "--batches", "2", *options) as worker:
        return [*read_lines(worker)][-1].strip()


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_of_two_machines_with_one_guard_one_goes_on(two_machines: tuple[Path, Path], seed: int) -> None:
    """Both run at once on copies of one log. What the other had taken in was never receipted: its sender has it."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        workers = {path: stack.enter_context(start_worker(path, path.name, "--wait")) for path in two_machines}
        for worker in workers.values():
            assert [*read_lines(worker, 1)] == ["opened\n"]
        for worker in workers.values():
            let_go(worker)
        told = {path: [*read_lines(worker, 1)] for path, worker in workers.items()}
        [loser] = [path for path, [line] in told.items() if line.startswith("refused")]
        [winner] = set(workers) - {loser}
        assert workers[loser].wait() == 0
        told[winner] += read_lines(workers[winner], chance.randint(1, 60))
        workers[winner].kill()
        told[winner] += read_lines(workers[winner])
    verify_stopped(loser, told[loser][0].strip())
    assert not run(winner, "later").startswith("refused")
    opened = open_log(winner)
    history = verify_acknowledged(opened, parse_acknowledged(told[winner]))
    opened.store.close()
    assert verify_signed(history, *two_machines)


@pytest.mark.slow
def test_one_machine_dies_at_each_step_and_the_other_goes_on_or_stops(tmp_path: Path) -> None:
    """It goes on as long as the first has not advanced the guard, and then the first is the one that is stopped."""
    stopped = []
    for step in itertools.count(1):
        first, second = make_two_machines(tmp_path / str(step))
        with start_worker(first, "first", "--batches", "1", "--die-at", str(step)) as dying:
            told = parse_acknowledged(read_lines(dying))
            has_died = dying.wait() != 0
        assert has_died == (told == [])
        said = run(second, "second")
        winner, loser = (first, second) if said.startswith("refused") else (second, first)
        stopped.append(loser.name)
        verify_stopped(loser, said if loser == second else run(first, "first"))
        assert not run(winner, "later").startswith("refused")
        opened = open_log(winner)
        assert verify_signed(verify_acknowledged(opened, told), first, second)
        opened.store.close()
        if not has_died:
            break
    # Up to the guard's write the second machine may go on, from there on the first.
    assert stopped == sorted(stopped) and set(stopped) == {"first", "second"}
