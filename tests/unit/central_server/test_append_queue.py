"""The queue appends what gathers together, answers each request with its own receipts, and refuses what is too much."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from central_server import append_queue
from central_server.append_queue import AppendQueue
from central_server.http_errors import RequestError
from central_server.ingest import Accepted
from ledger.errors import RollbackError, TunukError
from ledger.log import Receipt
from ledger.primitives import sha256
from ledger.record import VerifiedRecord, parse_record, trust_record
from ledger.store.durable import StorageError
from tests.unit.central_server.server_factory import small_tally

_RECORD = trust_record(parse_record(small_tally(sha256(b""))))


class FakeLog:
    """Appends to a list; waits for ``gate`` before each batch, and raises what ``errors`` holds."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.errors: list[BaseException] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def append(self, entries: Sequence[bytes]) -> list[Receipt]:
        self.entered.set()
        self.gate.wait(10)
        if self.errors:
            raise self.errors.pop(0)
        first = sum(map(len, self.batches))
        self.batches.append(list(entries))
        return [Receipt(first + place, sha256(entry), entry) for place, entry in enumerate(entries)]


def accepted(*entries: bytes) -> list[Accepted]:
    record: VerifiedRecord = _RECORD
    return [Accepted(entry, record) for entry in entries]


Scenario = Callable[[AppendQueue], Coroutine[Any, Any, None]]


def run(log: FakeLog, scenario: Scenario) -> list[TunukError]:
    """Run the scenario beside the queue's writer, and close the queue after it; the errors that were reported."""
    reported: list[TunukError] = []

    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            queue = AppendQueue(log.append, executor, reported.append)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(queue.run())
                await scenario(queue)
                queue.close()
            assert queue.waiting == 0

    asyncio.run(main())
    return reported


async def entered(log: FakeLog) -> None:
    await asyncio.get_running_loop().run_in_executor(None, log.entered.wait, 10)


def test_requests_that_gather_are_appended_together() -> None:
    log = FakeLog()

    async def scenario(queue: AppendQueue) -> None:
        log.gate.clear()
        first = asyncio.create_task(queue.submit(accepted(b"a")))
        await entered(log)
        others = [asyncio.create_task(queue.submit(accepted(bytes([n]), bytes([n + 1])))) for n in (10, 20, 30)]
        while queue.waiting < 7:
            await asyncio.sleep(0)
        log.gate.set()
        assert [receipt.index for receipt in await first] == [0]
        assert [[receipt.index for receipt in await one] for one in others] == [[1, 2], [3, 4], [5, 6]]
        assert [receipt.tlog_proof for receipt in await others[1]] == [bytes([20]), bytes([21])]

    run(log, scenario)
    assert list(map(len, log.batches)) == [1, 6]


def test_appends_keep_a_distance_in_which_more_gathers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append_queue, "GATHER_SECONDS", 0.3)
    log = FakeLog()

    async def scenario(queue: AppendQueue) -> None:
        await queue.submit(accepted(b"a"))
        await asyncio.gather(*(queue.submit(accepted(bytes([n]))) for n in range(5)))

    run(log, scenario)
    assert list(map(len, log.batches)) == [1, 5]


def test_a_whole_batch_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append_queue, "GATHER_SECONDS", 3_600.0)
    monkeypatch.setattr(append_queue, "BATCH_ENTRIES", 2)
    log = FakeLog()

    async def scenario(queue: AppendQueue) -> None:
        for _ in range(3):
            await queue.submit(accepted(b"a", b"b"))

    run(log, scenario)
    assert list(map(len, log.batches)) == [2, 2, 2]


def test_a_batch_has_a_bound_and_keeps_requests_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append_queue, "BATCH_ENTRIES", 3)
    log = FakeLog()

    async def scenario(queue: AppendQueue) -> None:
        await asyncio.gather(*(queue.submit(accepted(*[bytes([n])] * size)) for n, size in enumerate([2, 2, 1, 5])))

    run(log, scenario)
    assert list(map(len, log.batches)) == [2, 3, 5]


