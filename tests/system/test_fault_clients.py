"""Clients that send garbage, too much, too slowly, or what is not theirs: each is told a code, others are served."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import msgspec
import pytest

from central_server.device_shares import REPEATS_AT_ONCE
from central_server.directory import ElectionDirectory
from central_server.http_errors import RECORD_REFUSALS, REQUEST_REFUSALS
from central_server.keys import load_key
from central_server.log_access import open_log
from ledger.primitives import Hash
from ledger.record import sign_record
from ledger.rulings import Authority
from ledger.signing import Ed25519Signer
from ledger.store.sqlite import SqliteStore
from tests.system.honest_device import HonestDevice
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import init_small, roster_small, small_tally, write_device_key
from tests.unit.central_server.server_process import ServerProcess, open_device, post_records, read_latest, trust
from tests.unit.ledger.election_factory import DEVICE_KEYS
from urn_agent.delivery import RECORDS_TYPE

HEADERS = {"Content-Type": RECORDS_TYPE}
REVOKED = 2
"""The spare device: its key was revoked before the night."""


@pytest.fixture(scope="module")
def election(tmp_path_factory: pytest.TempPathFactory) -> tuple[ElectionDirectory, Hash]:
    directory = init_small(tmp_path_factory.mktemp("faults"))
    state = roster_small(directory)
    election_id = Hash.from_hex(state.election_id)
    key_id = bytes(DEVICE_KEYS[REVOKED].public_key.key_id)
    act = Authority(election_id, "revoke_key", "stolen", "1/1", key_id=key_id)
    with SqliteStore(directory.log, state.origin) as store:
        open_log(directory, store).append(
            [sign_record(act, [Ed25519Signer(load_key(directory.election_key, "ed25519"))])]
        )
    return directory, election_id


@pytest.fixture(scope="module")
def server(election: tuple[ElectionDirectory, Hash]) -> Iterator[ServerProcess]:
    with ServerProcess(election[0]) as server:
        yield server
        assert server.stop() == 0
        assert "Traceback" not in server.errors.read_text()


@pytest.fixture
def honest(election: tuple[ElectionDirectory, Hash], server: ServerProcess) -> Iterator[HonestDevice]:
    device = HonestDevice(*election, server.url)
    device.start()
    yield device
    device.expect_service()
    device.stop()


def code_of(answer: httpx.Response) -> str:
    document = answer.json()
    assert (answer.status_code, document["retry"]) == (
        REQUEST_REFUSALS[document["code"]].status,
        REQUEST_REFUSALS[document["code"]].retry,
    )
    return str(document["code"])


def codes(verdicts: Sequence[Sequence[Any]]) -> list[str]:
    for verdict in verdicts:
        if verdict[0] == "refused":
            assert verdict[3] == RECORD_REFUSALS[verdict[1]].retry
    return ["" if verdict[0] == "receipt" else verdict[1] for verdict in verdicts]


@contextmanager
def connection(directory: ElectionDirectory, url: str, place: int | None) -> Iterator[ssl.SSLSocket]:
    """Of a device, or of a stranger, to be written to by the byte."""
    context = trust(directory)
    if place is not None:
        key = write_device_key(directory.root.parent / f"raw{place}.pem", place)
        context.load_cert_chain(directory.bundles / f"d{place}" / "client.pem", key)
    raw = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 60)
    with context.wrap_socket(raw, server_hostname="127.0.0.1") as secured:
        yield secured


def read_refusal(connection: ssl.SSLSocket) -> str:
    """The code of the answer with which the server ends the connection."""
    received = b""
    try:
        while data := connection.recv(65_536):
            received += data
    except ConnectionError:
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower(), received
    return str(json.loads(body)["code"])


def test_what_is_not_theirs_is_refused_record_by_record(
    election: tuple[ElectionDirectory, Hash], server: ServerProcess, honest: HonestDevice
) -> None:
    """Garbage, another's record that was overheard, another election's, a kind that no device sends; one good one."""
    directory, election_id = election
    good = small_tally(election_id, 0)
    overheard = small_tally(election_id, 1)
    act = sign_record(Authority(election_id, "revoke_key", "x", "1", key_id=bytes(32)), [DEVICE_KEYS[0]])
    with open_device(directory, server.url, 0) as client:
        verdicts = post_records(client, [b"garbage", overheard, small_tally(Hash(bytes(32))), act, good])
        assert codes(verdicts) == ["NOT_CANONICAL", "FOREIGN_RECORD", "OTHER_ELECTION", "KIND_NOT_ACCEPTED", ""]
        assert post_records(client, [good])[0] == verdicts[-1]
        for body, code in [
            (b"\xc1garbage", "BAD_BATCH"),
            (b"\x91" * 500_000, "BAD_BATCH"),
            (bytes(3 * 1024 * 1024), "TOO_LARGE"),
            (msgspec.msgpack.encode([good] * 101), "BAD_BATCH"),
        ]:
            assert code_of(client.post("/v1/records", content=body, headers=HEADERS)) == code
        assert code_of(client.request("GET", "/healthz", content=b"x")) == "UNEXPECTED_BODY"
    with connection(directory, server.url, None) as stranger:
        stranger.sendall(b"\x16\x03 not HTTP\r\n\r\n")
        assert read_refusal(stranger) == "BAD_REQUEST"
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), 60) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while plain.recv(65_536):
            pass
    assert server.errors.read_text() == "", "nobody but the operator's own troubles fills the operator's log"
    honest.expect_service()


def test_a_revoked_device_is_answered_and_counts_nothing(
    election: tuple[ElectionDirectory, Hash], server: ServerProcess, honest: HonestDevice
) -> None:
    """What it signs is evidence: it is logged, with a receipt, and held for all to see."""
    directory, election_id = election
    with open_device(directory, server.url, REVOKED) as client:
        assert codes(post_records(client, [small_tally(election_id, REVOKED, votes=99)])) == [""]
    honest.expect_service()
    wait_until(lambda: bool(read_latest(directory)["held"]), "the record is published as held")
    latest = read_latest(directory)
    assert latest["held"] == {"REVOKED_KEY": 1}
    assert all(row["votes"] < 99 for contest in latest["contests"] for row in contest["selections"])


def test_the_same_record_again_and_again_is_put_off(
    election: tuple[ElectionDirectory, Hash], server: ServerProcess, honest: HonestDevice
) -> None:
    directory, election_id = election
    record = small_tally(election_id, 0)
    with open_device(directory, server.url, 0) as client:
        body = msgspec.msgpack.encode([record] * 100)
        answers = [
            client.post("/v1/records", content=body, headers=HEADERS) for _ in range(REPEATS_AT_ONCE // 100 + 20)
        ]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused and {code_of(answer) for answer in refused} == {"TOO_MANY_REPEATS"}
    assert all(answer.headers["retry-after"] == "5" for answer in refused)
    honest.expect_service()


def test_a_crowd_of_strangers_does_not_lock_devices_out(
    election: tuple[ElectionDirectory, Hash], server: ServerProcess, honest: HonestDevice
) -> None:
    """Some say nothing, some half a head; a device that comes later is served, and so is a monitor."""
    directory, _ = election
    with ExitStack() as stack:
        for place in range(300):
            stranger = stack.enter_context(connection(directory, server.url, None))
            if place % 2:
                stranger.sendall(b"GET / HT")
        honest.expect_service()
        with open_device(directory, server.url, 0) as late:
            assert code_of(late.get("/v1/receipts/" + "00" * 32)) == "NO_RECEIPT"
        with httpx.Client(verify=trust(directory), base_url=server.url) as monitor:
            assert monitor.get("/healthz").status_code == 200
    with connection(directory, server.url, None) as slow:
        slow.sendall(b"GET / HT")
        assert read_refusal(slow) == "TOO_SLOW"


@pytest.mark.slow
def test_a_slow_device_is_told_and_holds_up_nobody(
    election: tuple[ElectionDirectory, Hash], server: ServerProcess, honest: HonestDevice
) -> None:
    """A head that does not end, and a body of which a byte comes now and then."""
    directory, _ = election
    post = b"POST /v1/records HTTP/1.1\r\nHost: a\r\nContent-Type: application/msgpack\r\nContent-Length: 1000\r\n\r\n"
    with connection(directory, server.url, REVOKED) as head, connection(directory, server.url, REVOKED) as body:
        head.sendall(post[:20])
        body.sendall(post)
        answers: list[str] = []
        listening = threading.Thread(target=lambda: answers.append(read_refusal(body)))
        listening.start()
        while listening.is_alive():
            honest.expect_service()
            try:
                body.sendall(b"x")
            except OSError:
                break
            listening.join(1)
        listening.join(60)
        assert answers == ["TOO_SLOW"]
        assert read_refusal(head) == "TOO_SLOW"
