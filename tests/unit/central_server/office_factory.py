"""The HTTP application over a real log, spoken to without a network."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from central_server.admission import Admission
from central_server.app import make_app
from central_server.append_queue import AppendQueue
from central_server.certificates import CertificateAuthority
from central_server.cosigned_receipts import CosignedReceipts
from central_server.device_shares import read_shares
from central_server.devices import Roster
from central_server.http_errors import REQUEST_REFUSALS
from central_server.http_protocol import PEER_CERTIFICATE
from central_server.ingest_counts import IngestCounts
from central_server.routes.receipts import ReceiptsRoute
from central_server.routes.records import RecordsRoute
from central_server.routes.rulings import RulingsRoute
from central_server.sodium_verifier import SodiumVerifier
from ledger.definition import Definition
from ledger.log import Log, Receipt
from ledger.note import Ed25519NoteSigner
from ledger.primitives import Hash, PublicKey
from ledger.signing import Ed25519Signer
from ledger.store.contract import Store
from ledger.store.durable import StorageError
from ledger.store.guard import FileGuard
from tests.unit.ledger.election_factory import DEVICE_KEYS, small_night

NOW = datetime(2027, 1, 24, 12, tzinfo=UTC)
AUTHORITY = CertificateAuthority.create("cec.example", NOW, timedelta(days=9))
ORIGIN = "cec.example/test/1"
RECORDS = "/v1/records"


def certificate(key: PublicKey) -> bytes:
    pem = AUTHORITY.issue_device("anyone", key, NOW, timedelta(days=1))
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


class KnownKeys:
    """Stands where the log's own reader of keys does: the small election's keys, whatever the log holds."""

    def __init__(self, definition: Definition) -> None:
        self.roster = Roster(definition)
        self.keys = definition.keys

    def read_on(self, _: Store) -> None:
        """Nothing is new."""


class Office:
    """The application over a real log, spoken to without a network, under a certificate of the test's choice."""

    def __init__(self, store: Store, guard: FileGuard) -> None:
        definition = small_night().fold.definition
        self.reader = KnownKeys(definition)
        self.roster = self.reader.roster
        self.election_id: Hash = self.roster.election_id
        self.signer = Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes([3]) * 32))
        self.log = Log(store, guard, self.signer)
        self.store = store
        self.peer: bytes | None = certificate(DEVICE_KEYS[0].public_key)
        self.failure: StorageError | None = None
        self.now = 0.0
        self.cosigned: CosignedReceipts | None = None
        self.counts = IngestCounts()
        self.shares = read_shares(store, lambda: self.now)

    def append(self, entries: Sequence[bytes]) -> list[Receipt]:
        if self.failure is not None:
            raise self.failure
        return self.log.append(entries)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx.AsyncClient]:
        with ThreadPoolExecutor(1) as executor:
            queue = AppendQueue(self.append, executor, lambda error: None)
            admission = Admission()
            receipts = ReceiptsRoute(self.roster, self.log, self.store, executor, self.cosigned)
            app = make_app(
                RecordsRoute(
                    self.roster,
                    SodiumVerifier(),
                    queue,
                    admission,
                    self.shares,
                    receipts.select_logged,
                    receipts.complete,
                    self.counts,
                    lambda: self.now,
                ),
                receipts,
                RulingsRoute(self.reader, self.store, SodiumVerifier(), queue, executor),
                lambda: {"status": "failing" if queue.problem else "ok"},
            )

            async def with_certificate(scope: Any, receive: Any, send: Any) -> None:
                scope["extensions"] = {PEER_CERTIFICATE: self.peer}
                await app(scope, receive, send)

            writer = asyncio.create_task(queue.run())
            transport = httpx.ASGITransport(app=with_certificate, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="https://server.example") as client:
                yield client
            queue.close()
            await writer

    def send(self, method: str, path: str, body: Any = None, media_type: str | None = "application/msgpack") -> Any:
        """One request on its own; the answer."""

        async def main() -> httpx.Response:
            async with self.open() as client:
                headers = {} if media_type is None else {"Content-Type": media_type}
                return await client.request(method, path, content=body, headers=headers)

        return asyncio.run(main())

    def post(self, *records: bytes) -> list[list[Any]]:
        answer = self.send("POST", RECORDS, msgspec.msgpack.encode(records))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/msgpack")
        found: list[list[Any]] = msgspec.msgpack.decode(answer.content)
        return found


def refusal(answer: httpx.Response) -> str:
    """The code of a whole refusal, whose form is checked on the way."""
    document = answer.json()
    assert document.keys() == {"code", "message", "retry"}
    known = REQUEST_REFUSALS[document["code"]]
    assert (answer.status_code, document["retry"]) == (known.status, known.retry)
    assert ("retry-after" in answer.headers) == known.retry
    code: str = document["code"]
    return code
