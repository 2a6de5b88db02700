"""``POST /v1/rulings``: one signed ruling in, its receipt out.

Who sends it does not matter and is not asked: the officials' signatures are its authority, and whether it takes effect
is judged by the fold. Asked here is what keeps strangers out of the log: that it is a ruling of this election, and
that its signatures verify by keys that the log names up to its end. Sending one again gives its receipt again.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from central_server.append_queue import AppendQueue
from central_server.devices import Roster
from central_server.http_errors import RequestError, request_error
from central_server.ingest import Accepted
from ledger.canonical import MAX_ENTRY
from ledger.errors import FormatError, SignatureError, TunukError, UnjudgeableError
from ledger.key_book import NamedKeys
from ledger.record import VerifiedRecord, parse_record, verify_record
from ledger.rulings import Authority, Decision, Return
from ledger.signing import Verifier
from ledger.store.contract import Store

PATH = "/v1/rulings"
MAX_WAITING = 8
"""Rulings that are read, verified and appended at a time, one after the other; more are told to come again."""

BODY_SECONDS = 30.0

_T = TypeVar("_T")


class KeyReader(Protocol):
    """As ``devices.RosterReader``."""

    @property
    def roster(self) -> Roster: ...

    @property
    def keys(self) -> NamedKeys: ...

    def read_on(self, store: Store) -> None: ...


class RulingsRoute:
    """``reader`` is for this route alone; ``executor`` has one thread."""

    def __init__(
        self, reader: KeyReader, store: Store, verifier: Verifier, queue: AppendQueue, executor: Executor
    ) -> None:
        self._reader = reader
        self._store = store
        self._verifier = verifier
        self._queue = queue
        self._executor = executor
        self._waiting = 0

    async def post(self, request: Request) -> Response:
        """Raises RequestError for what is not logged."""
        # Who sends slowly keeps nobody else waiting: the places are for rulings that are here.
        data = await _read_body(request)
        if self._waiting >= MAX_WAITING:
            raise RequestError("BUSY", "several rulings are being logged; send it again in a moment")
        self._waiting += 1
        try:
            record = await self._run(lambda: self._verify(data))
            [receipt] = await self._queue.submit([Accepted(data, record)])
            # So that a device which it names or replaces is known from now on.
            await self._run(lambda: self._reader.read_on(self._store))
        finally:
            self._waiting -= 1
        return Response(receipt.tlog_proof, media_type="application/octet-stream")

    async def _run(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except TunukError as error:
            raise request_error(error) from error

    def _verify(self, data: bytes) -> VerifiedRecord:
        try:
            record = parse_record(data)
            if not isinstance(record.body, Authority | Decision | Return):
                raise RequestError("BAD_RULING", f"records of kind {record.kind} are not sent here")
            if record.body.election_id != self._reader.roster.election_id:
                raise RequestError("BAD_RULING", f"it is of election {record.body.election_id.hex()}, not of this one")
            self._reader.read_on(self._store)
            return verify_record(record, self._reader.keys, self._verifier)
        except (FormatError, UnjudgeableError) as error:
            raise RequestError("BAD_RULING", f"{error.code}: {error.message}") from error
        except SignatureError as error:
            raise RequestError("NOT_AUTHORISED", f"{error.code}: {error.message}") from error


async def _read_body(request: Request) -> bytes:
    data = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > MAX_ENTRY:
                    raise RequestError("TOO_LARGE", f"a ruling has at most {MAX_ENTRY} bytes")
    except TimeoutError as error:
        raise RequestError("TOO_SLOW", f"the ruling did not arrive within {BODY_SECONDS:.0f} seconds") from error
    except ClientDisconnect as error:
        raise RequestError("BAD_REQUEST", "the client went away before the ruling had arrived") from error
    return data
