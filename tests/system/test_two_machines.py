"""Two machines with a copy of one election each, and one guard between them: one history is ever signed, not two."""

import shutil
from pathlib import Path

from central_server.directory import ElectionDirectory
from ledger.checkpoint import verify_checkpoint
from ledger.policy import parse_policy
from ledger.proof import parse_tlog_proof
from ledger.store.contract import TreeHead
from ledger.store.sqlite import SqliteStore
from tests.system.operated_server import election_id_of
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, run_command


def signed_head(directory: ElectionDirectory, server: ServerProcess, seq: int) -> TreeHead:
    """The head that the receipt of another record carries."""
    with open_device(directory, server.url, 0) as client:
        [verdict] = post_records(client, [small_tally(election_id_of(directory), 0, seq=seq)])
    key = parse_policy(directory.policy.read_bytes()).logs[0].key
    head = verify_checkpoint(parse_tlog_proof(bytes(verdict[2])).note, key)
    return TreeHead(head.size, head.root)


def refusal(directory: ElectionDirectory) -> str:
    status, _, errors = run_command("run", "--dir", str(directory.root))
    assert status == 1
    return errors.partition(":")[0]


def move_database(of: ElectionDirectory, to: ElectionDirectory) -> None:
    for path in of.log.parent.glob(f"{of.log.name}*"):
        shutil.copy(path, to.log.parent / path.name)


def test_the_machine_whose_copy_is_older_signs_nothing(tmp_path: Path) -> None:
    """The guard's disk is mounted at both, and each takes its turn, with its own copy and then with the newest one."""
    (tmp_path / "ours").mkdir()
    ours = init_small(tmp_path / "ours")
    roster_small(ours)
    theirs = ElectionDirectory(tmp_path / "theirs" / "election")
    shutil.copytree(ours.root, theirs.root)
    shutil.rmtree(theirs.guard.parent)
    theirs.guard.parent.symlink_to(ours.guard.parent)
    signed: list[TreeHead] = []
    with ServerProcess(ours) as server:
        signed.append(signed_head(ours, server, 1))
        # Both run the same program at the same time; this one has not seen what the guard has.
        assert refusal(theirs) == "LOG_BEHIND_GUARD"
        signed.append(signed_head(ours, server, 2))
        server.kill()
    assert refusal(theirs) == "LOG_BEHIND_GUARD"
    move_database(ours, theirs)
    with ServerProcess(theirs) as server:
        signed.append(signed_head(theirs, server, 3))
        assert refusal(ours) == "LOG_BEHIND_GUARD"
        server.kill()
    assert refusal(ours) == "LOG_BEHIND_GUARD"
    with SqliteStore(theirs.log, parse_policy(ours.policy.read_bytes()).logs[0].key.name) as store:
        assert [store.root_at(head.size) for head in signed] == [head.root for head in signed]
    assert [head.size for head in signed] == sorted({head.size for head in signed})
