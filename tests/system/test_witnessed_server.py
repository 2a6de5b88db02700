"""A server whose policy asks for a witness: nothing is published without it, and nothing is refused because of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from central_server.directory import ElectionDirectory
from central_server.witnessing import open_cosigners
from ledger.checkpoint import VerifiedCheckpoint
from ledger.cosignature import MLDSA44CosignatureSigner
from ledger.errors import SignatureError, TunukError
from ledger.policy import (
    Policy,
    PolicyGroup,
    PolicyWitness,
    encode_policy,
    parse_policy,
    verify_checkpoint_with_policy,
)
from ledger.proof import verify_tlog_proof
from ledger.vkey import KeyType, NoteKey
from simulator.serial_line import SerialLine
from tests.system.operated_server import ask_ops, election_id_of, send_tally
from tests.system.real_desk import free_port, real_desk
from tests.system.urn_agent_process import UrnThread, wait_until
from tests.system.witness_process import make_keys, running_witness
from tests.unit.central_server.server_factory import init_small, roster_small
from tests.unit.central_server.server_process import ServerProcess, run_command
from tests.unit.ledger.election_factory import DEVICE_KEYS
from tests.unit.urn_agent.agent_factory import final_report, zero_report
from urn_agent.outbox import Outbox

FIRST_PORT = 25_000 + os.getpid() % 2_000


@pytest.fixture
def directory(tmp_path: Path) -> ElectionDirectory:
    directory = init_small(tmp_path)
    roster_small(directory)
    return directory


def ask_for(directory: ElectionDirectory, keys: tuple[NoteKey, ...], url: str) -> Policy:
    """A policy of both of the witness's keys and the log's own second one; it lies where the server reads it."""
    policy = parse_policy(directory.policy.read_bytes())
    theirs = tuple(PolicyWitness(b"w%d" % n, key, url.encode()) for n, key in enumerate(keys))
    group = PolicyGroup(b"all", 3, (policy.witnesses[0].name, b"w0", b"w1"))
    asking = Policy(policy.logs, (*policy.witnesses, *theirs), (group,), b"all")
    directory.witness_policy.write_bytes(encode_policy(asking))
    return asking


def published(directory: ElectionDirectory, policy: Policy) -> VerifiedCheckpoint | None:
    path = directory.publication / "checkpoint"
    return verify_checkpoint_with_policy(path.read_bytes(), policy) if path.exists() else None


def has_quorum(directory: ElectionDirectory, policy: Policy) -> bool:
    try:
        return published(directory, policy) is not None
    except SignatureError:
        return False


def health(server: ServerProcess) -> dict[str, Any]:
    document: dict[str, Any] = ask_ops(server, "/healthz").json()
    return document


def size_of(server: ServerProcess) -> int:
    """Of what is published, as the server knows it."""
    return health(server)["publication"]["size"] or 0


def test_the_log_cosigns_its_own_checkpoint(directory: ElectionDirectory) -> None:
    """Without any witness: whoever knows the second key checks it, whoever does not sees the log's signature."""
    policy = parse_policy(directory.policy.read_bytes())
    [own] = policy.witnesses
    assert own.key.key_type is KeyType.COSIGNATURE_MLDSA44 and own.key.name == policy.logs[0].key.name
    with ServerProcess(directory, "--ops-port", "0") as server:
        index = send_tally(directory, server)
        wait_until(lambda: size_of(server) > index, "the tally is published")
        assert "witnesses" not in health(server)
    asking = Policy(policy.logs, policy.witnesses, (), own.name)
    found, earlier = published(directory, asking), published(directory, Policy(policy.logs))
    assert found is not None and earlier is not None
    assert (len(found.signatures), len(earlier.signatures)) == (2, 1)


def test_a_directory_without_the_second_key_is_served_as_before(directory: ElectionDirectory) -> None:
    directory.key("cosigner").unlink()
    with ServerProcess(directory, "--ops-port", "0") as server:
        wait_until(lambda: size_of(server) > 0, "the log is published")
    found = published(directory, Policy(parse_policy(directory.policy.read_bytes()).logs))
    assert found is not None and b"\n\n" in found.note and found.note.count("— ".encode()) == 1


def test_without_a_quorum_records_are_taken_and_nothing_is_published(
    directory: ElectionDirectory, tmp_path: Path
) -> None:
    data = tmp_path / "witness"
    keys = make_keys(data)
    log_key = parse_policy(directory.policy.read_bytes()).logs[0].key
    with running_witness(data, log_key) as witness:
        policy = ask_for(directory, keys, witness.url)
        with ServerProcess(directory, "--ops-port", "0") as server:
            index = send_tally(directory, server)
            wait_until(lambda: size_of(server) > index, "the tally is published")
            first = published(directory, policy)
            assert first is not None and len(first.signatures) == 4
            assert health(server)["witnesses"] == {"problem": None, "asked": 1, "cosigned": 1}
            witness.process.kill()
            witness.process.wait()
            later = send_tally(directory, server, 1)
            for part in ("witnesses", "publication"):
                wait_until(lambda: health(server)[part]["problem"] == "WITNESS_QUORUM", f"{part} say why")  # noqa: B023
            wait_until(lambda: health(server)["log"]["size"] > later and health(server)["ready"], "records are taken")
            still = published(directory, policy)
            assert still is not None and still.size <= later
            assert server.stop() == 0
    # At another port by now: the policy names it anew.
    with running_witness(data, log_key) as witness:
        policy = ask_for(directory, keys, witness.url)
        with ServerProcess(directory, "--ops-port", "0") as server:
            wait_until(lambda: size_of(server) > later, "all is published")
    last = published(directory, policy)
    assert last is not None and last.size > later


