"""A dead log goes on in a successor: its entries are taken again, devices send the rest, observers verify the pair."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from central_server.directory import ElectionDirectory
from ledger.observer.origin import parse_origin
from ledger.policy import parse_policy
from ledger.proof import verify_tlog_proof
from simulator.serial_line import SerialLine
from tests.system.commission_desk import found_commission
from tests.system.conftest import Verify
from tests.system.ended_log import (
    begin,
    command,
    finish,
    forget,
    make_mirror,
    policy_of,
    prepare,
    run_refused,
    serve_a_tally,
    sign,
    succeed,
)
from tests.system.operated_server import election_id_of, send_tally, well
from tests.system.real_desk import real_desk
from tests.system.urn_agent_process import UrnThread, wait_until
from tests.unit.central_server.server_factory import small_tally
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records
from tests.unit.urn_agent.agent_factory import final_report, zero_report


@pytest.fixture
def old(tmp_path: Path) -> ElectionDirectory:
    return begin(tmp_path / "old")


@pytest.fixture
def new(tmp_path: Path) -> ElectionDirectory:
    (tmp_path / "new").mkdir()
    return ElectionDirectory(tmp_path / "new" / "election")


@pytest.fixture
def mirror(old: ElectionDirectory, tmp_path: Path) -> Path:
    return make_mirror(old, tmp_path)


def test_the_records_go_again_and_observers_verify_the_pair(
    old: ElectionDirectory, new: ElectionDirectory, mirror: Path, verify: Verify
) -> None:
    assert run_refused(old) == "LOG_BEHIND_GUARD"
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
