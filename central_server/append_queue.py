"""Group commit: what many requests bring is appended together, by one writer, and each is answered when it is durable.

While one append is on its way to the disk, the next requests gather; the fuller the disk's time, the larger the batch.
All state belongs to the event loop; only the append itself runs in the writer's thread. Bounded in entries and bytes:
who comes when it is full is refused at once, having lost nothing, instead of waiting until its own patience ends.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from central_server.http_errors import RequestError, request_error
from central_server.ingest import Accepted
from ledger.errors import TunukError
from ledger.log import Receipt

BATCH_ENTRIES = 500
"""Entries in one append: so many that the flush no longer weighs, so few that nobody waits long for the others'."""

GATHER_SECONDS = 0.005
"""From one append to the next at least, unless a whole batch is there: on a busy server each append has its fixed price
(two flushes and a signature), and who comes alone on a quiet one waits for nothing."""

MAX_WAITING_ENTRIES = 10_000
"""A few seconds of a fast disk's appends."""

MAX_WAITING_BYTES = 64 * 1024 * 1024
"""Entries may be 64 KiB long, so that their number alone does not bound the memory."""


@dataclass(slots=True)
class _Waiting:
    entries: Sequence[bytes]
    length: int
    receipts: "asyncio.Future[list[Receipt]]"


class AppendQueue:
    """``append`` is ``Log.append``; ``executor`` runs it in a thread; ``report`` is told of errors, in the loop."""

    def __init__(
        self,
        append: Callable[[Sequence[bytes]], list[Receipt]],
        executor: Executor,
        report: Callable[[TunukError], None],
    ) -> None:
        self._append = append
        self._executor = executor
        self._report = report
        self._waiting: deque[_Waiting] = deque()
        self._entries = 0
        self._bytes = 0
        self._wake = asyncio.Event()
        self._closed = False
        self._next_append = 0.0
        self.appended = 0
        """Entries answered with a receipt since the start; repeats count again."""
        self.problem: str | None = None
        """Code of the last append's failure; None after one that succeeded."""

    @property
    def waiting(self) -> int:
        """Entries that are waiting or being appended."""
        return self._entries

    async def submit(self, records: Sequence[Accepted]) -> list[Receipt]:
        """Append the records; a receipt for each, in order, once they are durable.

        Raises RequestError(``BUSY``, ``STOPPING``) when nothing was taken; as request_error() says when the append
        failed, and then sending the same again is safe.
        """
        if self._closed:
            raise RequestError("STOPPING", "the server is being stopped; it took nothing: send it again later")
        length = sum(len(record.data) for record in records)
        if self._entries + len(records) > MAX_WAITING_ENTRIES or self._bytes + length > MAX_WAITING_BYTES:
            raise RequestError("BUSY", "more records are waiting than the server takes on; send these again later")
        receipts: asyncio.Future[list[Receipt]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting([record.data for record in records], length, receipts))
        self._entries += len(records)
        self._bytes += length
        self._wake.set()
        return await receipts

    async def run(self) -> None:
        """Append what comes, until close() is called and all is done. One task runs this."""
        try:
            while await self._something():
                await self._gather()
                await self._append_batch(self._take())
        finally:
            # Only after a fault of this program is anybody left: they must not wait for ever.
            self._closed = True
            for request in self._waiting:
                _fail(request, RequestError("INTERNAL", "the server's writer has stopped"))
            self._waiting.clear()

    def close(self) -> None:
        """Take nothing more; what is waiting is still appended."""
        self._closed = True
        self._wake.set()

    async def _something(self) -> bool:
        while not self._waiting and not self._closed:
            self._wake.clear()
            await self._wake.wait()
        return bool(self._waiting)

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        pause = self._next_append - loop.time()
        if pause > 0 and self._entries < BATCH_ENTRIES and not self._closed:
            await asyncio.sleep(pause)
        self._next_append = loop.time() + GATHER_SECONDS

    def _take(self) -> list[_Waiting]:
        """Whole requests, as many as fit into one append and one at least."""
        taken = [self._waiting.popleft()]
        size = len(taken[0].entries)
        while self._waiting and size + len(self._waiting[0].entries) <= BATCH_ENTRIES:
            taken.append(self._waiting.popleft())
            size += len(taken[-1].entries)
        return taken

    async def _append_batch(self, requests: list[_Waiting]) -> None:
        entries = [entry for request in requests for entry in request.entries]
        answered = False
        try:
            receipts = await asyncio.get_running_loop().run_in_executor(self._executor, self._append, entries)
            first = 0
            for request in requests:
                _answer(request, receipts[first : first + len(request.entries)])
                first += len(request.entries)
            self.appended += len(entries)
            self.problem = None
            answered = True
        except TunukError as error:
            self.problem = error.code
            self._report(error)
            for request in requests:
                _fail(request, request_error(error))
            answered = True
        finally:
            self._entries -= len(entries)
            self._bytes -= sum(request.length for request in requests)
            if not answered:
                for request in requests:
                    _fail(request, RequestError("INTERNAL", "the server's writer has failed"))


def _answer(request: _Waiting, receipts: list[Receipt]) -> None:
    # A client that has gone away cancelled its wait; its records are in the log all the same.
    if not request.receipts.done():
        request.receipts.set_result(receipts)


def _fail(request: _Waiting, error: RequestError) -> None:
    if not request.receipts.done():
        request.receipts.set_exception(error)