def test_what_is_too_much_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append_queue, "MAX_WAITING_ENTRIES", 3)
    monkeypatch.setattr(append_queue, "MAX_WAITING_BYTES", 10)
    log = FakeLog()

    async def scenario(queue: AppendQueue) -> None:
        log.gate.clear()
        first = asyncio.create_task(queue.submit(accepted(b"a", b"b")))
        await entered(log)
        for too_much in (accepted(b"c", b"d"), accepted(b"123456789")):
            with pytest.raises(RequestError) as caught:
                await queue.submit(too_much)
            assert (caught.value.code, caught.value.answer.retry) == ("BUSY", True)
        log.gate.set()
        await first
        await queue.submit(accepted(b"c", b"d"))

    run(log, scenario)
    assert log.batches == [[b"a", b"b"], [b"c", b"d"]]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageError("DISK_FULL", "full"), "STORAGE_FULL"),
        (StorageError("STORE_BUSY", "busy"), "BUSY"),
        (StorageError("STORE_CORRUPT", "broken"), "STORAGE_FAILED"),
        (RollbackError("LOG_BEHIND_GUARD", "old copy"), "LOG_STOPPED"),
    ],
)
def test_a_failed_append_is_told_to_all_in_the_batch_and_then_over(error: TunukError, code: str) -> None:
    log = FakeLog()
    log.errors.append(error)
    problems: list[str | None] = []

    async def scenario(queue: AppendQueue) -> None:
        results = await asyncio.gather(*(queue.submit(accepted(bytes([n]))) for n in range(3)), return_exceptions=True)
        assert [result.code for result in results if isinstance(result, RequestError)] == [code] * 3
        problems.append(queue.problem)
        [receipt] = await queue.submit(accepted(b"x"))
        assert (receipt.index, queue.appended) == (0, 1)
        problems.append(queue.problem)

    assert run(log, scenario) == [error]
    assert problems == [error.code, None]


def test_a_client_that_goes_away_leaves_the_others_their_answers() -> None:
    log = FakeLog()

    async def scenario(queue: AppendQueue) -> None:
        log.gate.clear()
        blocking = asyncio.create_task(queue.submit(accepted(b"a")))
        await entered(log)
        gone, staying = (asyncio.create_task(queue.submit(accepted(entry))) for entry in (b"b", b"c"))
        while queue.waiting < 3:
            await asyncio.sleep(0)
        gone.cancel()
        log.gate.set()
        assert [receipt.index for receipt in await staying] == [2]
        await blocking

    run(log, scenario)


def test_closing_appends_what_waits_and_takes_nothing_more() -> None:
    log = FakeLog()

    async def scenario(queue: AppendQueue) -> None:
        log.gate.clear()
        waiting = [asyncio.create_task(queue.submit(accepted(bytes([n])))) for n in range(3)]
        await entered(log)
        queue.close()
        with pytest.raises(RequestError) as caught:
            await queue.submit(accepted(b"late"))
        assert caught.value.code == "STOPPING"
        log.gate.set()
        assert len(await asyncio.gather(*waiting)) == 3

    run(log, scenario)


def test_a_fault_of_this_program_leaves_nobody_waiting() -> None:
    """What is no coded error ends the writer; who waits is told, and so is who comes later."""
    log = FakeLog()
    log.errors.append(ZeroDivisionError())
    codes: list[str] = []

    async def scenario(queue: AppendQueue) -> None:
        for entry in (b"a", b"b"):
            try:
                await queue.submit(accepted(entry))
            except RequestError as error:
                codes.append(error.code)

    with pytest.raises(ExceptionGroup) as caught:
        run(log, scenario)
    assert caught.group_contains(ZeroDivisionError)
    assert codes[:1] == ["INTERNAL"]
