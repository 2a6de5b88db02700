"""What a successor log is made of and what it is not made of: doubts, interruptions, and files that do not fit."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from central_server.directory import ElectionDirectory
from central_server.ruling_file import read_ruling
from ledger.policy import encode_policy, parse_policy, verify_checkpoint_with_policy
from ledger.proof import parse_tlog_proof
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from tests.system.conftest import Verify
from tests.system.ended_log import (
    begin,
    command,
    finish,
    make_mirror,
    policy_of,
    prepare,
    run_refused,
    serve_a_tally,
    sign,
    succeed,
)
from tests.system.operated_server import ask_ops, send_tally, well
from tests.system.test_fault_disk import fill
from tests.system.test_urn_agent_disk import small_disk
from tests.system.test_witnessed_server import ask_for
from tests.system.urn_agent_process import wait_until
from tests.system.witness_process import make_keys, running_witness
from tests.unit.central_server.server_factory import init_small, roster_small, small_definition
from tests.unit.central_server.server_process import ServerProcess


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
    assert run_refused(new) == "ROSTER_UNFINISHED"
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


def test_what_was_interrupted_goes_on(old: ElectionDirectory, new: ElectionDirectory) -> None:
    """After the keys, after the database, after the record was appended, and after the guard was made."""
    serve_a_tally(old, 0)
    _, said = prepare(new, old, old.publication)
    contract = json.loads(new.roster.read_bytes())["contract"]
    for lost in (new.root / "succession.json", new.log, new.policy, new.settings):
        lost.unlink()
        (new.root / "succession.json").unlink(missing_ok=True)
        assert prepare(new, old, old.publication) == ("", said)
    assert json.loads(new.roster.read_bytes())["contract"] == contract
    assert sign(new, old.election_key) == ""
    record = read_ruling(new.root / "succession.json").record()
    with SqliteStore(new.log, said["origin"]) as store:
        store.append([record])
        head = store.head()
    unfinished = new.roster.read_bytes()
    assert finish(new)[1]["size"] == head.size == said["taken"] + 1
    new.roster.write_bytes(unfinished)
    assert finish(new)[1]["size"] == head.size
    assert FileGuard(new.guard, said["origin"]).read() == head
    serve_a_tally(new, 1)


def test_it_is_made_beside_everything_and_over_nothing(old: ElectionDirectory, new: ElectionDirectory) -> None:
    """The old directory itself, from a backup too; a folder with something in it; bundles that are gone."""
    serve_a_tally(old, 0)
    before = {path: path.read_bytes() for path in old.root.rglob("*") if path.is_file()}
    assert prepare(old, old, old.publication)[0] == "DIRECTORY_BUSY"
    backup = ElectionDirectory(new.root.parent / "backup")
    assert command("backup", "--dir", old.root, "--to", backup.root)[0] == ""
    assert prepare(old, backup, old.publication)[0] == "SUCCESSOR_OVER"
    assert {path: path.read_bytes() for path in before} == before
    new.root.mkdir()
    (new.root / "letters.txt").write_text("mine")
    assert prepare(new, old, old.publication)[0] == "SUCCESSOR_OVER"
    (new.root / "letters.txt").unlink()
    old.bundles.rename(old.root / "handed-out")
    assert prepare(new, old, old.publication)[0] == "FILE_MISSING"
    (old.root / "handed-out").rename(old.bundles)
    assert prepare(new, old, old.publication)[0] == ""


def test_where_nobody_may_sign_nothing_is_made(tmp_path: Path, new: ElectionDirectory) -> None:
    """The polls are open, and the election names no officials."""
    definition = tmp_path / "open.json"
    definition.write_text(json.dumps(small_definition() | {"polls_open": 1_790_000_000}))
    (tmp_path / "old").mkdir()
    old = init_small(tmp_path / "old", definition=definition)
    roster_small(old)
    serve_a_tally(old, 0)
    assert prepare(new, old, old.publication)[0] == "NO_OFFICIALS"
    assert not new.root.exists()


def test_a_full_disk_leaves_nothing_to_be_signed(old: ElectionDirectory, scratch_disk: Path) -> None:
    """And the same command goes on once there is room."""
    serve_a_tally(old, 0)
    with small_disk(scratch_disk / "small", "24m") as disk:
        new = ElectionDirectory(disk / "election")
        ballast = disk / "ballast"
        for room in (0, 16 * 1024, 64 * 1024):
            fill(ballast)
            with ballast.open("r+b") as file:
                file.truncate(ballast.stat().st_size - room)
            # SQLite says that a disk is full in several ways.
            assert prepare(new, old, old.publication)[0] in ("DISK_FULL", "STORAGE_FAILED"), room
            assert not (new.root / "succession.json").exists()
            ballast.unlink()
        assert prepare(new, old, old.publication)[0] == ""


def has_no_quorum(server: ServerProcess) -> bool:
    return bool(ask_ops(server, "/healthz").json()["witnesses"]["problem"] == "WITNESS_QUORUM")


def test_witnesses_that_know_the_new_log_sign_it(
    old: ElectionDirectory, new: ElectionDirectory, tmp_path: Path
) -> None:
    log_key = parse_policy(old.policy.read_bytes()).logs[0].key
    keys = make_keys(tmp_path / "witness")
    with running_witness(tmp_path / "witness", log_key) as witness:
        ask_for(old, keys, witness.url)
        serve_a_tally(old, 0)
        said = succeed(new, old, old.publication)
        assert list(said["witnesses"].values()) == ["agrees"]
    asked = parse_policy(new.witness_policy.read_bytes())
    new_key = asked.logs[0].key
    assert new_key == policy_of(new, 1).logs[0].key
    with ServerProcess(new) as server:
        wait_until(lambda: has_no_quorum(server), "it does not know the new log yet")
        assert not (new.publication / "checkpoint").exists()
        assert server.stop() == 0
    with running_witness(tmp_path / "witness", new_key) as witness:
        moved = [replace(one, url=witness.url.encode()) if one.url else one for one in asked.witnesses]
        new.witness_policy.write_bytes(encode_policy(replace(asked, witnesses=tuple(moved))))
        serve_a_tally(new, 1)
    checkpoint = (new.publication / "checkpoint").read_bytes()
    verify_checkpoint_with_policy(checkpoint, parse_policy(new.witness_policy.read_bytes()))
