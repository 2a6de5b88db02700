"""A server is copied while it serves, and put back beside its guard: the same log, or a clear refusal."""

import json
import shutil
import threading
from pathlib import Path

import httpx
import pytest

from central_server.directory import ElectionDirectory
from tests.system.conftest import Verify
from tests.system.operated_server import election_id_of, read_status, send_tally, well
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, read_latest, run_command


@pytest.fixture
def directory(tmp_path: Path) -> ElectionDirectory:
    directory = init_small(tmp_path)
    roster_small(directory)
    return directory


def back_up(directory: ElectionDirectory, target: Path) -> dict[str, int]:
    status, said, errors = run_command("backup", "--dir", str(directory.root), "--to", str(target))
    assert status == 0, errors
    found: dict[str, int] = json.loads(said)
    return found


def restore(source: Path, directory: ElectionDirectory) -> str:
    """The code of the refusal; nothing for success."""
    status, _, errors = run_command("restore", "--from", str(source), "--dir", str(directory.root))
    assert "Traceback" not in errors
    return "" if status == 0 else errors.split(":")[0]


def lend_guard(directory: ElectionDirectory, to: ElectionDirectory) -> None:
    """As the guard's own disk is mounted at another machine."""
    shutil.copytree(directory.guard.parent, to.guard.parent)


def test_a_night_is_copied_while_it_goes_on(directory: ElectionDirectory, tmp_path: Path) -> None:
    """Every copy is whole and of one moment; with a guard that has gone on, it is refused, and nothing is written."""
    stop = threading.Event()
    with ServerProcess(directory) as server:
        told = election_id_of(directory)

        def send() -> None:
            with open_device(directory, server.url, 0) as client:
                for seq in range(1, 100_000):
                    if stop.is_set():
                        return
                    try:
                        post_records(client, [small_tally(told, 0, seq=seq)])
                    except httpx.HTTPStatusError as error:
                        assert error.response.json()["code"] == "TOO_MANY_REPEATS"

        sender = threading.Thread(target=send)
        sender.start()
        try:
            sizes = [back_up(directory, tmp_path / f"copy{number}")["size"] for number in range(3)]
        finally:
            stop.set()
            sender.join(60)
        assert sizes == sorted(sizes)
        last = send_tally(directory, server, 1)
        server.kill()
    assert sizes[0] <= last
    again = ElectionDirectory(tmp_path / "again")
    lend_guard(directory, again)
    assert restore(tmp_path / "copy2", again) == "RESTORE_BEHIND_GUARD"
    assert [path for path in again.root.rglob("*") if path.is_file()] == [again.guard]


def test_a_copy_with_nothing_signed_after_it_goes_on_as_the_same_log(
    directory: ElectionDirectory, tmp_path: Path, verify: Verify
) -> None:
    with ServerProcess(directory) as server:
        receipts = {}
        for place in (0, 1):
            record = small_tally(election_id_of(directory), place)
            with open_device(directory, server.url, place) as client:
                receipts[place] = post_records(client, [record])
        wait_until(lambda: well(server), "all is published and anchored")
        back_up(directory, tmp_path / "copy")
        server.kill()
    assert restore_fails_when_damaged(tmp_path / "copy", tmp_path / "damaged") == {
        "policy": "BACKUP_DAMAGED",
        "server/log.sqlite": "BACKUP_DAMAGED",
        "manifest.json": "BACKUP_UNFINISHED",
    }
    again = ElectionDirectory(tmp_path / "again")
    lend_guard(directory, again)
    assert restore(tmp_path / "copy", again) == ""
    assert restore(tmp_path / "copy", again) == "RESTORE_OVER"
    assert not list((tmp_path / "copy").rglob("guard")) and not list((tmp_path / "copy").rglob("election.key"))
    private = [again.key(name) for name in ("log", "anchor", "publisher", "submitter")]
    assert all(path.stat().st_mode & 0o77 == 0 for path in (*private, again.server, tmp_path / "copy"))
    assert read_status(again)[0] == 0
    before = read_latest(directory)
    with ServerProcess(again) as back:
        for place, receipt in receipts.items():
            record = small_tally(election_id_of(directory), place)
            with open_device(directory, back.url, place) as client:
                assert post_records(client, [record]) == receipt
        wait_until(lambda: well(back), "all is published and anchored anew")
        assert back.stop() == 0, back.errors.read_text()
    assert read_latest(again)["contests"] == before["contests"]
    assert verify(again.publication, again.policy)[0] == 0


def restore_fails_when_damaged(copy: Path, damaged: Path) -> dict[str, str]:
    """What a restore says when one byte of a file is another, or the manifest is missing; each file in its turn."""
    found = {}
    for name in ("policy", "server/log.sqlite", "manifest.json"):
        shutil.copytree(copy, damaged)
        if name == "manifest.json":
            (damaged / name).unlink()
        else:
            data = bytearray((damaged / name).read_bytes())
            data[-1] ^= 1
            (damaged / name).write_bytes(data)
        found[name] = restore(damaged, ElectionDirectory(damaged.parent / "nowhere"))
        shutil.rmtree(damaged)
    return found


def test_a_backup_is_never_overwritten(directory: ElectionDirectory, tmp_path: Path) -> None:
    back_up(directory, tmp_path / "copy")
    status, _, errors = run_command("backup", "--dir", str(directory.root), "--to", str(tmp_path / "copy"))
    assert (status, errors.split(":")[0]) == (1, "BACKUP_EXISTS")


def test_without_its_guard_a_log_does_not_run_until_one_is_made(directory: ElectionDirectory, tmp_path: Path) -> None:
    """At a head that holds all checkpoints that are known; an old copy is found out by any of them."""
    back_up(directory, tmp_path / "early")
    with ServerProcess(directory) as server:
        send_tally(directory, server)
        assert server.stop() == 0
    back_up(directory, tmp_path / "late")
    early, late = ElectionDirectory(tmp_path / "e"), ElectionDirectory(tmp_path / "l")
    checkpoint = str(directory.publication / "checkpoint")
    for copy, to, code in (("early", early, "LOG_BEHIND_CHECKPOINT"), ("late", late, "")):
        assert restore(tmp_path / copy, to) == ""
        status, _, errors = run_command("run", "--dir", str(to.root))
        assert (status, errors.split(":")[0]) == (1, "GUARD_MISSING")
        status, _, errors = run_command("guard", "--dir", str(to.root), "--checkpoint", checkpoint)
        assert (status, errors.split(":")[0] if errors else "") == (1 if code else 0, code)
        assert to.guard.exists() == (not code)
    status, _, errors = run_command("guard", "--dir", str(late.root), "--checkpoint", checkpoint)
    assert (status, errors.split(":")[0]) == (1, "GUARD_EXISTS")
    with ServerProcess(late) as back:
        assert back.stop() == 0