def test_a_new_policy_is_followed_before_the_log_grows(directory: ElectionDirectory, tmp_path: Path) -> None:
    with ServerProcess(directory, "--ops-port", "0") as server:
        wait_until(lambda: size_of(server) > 0 and size_of(server) == health(server)["log"]["size"], "all is published")
    keys = make_keys(tmp_path / "witness")
    with running_witness(tmp_path / "witness", parse_policy(directory.policy.read_bytes()).logs[0].key) as witness:
        policy = ask_for(directory, keys, witness.url)
        with ServerProcess(directory, "--ops-port", "0") as server:
            # The count is there a moment before the file is.
            wait_until(lambda: has_quorum(directory, policy), "the witness's signatures are published")
            found = published(directory, policy)
            assert found is not None and len(found.signatures) == 4


def test_a_device_whose_policy_asks_for_witnesses_waits_for_them(directory: ElectionDirectory, tmp_path: Path) -> None:
    """Its receipt is a proof under the checkpoint that they have signed; another device has one at once."""
    data = tmp_path / "witness"
    keys, log_key = make_keys(data), parse_policy(directory.policy.read_bytes()).logs[0].key
    policy = ask_for(directory, keys, "http://127.0.0.1:1")
    (directory.bundles / "d0" / "policy").write_bytes(encode_policy(policy))
    port = str(free_port(FIRST_PORT))
    with SerialLine() as line, real_desk(tmp_path, directory, 0) as desk:
        with ServerProcess(directory, "--port", port) as server:
            desk.start(line.agent_path, server.url)
            UrnThread(line.urn_path, zero_report("u0", ("101",)), final_report("u0", ("101",))).join()
            wait_until(lambda: "witnesses signed" in desk.words.read_text(), "it is told that witnesses are missing")
            assert (desk.status()["pending"], desk.status()["receipted"]) == (2, 0)
            send_tally(directory, server, 1)
            server.kill()
        with running_witness(data, log_key) as witness:
            policy = ask_for(directory, keys, witness.url)
            with ServerProcess(directory, "--port", port):
                wait_until(lambda: desk.status()["receipted"] == 2, "the witness has signed for them")
        outbox = Outbox.open(desk.folder.outbox, DEVICE_KEYS[0].public_key.key_id, election_id_of(directory))
        for seq in (1, 2):
            record, proof = outbox.record(seq)
            assert proof is not None and len(verify_tlog_proof(proof, record, policy).checkpoint.signatures) == 4
        outbox.close()


def test_a_policy_that_is_lost_is_missed(directory: ElectionDirectory, tmp_path: Path) -> None:
    """What witnesses have signed is not published without them, unless somebody says so."""
    log = parse_policy(directory.policy.read_bytes()).logs
    keys = make_keys(tmp_path / "witness")
    with running_witness(tmp_path / "witness", log[0].key) as witness:
        policy = ask_for(directory, keys, witness.url)
        with ServerProcess(directory, "--ops-port", "0"):
            wait_until(lambda: has_quorum(directory, policy), "the witness's signatures are published")
    directory.witness_policy.unlink()
    status, said, errors = run_command("run", "--dir", str(directory.root))
    assert status == 1 and "WITNESS_POLICY" in said + errors
    directory.witness_policy.write_bytes(encode_policy(Policy(log)))
    with ServerProcess(directory, "--ops-port", "0") as server:
        index = send_tally(directory, server)
        wait_until(lambda: size_of(server) > index, "it goes on without witnesses")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"nonsense\n",
        lambda data: data.replace(b" http://127.0.0.1:1", b""),
        lambda data: b"\n".join(line for line in data.split(b"\n") if not line.startswith(b"log ")),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused_at_the_start(
    directory: ElectionDirectory, spoil: Callable[[bytes], bytes]
) -> None:
    witness = MLDSA44CosignatureSigner("w.example", bytes(32), lambda: 0)
    log = parse_policy(directory.policy.read_bytes()).logs
    policy = Policy(log, (PolicyWitness(b"w", witness.key, b"http://127.0.0.1:1"),), (), b"w")
    directory.witness_policy.write_bytes(spoil(encode_policy(policy)))
    status, said, errors = run_command("run", "--dir", str(directory.root))
    assert status == 1 and "WITNESS_POLICY" in said + errors


def test_the_new_key_file_is_of_its_own_sort(directory: ElectionDirectory) -> None:
    directory.key("cosigner").write_bytes(directory.key("log").read_bytes())
    with pytest.raises(TunukError) as caught:
        open_cosigners(directory, "log.example", lambda: 0)
    assert caught.value.code == "KEY_OF_OTHER_SORT"
