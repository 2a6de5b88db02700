"""``GET /v1/receipts/{leaf hash}``: the receipt of a logged record again, byte for byte unless witnesses are asked.

For an agent that lost the answer. Sending the record again gives the same receipt; this way costs less. A receipt is
made anew from its batch, in a thread of its own and through a store of its own, so that it never delays an append.
"""

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from central_server.cosigned_receipts import CosignedReceipts
from central_server.devices import Roster
from central_server.http_errors import RequestError, request_error
from central_server.routes.clients import require_device
from ledger.errors import FormatError, TunukError
from ledger.log import Log, Receipt
from ledger.primitives import Hash
from ledger.store.contract import Store

T = TypeVar("T")

MAX_WAITING = 64
"""Requests that wait for the one thread; more are told to come again."""


class ReceiptsRoute:
    """``log`` is a Log over ``store``, both for this route alone; ``executor`` has one thread.

    ``cosigned`` is None where no witnesses are asked.
    """

    def __init__(
        self, roster: Roster, log: Log, store: Store, executor: Executor, cosigned: CosignedReceipts | None
    ) -> None:
        self._cosigned = cosigned
        self._roster = roster
        self._log = log
        self._store = store
        self._executor = executor
        self._waiting = 0

    async def get(self, request: Request) -> Response:
        """Raises RequestError for what cannot be answered."""
        require_device(request.scope, self._roster)
        try:
            leaf_hash = Hash.from_hex(request.path_params["leaf"])
        except FormatError as error:
            raise RequestError("BAD_REQUEST", "name the record by its leaf hash, 64 hexadecimal digits") from error
        proof = await self._read(lambda: self._find(leaf_hash))
        return Response(proof, media_type="application/octet-stream")

    async def select_logged(self, leaf_hashes: Collection[Hash]) -> set[Hash]:
        """Those of the leaf hashes that the log has an entry of. Raises RequestError."""
        return await self._read(lambda: {one for one in leaf_hashes if self._store.find(one) is not None})

    async def complete(self, receipts: list[Receipt]) -> list[Receipt]:
        """Under what witnesses have signed by now, as ``CosignedReceipts`` has it, if they have."""
        cosigned = self._cosigned
        if cosigned is None or not cosigned.cover_any(receipts):
            return receipts
        return await asyncio.get_running_loop().run_in_executor(self._executor, cosigned.complete, receipts)

    async def _read(self, read: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise RequestError("BUSY", "too many receipts are being asked for; try again later")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, read)
        except TunukError as error:
            raise request_error(error) from error
        finally:
            self._waiting -= 1

    def _find(self, leaf_hash: Hash) -> bytes:
        index = self._store.find(leaf_hash)
        if index is None:
            raise RequestError("NO_RECEIPT", "the log has no entry with this leaf hash: send the record itself")
        receipt = self._log.receipt(index)
        if self._cosigned is not None:
            [receipt] = self._cosigned.complete([receipt])
        return receipt.tlog_proof
