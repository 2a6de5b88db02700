"""A dead log goes on in a successor: its entries are taken again, devices send the rest, observers verify the pair."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central_server.directory import ElectionDirectory
from ledger.observer.origin import parse_origin
from ledger.policy import Policy, log_only_policy, parse_policy
from ledger.proof import parse_tlog_proof, verify_tlog_proof
from ledger.store.sqlite import SqliteStore
from simulator.serial_line import SerialLine
from tests.system.commission_desk import found_commission
from tests.system.conftest import Verify
from tests.system.operated_server import election_id_of, send_tally, well
from tests.system.real_desk import real_desk
from tests.system.urn_agent_process import UrnThread, wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, run_command
from tests.unit.urn_agent.agent_factory import final_report, zero_report


@pytest.fixture
def old(tmp_path: Path) -> ElectionDirectory:
    (tmp_path / "old").mkdir()
    directory = init_small(tmp_path / "old")
    roster_small(directory)
    return directory


@pytest.fixture
def new(tmp_path: Path) -> ElectionDirectory:
    (tmp_path / "new").mkdir()
    return ElectionDirectory(tmp_path / "new" / "election")


def command(*arguments: object) -> tuple[str, dict[str, Any]]:
    """The code of the refusal, or nothing and what it says."""
    status, said, errors = run_command(*map(str, arguments))
    assert "Traceback" not in errors, errors
    return ("", json.loads(said)) if status == 0 else (errors.split(":")[0], {})


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


@pytest.fixture
def mirror(old: ElectionDirectory, tmp_path: Path) -> Path:
    """A copy of the publication of a log that went on since, and whose database was put back as old as the copy."""
    serve_a_tally(old, 0)
    mirror, backup = tmp_path / "mirror", tmp_path / "log.sqlite"
    shutil.copytree(old.publication, mirror)
    shutil.copy(old.log, backup)
    (tmp_path / "d1.tlog-proof").write_bytes(serve_a_tally(old, 1))
    forget(old, backup)
    return mirror


def test_the_records_go_again_and_observers_verify_the_pair(
    old: ElectionDirectory, new: ElectionDirectory, mirror: Path, verify: Verify
) -> None:
    assert command("run", "--dir", old.root)[0] == "LOG_BEHIND_GUARD"
    said = succeed(new, old, mirror)
    # The tally that the mirror lacks, and its snapshot.
    assert (said["lost"], said["guard"], said["chain"]) == (2, True, "agrees")
    first, election_id = small_tally(election_id_of(new), 0), election_id_of(new)
    with ServerProcess(new) as server:
        with open_device(new, server.url, 0) as client:
            [[_, index, receipt]] = post_records(client, [first])
        proof = bytes(msgspec.convert(receipt, bytes, strict=False))
        assert verify_tlog_proof(proof, first, policy_of(new, 1)).leaf_index == index < said["taken"]
        wait_until(lambda: well(server), "what was taken is published and anchored")
        status, report = verify(new.publication, new.policy, None, mirror)
        assert (status, report["failures"]) == (0, [])
        # The device has not sent again what was lost.
        status, report = verify(new.publication, new.policy, None, old.publication)
        assert (status, [one["code"] for one in report["failures"]]) == (1, ["LEFT_OUT"])
        with open_device(new, server.url, 1) as client:
            [[word, _, _]] = post_records(client, [small_tally(election_id, 1)])
        assert word == "receipt"
        wait_until(lambda: well(server), "all is published and anchored")
        status, report = verify(new.publication, new.policy, server.addresses["rpc"], old.publication)
        assert (status, report["ok"]) == (0, True), report
        assert report["anchors"]["verified"] == report["anchors"]["claimed"] >= 1
        assert server.stop() == 0
    assert (parse_origin(report["origin"]).generation, report["tallies"]) == (2, 2)
    assert report["succession"]["predecessor"] == parse_policy(old.policy.read_bytes()).logs[0].key.name
    for numbered in mirror.glob("results/[0-9]*.json"):
        assert (new.publication / "results" / numbered.name).read_bytes() == numbered.read_bytes()
    # The policy names both logs: who looks at the old one is told.
    status, report = verify(mirror, new.policy)
    assert (status, parse_origin(report["successor"]).generation) == (0, 2)


def test_an_agent_with_its_new_bundle_sends_everything_again(
    old: ElectionDirectory, new: ElectionDirectory, tmp_path: Path
) -> None:
    """What the dead log receipted and lost is in the successor; the old receipt stays with the agent."""
    serve_a_tally(old, 1)
    mirror, backup = tmp_path / "mirror", tmp_path / "log.sqlite"
    shutil.copytree(old.publication, mirror)
    shutil.copy(old.log, backup)
    with SerialLine() as line, real_desk(tmp_path, old, 0) as desk:
        with ServerProcess(old) as server:
            desk.start(line.agent_path, server.url)
            UrnThread(line.urn_path, zero_report("u0", ("101",)), final_report("u0", ("101",))).join()
            wait_until(lambda: desk.status()["receipted"] == 2, "all is receipted")
            server.kill()
        desk.stop_all()
        forget(old, backup)
        assert succeed(new, old, mirror)["lost"] >= 2
        desk.bundle = new.bundles / "d0"
        with ServerProcess(new) as server:
            desk.start(line.agent_path, server.url)
            wait_until(lambda: desk.said("RECEIPTS_RECALLED") == 1, "the old receipts count no more")
            wait_until(lambda: desk.status()["receipted"] == 2, "all is receipted again")
        records = desk.status()["records"]
        assert isinstance(records, list)
        for record in records:
            out = tmp_path / str(record["seq"])
            out.mkdir()
            desk.ask("receipt", "--seq", str(record["seq"]), "--to", str(out))
            [former], [now] = out.glob("*.former-1.tlog-proof"), out.glob(f"{record['seq']}.tlog-proof")
            data = (out / f"{record['seq']}.record").read_bytes()
            verify_tlog_proof(former.read_bytes(), data, policy_of(new, 0))
            assert verify_tlog_proof(now.read_bytes(), data, policy_of(new, 1)).leaf_index == record["log_index"]


def test_once_the_polls_are_open_two_officials_sign(tmp_path: Path, new: ElectionDirectory, verify: Verify) -> None:
    commission = found_commission(tmp_path)
    old = commission.directory
    serve_a_tally(old, 0)
    code, said = prepare(new, old, old.publication)
    assert (code, said["lost"]) == ("", 0)
    assert finish(new)[0] == "NOT_SIGNED"
    assert sign(new, old.election_key) == "NOT_AN_OFFICIAL"
    assert sign(new, commission.keys["o1"]) == ""
    assert finish(new)[0] == "UNKNOWN_KEY"
    assert sign(new, commission.keys["o1-second"]) == "ONE_PERSON"
    assert sign(new, commission.keys["o2"]) == ""
    code, done = finish(new)
    assert (code, done["size"]) == ("", said["taken"] + 1)
    assert finish(new) == ("", done)
    with ServerProcess(new) as server:
        send_tally(new, server, 1)
        wait_until(lambda: well(server), "all is published and anchored")
        # A ruling is prepared, signed, submitted and receipted as before.
        successor = replace(commission, directory=new)
        successor.rule(server, tmp_path / "r.json", "out-of-use", "--urn", "u2")
        assert server.stop() == 0
    status, report = verify(new.publication, new.policy, None, old.publication)
    assert (status, report["ok"]) == (0, True), report
    assert [one["action"] for one in report["rulings"]] == ["succeed_log", "out_of_use"]


def test_a_successor_has_a_successor(
    old: ElectionDirectory, new: ElectionDirectory, tmp_path: Path, verify: Verify
) -> None:
    """From a backup, with the guard beside it."""
    serve_a_tally(old, 0)
    succeed(new, old, old.publication)
    serve_a_tally(new, 1)
    backup = tmp_path / "backup"
    assert command("backup", "--dir", new.root, "--to", backup)[0] == ""
    third = ElectionDirectory(tmp_path / "third")
    code, said = prepare(third, ElectionDirectory(backup), new.publication, "--guard", new.guard)
    assert (code, said["lost"], said["guard"]) == ("", 0, True)
    assert (sign(third, old.election_key), finish(third)[0]) == ("", "")
    with ServerProcess(third) as server:
        wait_until(lambda: well(server), "all is published and anchored")
        assert server.stop() == 0
    for before in (new, old):
        status, report = verify(third.publication, third.policy, None, before.publication)
        failures = [one["code"] for one in report["failures"]]
        assert (status, failures) == ((0, []) if before is new else (1, ["NOT_THE_PREDECESSOR"]))
    assert parse_origin(report["origin"]).generation == 3


def test_what_is_known_of_the_dead_log_goes_into_the_record(
    old: ElectionDirectory, new: ElectionDirectory, mirror: Path, tmp_path: Path, verify: Verify
) -> None:
    """Its guard is lost, and the chain is from a backup: a receipt and a checkpoint know better."""
    old.guard.unlink()
    for chain in old.chain.iterdir():
        chain.unlink()
    promised, checkpoint = tmp_path / "d1.tlog-proof", old.publication / "checkpoint"
    size = int(parse_tlog_proof(promised.read_bytes()).note.splitlines()[1])
    code, said = prepare(new, old, mirror, "--receipt", promised)
    assert (code, said["last_signed"], said["guard"]) == ("", size, False)
    shutil.rmtree(new.root)
    code, said = prepare(new, old, mirror, "--receipt", promised, "--checkpoint", checkpoint)
    assert (code, said["last_signed"]) == ("", int(checkpoint.read_bytes().splitlines()[1]))
    assert prepare(new, old, mirror)[0] == "SUCCESSOR_EXISTS"
    assert (sign(new, old.election_key), finish(new)[0]) == ("", "")
    serve_a_tally(new, 1)
    status, report = verify(new.publication, new.policy, None, old.publication)
    assert (status, report["ok"]) == (0, True), report


def test_no_server_runs_before_the_succession_is_signed(old: ElectionDirectory, new: ElectionDirectory) -> None:
    serve_a_tally(old, 0)
    assert finish(new)[0] == "SUCCESSOR_MISSING"
    assert prepare(new, old, old.publication)[0] == ""
    assert command("run", "--dir", new.root)[0] == "ROSTER_UNFINISHED"
    assert command("guard", "--dir", new.root, "--checkpoint", old.publication / "checkpoint")[0] == "ROSTER_UNFINISHED"
    assert not new.guard.exists()


def test_a_signature_is_for_the_entries_that_were_taken(
    old: ElectionDirectory, new: ElectionDirectory, tmp_path: Path
) -> None:
    """A file that was prepared elsewhere, and a database that has changed since."""
    serve_a_tally(old, 0)
    other = ElectionDirectory(tmp_path / "other")
    for directory in (new, other):
        assert (prepare(directory, old, old.publication)[0], sign(directory, old.election_key)) == ("", "")
    own = (new.root / "succession.json").read_bytes()
    (new.root / "succession.json").write_bytes((other.root / "succession.json").read_bytes())
    assert finish(new)[0] == "NOT_THIS_SUCCESSION"
    (new.root / "succession.json").write_bytes(own)
    origin = json.loads(new.roster.read_bytes())["origin"]
    with SqliteStore(new.log, origin) as store:
        store.append([b"something else"])
    assert finish(new)[0] == "NOT_THIS_SUCCESSION"
    assert not new.guard.exists()


def test_a_publication_of_two_histories_is_none_to_go_on_from(
    old: ElectionDirectory, new: ElectionDirectory, tmp_path: Path
) -> None:
    """A checkpoint of the same size with another root: the log's key has signed both."""
    serve_a_tally(old, 0)
    twin = tmp_path / "twin"
    shutil.copytree(old.root, twin)
    serve_a_tally(old, 1)
    other = ElectionDirectory(twin)
    with ServerProcess(other) as server:
        send_tally(other, server, 2)
        wait_until(lambda: well(server), "another history")
        assert server.stop() == 0
    assert prepare(new, old, old.publication, "--checkpoint", other.publication / "checkpoint")[0] == "TWO_HISTORIES"
    assert prepare(new, old, tmp_path / "nowhere")[0] in ("FILE_MISSING", "UNREADABLE", "UNREACHABLE")
    assert not new.log.exists()
