"""Several server processes on one log: one history, whoever signs."""

from contextlib import ExitStack
from pathlib import Path

from tests.system.append_harness import parse_acknowledged, read_lines, start_worker, verify_acknowledged
from tests.unit.ledger.store.log_factory import head_of, make_log, open_log

BATCHES = 25
NAMES = ["one", "two", "three"]


def test_processes_share_one_tree(tmp_path: Path) -> None:
    """One more is killed in the middle of its work, and must not hold up or spoil the others."""
    make_log(tmp_path).store.close()
    with ExitStack() as stack:
        workers = [stack.enter_context(start_worker(tmp_path, name, "--batches", str(BATCHES))) for name in NAMES]
        killed = stack.enter_context(start_worker(tmp_path, "killed"))
        lines = [*read_lines(killed, 20)]
        killed.kill()
        lines += read_lines(killed)
        told = [parse_acknowledged(read_lines(worker)) for worker in workers]
        assert [worker.wait() for worker in workers] == [0, 0, 0]
    acknowledged = [one for each in told for one in each] + parse_acknowledged(lines)
    opened = open_log(tmp_path)
    history = verify_acknowledged(opened, acknowledged)
    assert all(len(each) == BATCHES * 8 for each in told)
    # What several brought got one index and one receipt.
    assert len({(one.index, one.proof) for one in acknowledged}) == len({one.entry for one in acknowledged})
    opened.log.checkpoint()
    assert opened.guard.read() == opened.store.head() == head_of(history)
    opened.store.close()
