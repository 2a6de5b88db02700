"""The uplink against a TLS server: what arrives, and the one code for each way in which nothing does."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.urn_agent.bundle_factory import write_bundle
from tests.unit.urn_agent.tls_server import Answer, FakeServer, running_server
from urn_agent.delivery import parse_date
from urn_agent.keys import DeviceKey, create_key
from urn_agent.uplink import MAX_ANSWER, Uplink, UplinkError, UplinkSettings

OTHER_AUTHORITY = Ed25519PrivateKey.from_private_bytes(bytes([60]) * 32)
BODY = msgspec.msgpack.encode([b"record"])


@pytest.fixture
def key(tmp_path: Path) -> DeviceKey:
    return create_key(tmp_path / "device.key", bytes([10]) * 32)


@pytest.fixture
def connect(tmp_path: Path, key: DeviceKey) -> Callable[[str], Uplink]:
    root = write_bundle(tmp_path / "bundle", key.public_key)
    return lambda url: Uplink(UplinkSettings(url, root / "ca.pem", root / "client.pem", tmp_path / "device.key"))


@pytest.fixture
def server(tmp_path: Path, key: DeviceKey) -> Iterator[FakeServer]:
    with running_server(tmp_path / "server", key.public_key) as running:
        yield running


def fail(connect: Callable[[str], Uplink], url: str) -> UplinkError:
    with connect(url) as uplink, pytest.raises(UplinkError) as caught:
        uplink.send_records(BODY)
    return caught.value


def test_records_arrive_with_the_devices_certificate(connect: Callable[[str], Uplink], server: FakeServer) -> None:
    with connect(server.url + "/") as uplink:
        for _ in range(2):
            answer = uplink.send_records(BODY)
            assert (answer.status, answer.content_type) == (200, "application/msgpack")
            assert parse_date(answer.date) is not None
    assert server.log.entries == [b"record"]


def test_settings_of_the_machine_do_not_lead_records_elsewhere(
    tmp_path: Path, connect: Callable[[str], Uplink], key: DeviceKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy, another set of authorities: this machine belongs to one purpose. The question for health is no other."""
    for name in ("HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    with (
        running_server(tmp_path / "server", key.public_key) as server,
        connect(server.url) as uplink,
    ):
        assert uplink.send_records(BODY).status == 200
        server.interfere = lambda body: (0, {}, b"")
        codes = []
        for _ in range(2):
            with pytest.raises(UplinkError) as caught:
                uplink.send_records(BODY)
            codes.append(caught.value.code)
    assert codes == ["UPLINK_CUT_OFF", "UPLINK_CERTIFICATE_REFUSED"], "the healthy server was reached"


def test_coded_answers_come_through(connect: Callable[[str], Uplink], server: FakeServer) -> None:
    server.known.clear()
    with connect(server.url) as uplink:
        answer = uplink.send_records(BODY)
        assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (403, "UNKNOWN_DEVICE")
        server.interfere = lambda body: (503, {"Retry-After": "7"}, b"{}")
        assert uplink.send_records(BODY).retry_after == "7"


def test_nobody_there(connect: Callable[[str], Uplink]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = fail(connect, f"https://127.0.0.1:{port}")
    assert (error.code, error.needs_people) == ("UPLINK_UNREACHABLE", False)
    assert error.__cause__ is not None


def test_a_server_of_another_authority_gets_nothing(
    tmp_path: Path, connect: Callable[[str], Uplink], key: DeviceKey
) -> None:
    with running_server(tmp_path / "server", key.public_key, signer=OTHER_AUTHORITY) as impostor:
        error = fail(connect, impostor.url)
        assert (error.code, error.needs_people) == ("UPLINK_SERVER_NOT_TRUSTED", True)
        assert impostor.log.entries == []


def test_a_certificate_that_the_server_does_not_take_is_told_from_an_outage(
    tmp_path: Path, connect: Callable[[str], Uplink], key: DeviceKey
) -> None:
    """The handshake breaks off, and yet the server answers to a client without a certificate."""
    codes = []
    with (
        running_server(tmp_path / "server", key.public_key, clients=OTHER_AUTHORITY) as strict,
        connect(strict.url) as uplink,
    ):
        for _ in range(3):
            with pytest.raises(UplinkError) as caught:
                uplink.send_records(BODY)
            codes.append((caught.value.code, caught.value.needs_people))
    refused = ("UPLINK_CERTIFICATE_REFUSED", True)
    assert codes == [("UPLINK_CUT_OFF", False), refused, refused]


def test_a_server_that_cuts_off_and_is_gone(connect: Callable[[str], Uplink]) -> None:
    """It takes connections and closes them: no health either, so an outage."""
    listener = socket.create_server(("127.0.0.1", 0))

    def close_each() -> None:
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()

    closing = threading.Thread(target=close_each)
    closing.start()
    with connect(f"https://127.0.0.1:{listener.getsockname()[1]}") as uplink:
        for _ in range(3):
            with pytest.raises(UplinkError) as caught:
                uplink.send_records(BODY)
            # How far the handshake got by then depends on the machine.
            assert caught.value.code in ("UPLINK_CUT_OFF", "UPLINK_UNREACHABLE")
            assert not caught.value.needs_people
    # Ends the thread's waiting; closing alone would not.
    listener.shutdown(socket.SHUT_RDWR)
    closing.join()
    listener.close()


def test_a_restarted_server_is_no_refusal(connect: Callable[[str], Uplink], server: FakeServer) -> None:
    """A connection cut off now and then, with answers in between, says nothing about the certificate."""
    cut = iter([True, False, True, False])
    server.interfere = lambda body: (0, {}, b"") if next(cut) else None
    with connect(server.url) as uplink:
        for _ in range(2):
            with pytest.raises(UplinkError) as caught:
                uplink.send_records(BODY)
            assert caught.value.code == "UPLINK_CUT_OFF"
            assert uplink.send_records(BODY).status == 200


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {}, bytes(MAX_ANSWER + 1)), "UPLINK_ANSWER_TOO_LONG"),
        ((0, {}, b""), "UPLINK_CUT_OFF"),
        ((200, {"Content-Length": "5", "Connection": "close"}, b"abc"), "UPLINK_CUT_OFF"),
    ],
)
def test_an_answer_that_is_cut_off_or_endless(
    connect: Callable[[str], Uplink], server: FakeServer, answer: Answer, code: str
) -> None:
    server.interfere = lambda body: answer
    assert fail(connect, server.url).code == code


def test_a_compressed_answer_is_not_unpacked(connect: Callable[[str], Uplink], server: FakeServer) -> None:
    """A few bytes on the line must not become many in memory."""
    server.interfere = lambda body: (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b not even gzip")
    with connect(server.url) as uplink:
        assert uplink.send_records(BODY).body == b"\x1f\x8b not even gzip"
    assert server.accepted_encoding == "identity"


def test_files_that_do_not_fit_are_refused_at_once(tmp_path: Path, key: DeviceKey) -> None:
    root = write_bundle(tmp_path / "bundle", key.public_key)
    (root / "client.pem").write_bytes((root / "ca.pem").read_bytes())
    with pytest.raises(UplinkError) as caught:
        Uplink(UplinkSettings("https://127.0.0.1", root / "ca.pem", root / "client.pem", tmp_path / "device.key"))
    assert (caught.value.code, caught.value.needs_people) == ("UPLINK_SETTINGS", True)
