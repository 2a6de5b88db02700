"""Every request gets a coded answer: receipts and refusals in the batch's order, whole refusals by the one table."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from central_server.admission import MAX_REQUESTS_OF_DEVICE
from central_server.http_errors import MAX_MESSAGE
from central_server.ingest import Refused
from central_server.routes import receipts as receipts_route
from central_server.routes.records import encode_answer
from ledger.log import initialise_guard
from ledger.proof import verify_tlog_proof
from ledger.record import parse_record
from ledger.signing import Ed25519Signer
from ledger.store.durable import StorageError
from ledger.store.guard import FileGuard
from ledger.store.sqlite import SqliteStore
from tests.unit.central_server.office_factory import ORIGIN, RECORDS, Office, certificate, refusal
from tests.unit.central_server.server_factory import small_tally
from tests.unit.ledger.election_factory import DEVICE_KEYS


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with SqliteStore.create(tmp_path / "log.sqlite", ORIGIN) as store:
        guard = FileGuard(tmp_path / "guard", ORIGIN)
        initialise_guard(store, guard)
        yield Office(store, guard)


def test_receipts_verify_and_are_the_same_again(office: Office) -> None:
    record = small_tally(office.election_id)
    [[word, index, proof]] = office.post(record)
    assert (word, index) == ("receipt", 0)
    assert verify_tlog_proof(proof, record, office.signer.key).leaf_index == 0
    office.post(small_tally(office.election_id, seq=2))
    assert office.post(record) == [["receipt", 0, proof]]
    again = office.send("GET", f"/v1/receipts/{parse_record(record).leaf_hash.hex()}")
    assert (again.status_code, again.headers["content-type"]) == (200, "application/octet-stream")
    assert again.content == proof


def test_verdicts_come_in_the_order_of_the_records(office: Office) -> None:
    first, second = small_tally(office.election_id), small_tally(office.election_id, seq=2)
    foreign = small_tally(office.election_id, device=1)
    verdicts = office.post(b"garbage", second, foreign, first, second)
    assert [verdict[:2] for verdict in verdicts] == [
        ["refused", "NOT_CANONICAL"],
        ["receipt", 0],
        ["refused", "FOREIGN_RECORD"],
        ["receipt", 1],
        ["receipt", 0],
    ]
    assert verdicts[0][3] is False
    assert office.store.entries(0, 9) == [second, first]


def test_nothing_is_appended_where_all_is_refused(office: Office) -> None:
    assert [verdict[0] for verdict in office.post(b"a", b"b")] == ["refused", "refused"]
    assert office.store.head().size == 0


def test_who_is_not_a_device_is_told_so(office: Office) -> None:
    body = msgspec.msgpack.encode([small_tally(office.election_id)])
    for path, method, sent in ((RECORDS, "POST", body), ("/v1/receipts/" + "0" * 64, "GET", None)):
        office.peer = None
        assert refusal(office.send(method, path, sent)) == "NO_CERTIFICATE"
        office.peer = certificate(Ed25519Signer(bytes([99]) * 32).public_key)
        assert refusal(office.send(method, path, sent)) == "UNKNOWN_DEVICE"
    assert office.store.head().size == 0


@pytest.mark.parametrize(
    ("body", "media_type", "code"),
    [
        (b"\x91\xc4\x01a", "application/json", "WRONG_TYPE"),
        (b"\x91\xc4\x01a", None, "WRONG_TYPE"),
        (b"not a batch", "application/msgpack", "BAD_BATCH"),
        (b"", "application/msgpack", "BAD_BATCH"),
        (bytes(1024 * 1024 + 1), "application/msgpack", "TOO_LARGE"),
        (msgspec.msgpack.encode([b"x"] * 101), "application/msgpack; charset=binary", "BAD_BATCH"),
    ],
)
def test_a_bad_body_is_refused_whole(office: Office, body: bytes, media_type: str | None, code: str) -> None:
    assert refusal(office.send("POST", RECORDS, body, media_type)) == code


def test_a_body_of_unknown_length_has_the_same_bound(office: Office) -> None:
    read: list[int] = []

    async def long() -> AsyncIterator[bytes]:
        for number in range(100):
            read.append(number)
            yield bytes(64 * 1024)

    assert refusal(office.send("POST", RECORDS, long())) == "TOO_LARGE"
    assert len(read) < 20


def test_the_words_to_one_record_are_bounded() -> None:
    [[_, code, message, retry]] = msgspec.msgpack.decode(encode_answer([Refused("NOT_CANONICAL", "x" * 9_000)], []))
    assert (code, len(message), retry) == ("NOT_CANONICAL", MAX_MESSAGE, False)


def test_other_addresses_and_methods_get_coded_answers(office: Office) -> None:
    assert refusal(office.send("GET", "/")) == "NOT_FOUND"
    assert refusal(office.send("GET", "/v1/records/")) == "NOT_FOUND"
    assert refusal(office.send("GET", "/docs")) == "NOT_FOUND"
    assert refusal(office.send("GET", RECORDS)) == "WRONG_METHOD"
    assert refusal(office.send("PUT", "/healthz")) == "WRONG_METHOD"
    assert refusal(office.send("GET", "/v1/receipts/xyz")) == "BAD_REQUEST"
    assert refusal(office.send("GET", "/v1/receipts/" + "0" * 64)) == "NO_RECEIPT"


@pytest.mark.parametrize("path", [RECORDS, "/healthz", "/v1/receipts/" + "0" * 64, "/nowhere"])
def test_questions_have_no_body(office: Office, path: str) -> None:
    """Nobody reads it, and a connection would wait for its end."""

    async def body() -> AsyncIterator[bytes]:
        yield b"x"

    for sent in (b"x", body()):
        answer = office.send("GET", path, sent)
        assert (refusal(answer), answer.headers["connection"]) == ("UNEXPECTED_BODY", "close")
    assert office.send("GET", "/healthz", b"").status_code == 200


def test_a_full_disk_is_told_with_a_time_to_come_again(office: Office) -> None:
    office.failure = StorageError("DISK_FULL", "/secret/path is full")
    answer = office.send("POST", RECORDS, msgspec.msgpack.encode([small_tally(office.election_id)]))
    assert refusal(answer) == "STORAGE_FULL"
    assert "secret" not in answer.text


def test_health_needs_no_certificate_and_says_when_appends_fail(office: Office) -> None:
    office.peer = None
    assert office.send("GET", "/healthz").json() == {"status": "ok"}
    assert office.send("HEAD", "/healthz").status_code == 200

    async def main() -> httpx.Response:
        async with office.open() as client:
            office.peer, office.failure = certificate(DEVICE_KEYS[0].public_key), StorageError("DISK_FULL", "full")
            body = msgspec.msgpack.encode([small_tally(office.election_id)])
            await client.post(RECORDS, content=body, headers={"Content-Type": "application/msgpack"})
            return await client.get("/healthz")

    assert asyncio.run(main()).status_code == 503


def test_a_fault_of_this_program_is_answered_as_one(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(body: bytes) -> list[bytes]:
        raise ZeroDivisionError

    monkeypatch.setattr("central_server.routes.records.parse_batch", fail)
    assert refusal(office.send("POST", RECORDS, b"\x91\xc4\x01a")) == "INTERNAL"


def test_one_device_cannot_take_all_the_room(office: Office) -> None:
    """A third request while two of the same device are being answered is refused; another device's is not."""

    async def main() -> list[int]:
        async with office.open() as client:
            release = asyncio.Event()
            begun: list[None] = []

            async def slow() -> AsyncIterator[bytes]:
                begun.append(None)
                yield b"\x91"
                await release.wait()
                yield b"\xc4\x01a"

            headers = {"Content-Type": "application/msgpack"}

            def post(body: bytes | AsyncIterator[bytes]) -> asyncio.Task[httpx.Response]:
                return asyncio.create_task(client.post(RECORDS, content=body, headers=headers))

            slow_ones = [post(slow()) for _ in range(MAX_REQUESTS_OF_DEVICE)]
            while len(begun) < MAX_REQUESTS_OF_DEVICE:
                await asyncio.sleep(0)
            assert refusal(await post(b"\x91\xc4\x01a")) == "BUSY"
            office.peer = certificate(DEVICE_KEYS[1].public_key)
            other = await post(b"\x91\xc4\x01a")
            release.set()
            return [other.status_code, *(answer.status_code for answer in await asyncio.gather(*slow_ones))]

    assert asyncio.run(main()) == [200, 200, 200]


def test_too_many_questions_for_receipts_are_put_off(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts_route, "MAX_WAITING", 0)
    assert refusal(office.send("GET", "/v1/receipts/" + "0" * 64)) == "BUSY"
