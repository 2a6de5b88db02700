"""The witness as a process: on HTTP, with bounds, through kill -9, and with many at once."""

import contextlib
import http.client
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.evidence import Fork, parse_evidence, verify_fork
from ledger.note import encode_note, parse_note, verify_note
from ledger.observer.witness_server import MAX_CONNECTIONS
from ledger.witness_protocol import MAX_REQUEST, parse_cosignatures, parse_size
from tests.system.witness_process import RunningWitness, make_keys, running_witness
from tests.unit.ledger.observer.witness_factory import LOG, head, request


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "witness"
    make_keys(folder)
    return folder


@pytest.fixture
def witness(data: Path) -> Iterator[RunningWitness]:
    with running_witness(data, LOG.key) as running:
        yield running


def test_the_key_file_is_its_owner_s_and_stays(data: Path) -> None:
    path = data / "witness.key"
    before = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Exception, match="exit status 1"):
        make_keys(data)
    assert path.read_bytes() == before


def test_a_log_is_cosigned_over_one_connection(witness: RunningWitness) -> None:
    connection = witness.connect()
    for old, size in ((0, 1), (1, 5), (5, 300)):
        status, body = witness.post(request(old, size), connection)
        assert status == 200
        note = encode_note(parse_note(head(size)).text, parse_cosignatures(body))
        assert len(verify_note(parse_note(note), witness.keys).signatures) == 2
    assert witness.post(request(5, 301), connection) == (409, b"300\n")
    assert witness.post(request(300, 400, fork_at=7), connection)[0] == 422
    connection.close()


def test_it_stops_when_told_and_remembers(data: Path) -> None:
    with running_witness(data, LOG.key) as first:
        assert first.post(request(0, 5))[0] == 200
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(30) == 0
    with running_witness(data, LOG.key) as second:
        assert second.keys == first.keys
        assert second.post(request(0, 6)) == (409, b"5\n")


def test_a_fork_is_kept_as_a_file_that_proves_it(witness: RunningWitness, data: Path) -> None:
    witness.post(request(0, 5))
    assert witness.post(request(5, 5, fork_at=2))[0] == 422
    [path] = (data / "evidence").iterdir()
    fork = parse_evidence(path.read_bytes())
    assert isinstance(fork, Fork) and verify_fork(fork, [LOG.key]).first.size == 5


def test_of_many_at_one_old_size_one_wins(witness: RunningWitness) -> None:
    """Whoever loses learns the size that the winner has brought."""
    old = 0
    with ThreadPoolExecutor(8) as pool:
        for base in (10, 30, 50):
            bodies = [request(old, base + more) for more in range(8)]
            answers = [*pool.map(witness.post, bodies)]
            assert sorted(status for status, _ in answers) == [200] + [409] * 7
            sizes = {parse_size(body) for status, body in answers if status == 409}
            [old] = sizes
            assert answers[old - base][0] == 200


def test_nothing_that_was_answered_is_lost_by_kill_9(data: Path) -> None:
    """Killed while it cosigns as fast as it can: what it has cosigned, it still knows, and extends nothing else."""
    size = 0
    for round_number in range(4):
        with running_witness(data, LOG.key) as witness:
            status, body = witness.post(request(0, 0) if size == 0 else request(0, size))
            if size:
                # It may have stored one more, whose answer was lost.
                assert status == 409 and size <= parse_size(body) <= size + 1
                size = parse_size(body)
                assert witness.post(request(size, size + 1, fork_at=size - 1))[0] == 422
            acknowledged = threading.Semaphore(0)

            def cosign(witness: RunningWitness, first: int, acknowledged: threading.Semaphore) -> int:
                last = first
                with (
                    contextlib.closing(witness.connect()) as connection,
                    contextlib.suppress(OSError, http.client.HTTPException),
                ):
                    while True:
                        status, _ = witness.post(request(last, last + 1), connection)
                        if status == 200:
                            last += 1
                            acknowledged.release()
                return last

            with ThreadPoolExecutor(1) as pool:
                future = pool.submit(cosign, witness, size, acknowledged)
                for _ in range(3 + round_number):
                    assert acknowledged.acquire(timeout=60)
                witness.process.kill()
                size = future.result(60)
    assert size > 12


def raw(witness: RunningWitness, data: bytes) -> bytes:
    """What comes back, until the server closes."""
    with socket.create_connection(("127.0.0.1", witness.port), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MAX_REQUEST + 1), 413),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404),
        (b"GET /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"\x16\x03\x01 nonsense\r\n\r\n", 400),
    ],
)
def test_requests_that_are_none_are_refused(witness: RunningWitness, words: bytes, status: int) -> None:
    assert b" %d " % status in raw(witness, words).partition(b"\r\n")[0]
    assert witness.post(request(0, 1))[0] == 200


def test_half_a_request_is_not_answered(witness: RunningWitness) -> None:
    assert raw(witness, b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nold 0") == b""


def test_too_many_connections_are_closed_and_room_comes_back(witness: RunningWitness) -> None:
    held = [socket.create_connection(("127.0.0.1", witness.port), timeout=30) for _ in range(MAX_CONNECTIONS)]
    with pytest.raises((OSError, http.client.HTTPException)):
        witness.post(request(0, 1))
    for connection in held:
        connection.close()
    for _ in range(1000):
        try:
            status, _ = witness.post(request(0, 1))
        except (OSError, http.client.HTTPException):
            continue
        assert status == 200
        return
    raise AssertionError("no room came back")
