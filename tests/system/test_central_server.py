"""The server as operators and devices meet it: commands, a real process, real TLS, and everything that can be sent."""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from central_server.certificates import CertificateAuthority
from central_server.directory import ElectionDirectory
from central_server.init import load_authority
from ledger.checkpoint import verify_checkpoint
from ledger.policy import parse_policy
from ledger.primitives import Hash
from ledger.proof import verify_tlog_proof
from ledger.record import parse_record
from ledger.signing import Ed25519Signer
from tests.unit.central_server.server_factory import (
    init_small,
    roster_small,
    small_definition,
    small_tally,
    write_device_key,
    write_enrolments,
)
from tests.unit.central_server.server_process import (
    ServerProcess,
    open_device,
    post_records,
    read_latest,
    run_command,
    trust,
)
from tests.unit.ledger.election_factory import DEVICE_KEYS

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
HEADERS = {"Content-Type": "application/msgpack"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> ElectionDirectory:
    directory = init_small(tmp_path_factory.mktemp("server"))
    roster_small(directory)
    return directory


@pytest.fixture(scope="module")
def election_id(directory: ElectionDirectory) -> Hash:
    return Hash.from_hex(json.loads(directory.roster.read_bytes())["election_id"])


@pytest.fixture(scope="module")
def server(directory: ElectionDirectory) -> Iterator[ServerProcess]:
    with ServerProcess(directory) as server:
        yield server


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_night_by_the_commands(tmp_path: Path) -> None:
    """From nothing to published results: init, roster, run, two tallies, stop; and again, with the same results."""
    definition, enrolments = tmp_path / "definition.json", write_enrolments(tmp_path / "enrolments")
    definition.write_text(json.dumps(small_definition()))
    root = str(tmp_path / "election")
    status, said, errors = run_command("init", "--dir", root, "--definition", str(definition))
    assert (status, json.loads(said)["devices"]) == (0, 3), errors
    status, said, errors = run_command("roster", "--dir", root, "--enrolments", str(enrolments))
    assert status == 0, errors
    election_id, directory = Hash.from_hex(json.loads(said)["election_id"]), ElectionDirectory(Path(root))
    with ServerProcess(directory) as server:
        for place in (0, 1):
            with open_device(directory, server.url, place) as client:
                [[word, index, proof]] = post_records(client, [small_tally(election_id, place)])
                policy = parse_policy(directory.policy.read_bytes())
                assert word == "receipt"
                assert verify_tlog_proof(proof, small_tally(election_id, place), policy).leaf_index == index
        assert server.stop() == 0, server.errors.read_text()
    checkpoint = verify_checkpoint((directory.publication / "checkpoint").read_bytes(), policy.logs[0].key)
    latest = read_latest(directory)
    assert checkpoint.size == latest["tree_size"] + 1
    [first, _] = latest["contests"]
    assert (first["cells_reported"], first["cells_expected"], first["ballots"]) == (2, 2, 36)
    assert [row["votes"] for row in first["selections"]] == [12, 12, 12]
    with ServerProcess(directory) as server:
        assert server.stop() == 0
    assert read_latest(directory) == latest


def test_health_is_told_without_a_certificate(
    directory: ElectionDirectory, server: ServerProcess, election_id: Hash
) -> None:
    with httpx.Client(verify=trust(directory), base_url=server.url) as client:
        document = client.get("/healthz").json()
        assert (document["status"], document["election_id"]) == ("ok", election_id.hex())
        assert code_of(client.post("/v1/records", content=b"", headers=HEADERS)) == (401, "NO_CERTIFICATE")


def test_a_certificate_of_another_authority_gets_no_answer(
    directory: ElectionDirectory, server: ServerProcess, tmp_path: Path
) -> None:
    other = CertificateAuthority.create("cec.example", NOW, DAY)
    (tmp_path / "client.pem").write_bytes(other.issue_device("d0", DEVICE_KEYS[0].public_key, NOW, DAY))
    context = trust(directory)
    context.load_cert_chain(tmp_path / "client.pem", write_device_key(tmp_path / "key.pem", 0))
    with httpx.Client(verify=context, base_url=server.url) as client, pytest.raises(httpx.TransportError):
        client.get("/healthz")


def test_a_certificate_alone_makes_no_device(
    directory: ElectionDirectory, server: ServerProcess, tmp_path: Path, election_id: Hash
) -> None:
    """The authority's own certificate for a device's name, with a key that the log does not name."""
    stranger = Ed25519Signer(bytes([99]) * 32)
    pem = load_authority(directory).issue_device("d0", stranger.public_key, NOW, DAY)
    (tmp_path / "client.pem").write_bytes(pem)
    context = trust(directory)
    context.load_cert_chain(tmp_path / "client.pem", write_device_key(tmp_path / "key.pem", bytes([99]) * 32))
    with httpx.Client(verify=context, base_url=server.url) as client:
        body = msgspec.msgpack.encode([small_tally(election_id)])
        assert code_of(client.post("/v1/records", content=body, headers=HEADERS)) == (403, "UNKNOWN_DEVICE")


def test_whatever_is_sent_gets_a_coded_answer(
    directory: ElectionDirectory, server: ServerProcess, election_id: Hash
) -> None:
    with open_device(directory, server.url, 0) as client:
        for body, expected in [
            (b"", (400, "BAD_BATCH")),
            (bytes(1024 * 1024), (400, "BAD_BATCH")),
            (b"\xff" * 1024 * 1024, (400, "BAD_BATCH")),
            (bytes(1024 * 1024 + 1), (413, "TOO_LARGE")),
            (bytes(5 * 1024 * 1024), (413, "TOO_LARGE")),
            (bytes(15 * 1024 * 1024), (413, "TOO_LARGE")),
        ]:
            assert code_of(client.post("/v1/records", content=body, headers=HEADERS)) == expected
        assert code_of(client.post("/v1/records", content=b"")) == (415, "WRONG_TYPE")
        assert code_of(client.get("/v1/records")) == (405, "WRONG_METHOD")
        assert code_of(client.get("/v1/receipts/" + "00" * 32)) == (404, "NO_RECEIPT")
        verdicts = post_records(
            client, [b"garbage", bytes(65_536), small_tally(election_id, 1), small_tally(Hash(bytes(32)))]
        )
        assert [verdict[1] for verdict in verdicts] == [
            "NOT_CANONICAL",
            "RECORD_TOO_LONG",
            "FOREIGN_RECORD",
            "OTHER_ELECTION",
        ]
        record = small_tally(election_id)
        [[word, _, proof]] = post_records(client, [record])
        assert word == "receipt"
        assert client.get(f"/v1/receipts/{parse_record(record).leaf_hash.hex()}").content == proof


def test_one_server_runs_on_a_directory(directory: ElectionDirectory, server: ServerProcess) -> None:
    status, said, errors = run_command("run", "--dir", str(directory.root))
    assert (status, said, errors.split(":")[0]) == (1, "", "DIRECTORY_BUSY")
    assert server.process.poll() is None


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["run", "--dir", "{root}"], 1, "NOT_INITIALISED"),
        (["roster", "--dir", "{root}", "--enrolments", "{root}"], 1, "NOT_INITIALISED"),
        (["init", "--dir", "{root}", "--definition", "{root}/none"], 1, "DEFINITION_MISSING"),
        (["chain", "--dir", "{root}"], 1, "CHAIN_MISSING"),
        (["run", "--dir", "{root}", "--port", "65536"], 2, "a port is from 0 to 65535"),
        (["init", "--dir", "{root}", "--definition", "x", "--snapshot-seconds", "-1"], 2, "whole number"),
        ([], 2, "COMMAND"),
    ],
)
def test_wrong_use_ends_with_a_status_and_words(tmp_path: Path, arguments: list[str], status: int, words: str) -> None:
    found, said, errors = run_command(*(word.format(root=tmp_path) for word in arguments))
    assert (found, said) == (status, "")
    assert words in errors
    assert "Traceback" not in errors


def test_the_server_stops_by_either_signal(tmp_path: Path) -> None:
    directory = init_small(tmp_path)
    roster_small(directory)
    for number in (signal.SIGINT, signal.SIGTERM):
        with ServerProcess(directory) as server:
            server.process.send_signal(number)
            assert server.process.wait(60) == 0
    assert "Traceback" not in server.errors.read_text()
