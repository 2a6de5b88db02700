"""``POST /v1/records``: a batch of signed records in, a receipt or a coded refusal for each out.

The one busy route: it reads, lets ``ingest`` judge, waits for the append, and answers. It holds no rule of its own.
"""

import asyncio
from collections.abc import Sequence

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from central_server.admission import Admission
from central_server.append_queue import AppendQueue
from central_server.devices import Roster
from central_server.http_errors import MAX_MESSAGE, RECORD_REFUSALS, RequestError, request_error
from central_server.ingest import MAX_BODY, Accepted, Refused, parse_batch, verify_records
from central_server.routes.clients import require_device
from ledger.errors import FormatError
from ledger.log import Receipt
from ledger.signing import Verifier

MEDIA_TYPE = "application/msgpack"

BODY_SECONDS = 30.0
"""A body of 1 MiB over a slow mobile line; who needs longer sends fewer records at once."""

_ENCODER = msgspec.msgpack.Encoder()


class RecordsRoute:
    """The endpoint, for a plain Starlette route."""

    def __init__(self, roster: Roster, verifier: Verifier, queue: AppendQueue, admission: Admission) -> None:
        self._roster = roster
        self._verifier = verifier
        self._queue = queue
        self._admission = admission

    async def post(self, request: Request) -> Response:
        """Raises RequestError for a whole request that is refused."""
        device = require_device(request, self._roster)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise RequestError("WRONG_TYPE", f"send the records as {MEDIA_TYPE}")
        length = _announced_length(request)
        with self._admission.admit(device.id, length):
            try:
                records = parse_batch(await _read_body(request))
            except FormatError as error:
                raise request_error(error) from error
            verdicts = verify_records(records, device.key, self._roster.election_id, self._verifier)
            accepted = [verdict for verdict in verdicts if isinstance(verdict, Accepted)]
            receipts = await self._queue.submit(accepted) if accepted else []
        return Response(encode_answer(verdicts, receipts), media_type=MEDIA_TYPE)


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


def _announced_length(request: Request) -> int:
    """Bytes of the body as the client announces them; the most that it may send where it does not say."""
    text = request.headers.get("content-length", "")
    # The HTTP parser has refused what is no number.
    length = int(text) if text.isdecimal() else MAX_BODY
    if length > MAX_BODY:
        raise _too_large()
    return length


async def _read_body(request: Request) -> bytes:
    chunks: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                length += len(chunk)
                if length > MAX_BODY:
                    raise _too_large()
                chunks.append(chunk)
    except TimeoutError as error:
        raise RequestError("TOO_SLOW", f"the body did not arrive within {BODY_SECONDS:.0f} seconds") from error
    except ClientDisconnect as error:
        # Nobody is left to read this.
        raise RequestError("BAD_REQUEST", "the client went away before its body had arrived") from error
    return b"".join(chunks)


def _too_large() -> RequestError:
    return RequestError("TOO_LARGE", f"a body has at most {MAX_BODY} bytes: send fewer records at once")
