"""A lost database is made again from the publication, if nothing later was signed, and the log goes on as it was."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from central_server.directory import ElectionDirectory
from ledger.policy import parse_policy
from ledger.proof import verify_tlog_proof
from tests.system.conftest import Verify
from tests.system.operated_server import election_id_of, send_tally, well
from tests.system.test_witnessed_server import ask_for
from tests.system.urn_agent_process import wait_until
from tests.system.witness_process import make_keys, running_witness
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, run_command


@pytest.fixture
def directory(tmp_path: Path) -> ElectionDirectory:
    directory = init_small(tmp_path)
    roster_small(directory)
    return directory


def rebuild(directory: ElectionDirectory, *more: object, source: Path | None = None) -> tuple[str, dict[str, object]]:
    """The code of the refusal, or nothing and what it says."""
    arguments = "rebuild", "--dir", directory.root, "--from", source or directory.publication, *more
    status, said, errors = run_command(*map(str, arguments))
    assert "Traceback" not in errors
    return ("", json.loads(said)) if status == 0 else (errors.split(":")[0], {})


def lose_database(directory: ElectionDirectory) -> None:
    for suffix in ("", "-wal", "-shm"):
        directory.log.with_name(directory.log.name + suffix).unlink(missing_ok=True)


def receipt_of(directory: ElectionDirectory, server: ServerProcess, record: bytes, place: int = 0) -> bytes:
    with open_device(directory, server.url, place) as client:
        [[word, _, receipt]] = post_records(client, [record])
    assert word == "receipt"
    data: bytes = msgspec.convert(receipt, bytes, strict=False)
    return data


def serve_a_while(directory: ElectionDirectory, record: bytes) -> bytes:
    """A night's server until all is anchored; the record's receipt."""
    with ServerProcess(directory) as server:
        receipt = receipt_of(directory, server, record)
        wait_until(lambda: well(server), "all is published and anchored")
        assert server.stop() == 0
    return receipt


def test_the_log_goes_on_as_it_was(directory: ElectionDirectory, verify: Verify) -> None:
    record = small_tally(election_id_of(directory), 0)
    receipt = serve_a_while(directory, record)
    assert rebuild(directory)[0] == "REBUILD_OVER"
    before = (directory.publication / "checkpoint").read_bytes()
    lose_database(directory)
    code, said = rebuild(directory)
    assert (code, said["guard"], said["chain"]) == ("", True, "agrees")
    policy = parse_policy(directory.policy.read_bytes())
    with ServerProcess(directory) as server:
        # Asked again, the receipt is of another head, and as good.
        again = receipt_of(directory, server, record)
        for one in (receipt, again):
            verify_tlog_proof(one, record, policy.logs[0].key)
        index = send_tally(directory, server, 1)
        wait_until(lambda: well(server), "all is published and anchored")
        assert server.stop() == 0
        assert index >= int(before.splitlines()[1])
    status, report = verify(directory.publication, directory.policy)
    assert (status, report["ok"]) == (0, True), report


def test_what_a_device_was_promised_keeps_an_older_publication_from_going_on(
    directory: ElectionDirectory, tmp_path: Path
) -> None:
    """By the guard; where that is gone, by a receipt; where nobody knows, a person answers for it."""
    serve_a_while(directory, small_tally(election_id_of(directory), 0))
    old = tmp_path / "old"
    shutil.copytree(directory.publication, old)
    with ServerProcess(directory) as server:
        promised = tmp_path / "promised.tlog-proof"
        promised.write_bytes(receipt_of(directory, server, small_tally(election_id_of(directory), 1), 1))
        server.kill()
    lose_database(directory)
    (directory.publication / "checkpoint").write_bytes((old / "checkpoint").read_bytes())
    assert rebuild(directory, source=old)[0] == "LOG_IS_DEAD"
    assert not directory.log.exists()
    shutil.move(directory.guard, tmp_path / "guard")
    shutil.rmtree(directory.chain)
    assert rebuild(directory, "--receipt", promised, source=old)[0] == "LOG_IS_DEAD"
    code, said = rebuild(directory, source=old)
    assert (code, said["guard"], said["chain"]) == ("", False, "CHAIN_MISSING")
    # No server runs on it before somebody answers for a guard.
    status, _, errors = run_command("run", "--dir", str(directory.root))
    assert (status, errors.partition(":")[0]) == (1, "GUARD_MISSING")
    answered = run_command("guard", "--dir", str(directory.root), "--checkpoint", str(old / "checkpoint"))
    assert answered[0] == 0, answered[2]


def test_the_contract_knows_of_a_later_head(directory: ElectionDirectory, tmp_path: Path) -> None:
    serve_a_while(directory, small_tally(election_id_of(directory), 0))
    old = tmp_path / "old"
    shutil.copytree(directory.publication, old)
    with ServerProcess(directory) as server:
        send_tally(directory, server, 1)
        wait_until(lambda: well(server), "a later head is anchored")
        assert server.stop() == 0
    lose_database(directory)
    directory.guard.unlink()
    assert rebuild(directory, source=old)[0] == "LOG_IS_DEAD"
    checkpoint = directory.publication / "checkpoint"
    shutil.rmtree(directory.chain)
    assert rebuild(directory, "--checkpoint", checkpoint, source=old)[0] == "LOG_IS_DEAD"


def test_a_witness_knows_of_a_later_head(directory: ElectionDirectory, tmp_path: Path) -> None:
    log_key = parse_policy(directory.policy.read_bytes()).logs[0].key
    keys = make_keys(tmp_path / "witness")
    with running_witness(tmp_path / "witness", log_key) as witness:
        ask_for(directory, keys, witness.url)
        serve_a_while(directory, small_tally(election_id_of(directory), 0))
        old = tmp_path / "old"
        shutil.copytree(directory.publication, old)
        lose_database(directory)
        code, said = rebuild(directory, source=old)
        assert code == "" and list(said["witnesses"].values()) == ["agrees"]  # type: ignore[attr-defined]  # JSON
        serve_a_while(directory, small_tally(election_id_of(directory), 0, seq=2))
        lose_database(directory)
        directory.guard.unlink()
        shutil.rmtree(directory.chain)
        assert rebuild(directory, source=old)[0] == "LOG_IS_DEAD"


def test_a_publication_that_does_not_hold_is_refused(directory: ElectionDirectory, tmp_path: Path) -> None:
    serve_a_while(directory, small_tally(election_id_of(directory), 0))
    lose_database(directory)
    bundle = max(directory.publication.glob("tile/entries/*.p/*"), key=lambda path: int(path.name))
    data = bytearray(bundle.read_bytes())
    data[100] ^= 1
    bundle.write_bytes(bytes(data))
    assert rebuild(directory)[0] == "ROOT_DIFFERS"
    assert rebuild(directory, source=tmp_path / "nowhere")[0] in ("FILE_MISSING", "UNREADABLE", "UNREACHABLE")
    assert not directory.log.exists()


def test_an_old_guard_is_told_from_the_one_that_was_in_use(directory: ElectionDirectory, tmp_path: Path) -> None:
    old = tmp_path / "guard"
    shutil.copy(directory.guard, old)
    serve_a_while(directory, small_tally(election_id_of(directory), 0))
    lose_database(directory)
    shutil.copy(old, directory.guard)
    assert rebuild(directory)[0] == "GUARD_IS_OLD"
