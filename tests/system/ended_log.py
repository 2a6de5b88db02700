"""A log that ends, and its successor, as an operator makes it: the commands, and a server for a while."""

import contextlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import msgspec

from central_server.cli import main
from central_server.directory import ElectionDirectory
from ledger.policy import Policy, log_only_policy, parse_policy
from tests.system.operated_server import election_id_of, well
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, run_command


def begin(root: Path) -> ElectionDirectory:
    """The log that will end."""
    root.mkdir()
    directory = init_small(root)
    roster_small(directory)
    return directory


def make_mirror(old: ElectionDirectory, folder: Path) -> Path:
    """A copy of the publication of a log that went on since, and whose database was put back as old as the copy.

    ``d1.tlog-proof`` beside it is a receipt that a device was given meanwhile.
    """
    serve_a_tally(old, 0)
    mirror, backup = folder / "mirror", folder / "log.sqlite"
    shutil.copytree(old.publication, mirror)
    shutil.copy(old.log, backup)
    (folder / "d1.tlog-proof").write_bytes(serve_a_tally(old, 1))
    forget(old, backup)
    return mirror


def command(*arguments: object) -> tuple[str, dict[str, Any]]:
    """The code of the refusal, or nothing and what it says. In this process, which has the libraries loaded."""
    words = list(map(str, arguments))
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as errors:
        status = main(words)
    return ("", json.loads(said.getvalue())) if status == 0 else (errors.getvalue().split(":")[0], {})


def run_refused(directory: ElectionDirectory) -> str:
    """The code with which a server does not start."""
    status, _, errors = run_command("run", "--dir", str(directory.root))
    assert status == 1
    return errors.partition(":")[0]


def prepare(new: ElectionDirectory, old: ElectionDirectory, source: Path, *more: object) -> tuple[str, dict[str, Any]]:
    wanted = "--reason", "lost", "--document", "9/1"
    return command("successor", "prepare", "--dir", new.root, "--of", old.root, "--from", source, *wanted, *more)


def finish(new: ElectionDirectory) -> tuple[str, dict[str, Any]]:
    return command("successor", "finish", "--dir", new.root)


def sign(new: ElectionDirectory, key: Path) -> str:
    return command("decide", "sign", new.root / "succession.json", "--key", key)[0]


def succeed(new: ElectionDirectory, old: ElectionDirectory, source: Path, *more: object) -> dict[str, Any]:
    """All of it, signed by the election key; what ``prepare`` says."""
    code, said = prepare(new, old, source, *more)
    assert (code, sign(new, old.election_key), finish(new)[0]) == ("", "", "")
    return said


def serve_a_tally(directory: ElectionDirectory, place: int) -> bytes:
    """Until all is anchored; the receipt."""
    with ServerProcess(directory) as server:
        with open_device(directory, server.url, place) as client:
            [[word, _, receipt]] = post_records(client, [small_tally(election_id_of(directory), place)])
        assert word == "receipt"
        wait_until(lambda: well(server), "the tally is anchored")
        assert server.stop() == 0
    return bytes(msgspec.convert(receipt, bytes, strict=False))


def policy_of(directory: ElectionDirectory, place: int) -> Policy:
    """Of one of the logs in the directory's policy."""
    return log_only_policy(parse_policy(directory.policy.read_bytes()).logs[place].key)


def forget(directory: ElectionDirectory, backup: Path) -> None:
    """Put the database back as it was."""
    for suffix in ("", "-wal", "-shm"):
        directory.log.with_name(directory.log.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, directory.log)
