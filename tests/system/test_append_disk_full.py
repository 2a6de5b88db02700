"""No room on the disk: a coded refusal, and everything acknowledged before is still there."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.append_harness import (
    REPOSITORY,
    parse_acknowledged,
    read_lines,
    start_worker,
    verify_acknowledged,
)
from tests.unit.ledger.store.log_factory import make_log, open_log

WRITE_BEYOND_LIMIT = """
import resource, sys
from pathlib import Path
from ledger.store.durable import StorageError, write_file
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_file(Path(sys.argv[1]), bytes(20_000))
except StorageError as error:
    print(error.code)
"""


def test_a_file_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    """The system's own limit on a file's size: the first half is written before the refusal."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    run = subprocess.run(
        [sys.executable, "-c", WRITE_BEYOND_LIMIT, path], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert run.stdout == "DISK_FULL\n"
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("publish", [[], ["--publish"]])
def test_an_append_that_does_not_fit_loses_nothing(tmp_path: Path, publish: list[str]) -> None:
    make_log(tmp_path).store.close()
    with start_worker(tmp_path, "full", "--file-limit", "100000", *publish) as worker:
        *lines, last = read_lines(worker)
        assert worker.wait() == 0
    assert last.split()[0] == "refused"
    opened = open_log(tmp_path)
    acknowledged = parse_acknowledged(lines)
    assert acknowledged
    verify_acknowledged(opened, acknowledged)
    # With room again, the log goes on.
    assert opened.log.append([b"later"])[0].index == opened.store.head().size - 1
    opened.store.close()
