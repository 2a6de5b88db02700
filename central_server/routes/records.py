"""``POST /v1/records``: a batch of signed records in, a receipt or a coded refusal for each out.

The one busy route: it reads, lets ``ingest`` judge, waits for the append, and answers. It holds no rule of its own. It
is spoken to in plain ASGI, since a framework's request and response cost more than the verification of a signature.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

import msgspec
from starlette.types import Receive, Scope, Send

from central_server.admission import Admission
from central_server.append_queue import AppendQueue
from central_server.device_shares import DeviceShares
from central_server.devices import KnownDevice, Roster
from central_server.http_errors import MAX_MESSAGE, RECORD_REFUSALS, RequestError, request_error
from central_server.ingest import MAX_BODY, Accepted, Refused, parse_batch, verify_records
from central_server.ingest_counts import IngestCounts
from central_server.routes.clients import require_device
from ledger.errors import FormatError
from ledger.log import Receipt
from ledger.primitives import Hash
from ledger.signing import Verifier

PATH = "/v1/records"
MEDIA_TYPE = "application/msgpack"

BODY_SECONDS = 30.0
"""A body of 1 MiB over a slow mobile line; who needs longer sends fewer records at once."""

_ENCODER = msgspec.msgpack.Encoder()


class RecordsRoute:
    """The endpoint, an ASGI application of its own."""

    def __init__(
        self,
        roster: Roster,
        verifier: Verifier,
        queue: AppendQueue,
        admission: Admission,
        shares: DeviceShares,
        select_logged: Callable[[Collection[Hash]], Awaitable[set[Hash]]],
        complete: Callable[[list[Receipt]], Awaitable[list[Receipt]]],
        counts: IngestCounts,
        monotonic: Callable[[], float],
    ) -> None:
        """``select_logged`` gives those of some leaf hashes that the log has; asked of a device beyond its quota.

        ``complete`` puts witnesses' signatures to receipts, where they are asked and have signed.
        """
        self._roster = roster
        self._verifier = verifier
        self._queue = queue
        self._admission = admission
        self._shares = shares
        self._select_logged = select_logged
        self._complete = complete
        self._counts = counts
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises RequestError, with nothing sent, for a whole request that is refused."""
        try:
            if scope["method"] != "POST":
                raise RequestError("WRONG_METHOD", "records are sent by POST")
            answer = await self._take(scope, receive)
        except RequestError as error:
            self._counts.requests_refused[error.code] += 1
            raise
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _take(self, scope: Scope, receive: Receive) -> bytes:
        started = self._monotonic()
        device = require_device(scope, self._roster)
        headers = dict(scope["headers"])
        media_type = headers.get(b"content-type", b"").decode("latin-1")
        if media_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise RequestError("WRONG_TYPE", f"send the records as {MEDIA_TYPE}")
        length = _announced_length(headers.get(b"content-length", b""))
        with self._admission.admit(device.id, length):
            self._shares.require_patience(device)
            try:
                records = parse_batch(await _read_body(receive))
            except FormatError as error:
                raise request_error(error) from error
            verdicts = verify_records(records, device.key, self._roster.election_id, self._verifier)
            verdicts = await self._hold_to_quota(device, verdicts)
            accepted = [verdict for verdict in verdicts if isinstance(verdict, Accepted)]
            receipts = await self._shares.append(device, accepted, self._queue.submit) if accepted else []
            receipts = await self._complete(receipts)
        self._counts.note_answer(device.id, verdicts, self._monotonic() - started)
        return encode_answer(verdicts, receipts)

    async def _hold_to_quota(self, device: KnownDevice, verdicts: list[Accepted | Refused]) -> list[Accepted | Refused]:
        """Refuse what the device's quota has no room for; what the log has already gets its receipt all the same."""
        accepted = [verdict for verdict in verdicts if isinstance(verdict, Accepted)]
        beyond = {record.record.leaf_hash for record in self._shares.select_beyond(device, accepted)}
        if not beyond:
            return verdicts
        refused = beyond - await self._select_logged(beyond)
        self._shares.charge_repeats(device, len(refused))
        refusal = Refused("TOO_MANY_RECORDS", RECORD_REFUSALS["TOO_MANY_RECORDS"].meaning)
        return [
            refusal if isinstance(verdict, Accepted) and verdict.record.leaf_hash in refused else verdict
            for verdict in verdicts
        ]


def encode_answer(verdicts: Sequence[Accepted | Refused], receipts: Sequence[Receipt]) -> bytes:
    """One element a record, in order; ``receipts`` are those of the accepted ones, in the same order."""
    rest = iter(receipts)
    answer: list[tuple[object, ...]] = []
    for verdict in verdicts:
        if isinstance(verdict, Accepted):
            receipt = next(rest)
            answer.append(("receipt", receipt.index, receipt.tlog_proof))
        else:
            message = verdict.message[:MAX_MESSAGE]
            answer.append(("refused", verdict.code, message, RECORD_REFUSALS[verdict.code].retry))
    return _ENCODER.encode(answer)


def _announced_length(field: bytes) -> int:
    """Bytes of the body as the client announces them; the most that it may send where it does not say."""
    # The HTTP parser has refused what is no number.
    length = int(field) if field.isdigit() else MAX_BODY
    if length > MAX_BODY:
        raise _too_large()
    return length


async def _read_body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    length = 0
    more = True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    # Nobody is left to read this.
                    raise RequestError("BAD_REQUEST", "the client went away before its body had arrived")
                chunks.append(message.get("body", b""))
                length += len(chunks[-1])
                if length > MAX_BODY:
                    raise _too_large()
                more = message.get("more_body", False)
    except TimeoutError as error:
        raise RequestError("TOO_SLOW", f"the body did not arrive within {BODY_SECONDS:.0f} seconds") from error
    return b"".join(chunks)


def _too_large() -> RequestError:
    return RequestError("TOO_LARGE", f"a body has at most {MAX_BODY} bytes: send fewer records at once")
