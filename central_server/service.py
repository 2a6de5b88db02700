"""What requests are answered with: the routes over one log, put together.

Writing and reading each have a store of their own, and a thread of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from starlette.types import ASGIApp

from central_server.admission import Admission
from central_server.app import make_app
from central_server.append_queue import AppendQueue
from central_server.cosigned_receipts import CosignedReceipts
from central_server.device_shares import DeviceShares
from central_server.devices import RosterReader
from central_server.ingest_counts import IngestCounts
from central_server.operator_log import OperatorLog
from central_server.routes.receipts import ReceiptsRoute
from central_server.routes.records import RecordsRoute
from central_server.routes.rulings import RulingsRoute
from central_server.sodium_verifier import SodiumVerifier
from ledger.log import Log, Receipt
from ledger.store.contract import Store


@dataclass(frozen=True, slots=True)
class Service:
    """``reading`` is a Log over ``store``, both for reading alone; ``monotonic`` is in seconds."""

    reader: RosterReader
    shares: DeviceShares
    reading: Log
    store: Store
    queue: AppendQueue
    counts: IngestCounts
    monotonic: Callable[[], float]
    cosigned: CosignedReceipts | None


def make_queue(
    log: Log,
    executor: Executor,
    wake: Callable[[], None],
    counts: IngestCounts,
    monotonic: Callable[[], float],
    operator: OperatorLog,
) -> AppendQueue:
    """The one way into the log; ``wake`` is told after each append, ``executor`` has one thread."""

    def append(entries: Sequence[bytes]) -> list[Receipt]:
        started = monotonic()
        receipts = log.append(entries)
        counts.note_append(len(entries), monotonic() - started)
        wake()
        return receipts

    return AppendQueue(append, executor, lambda error: operator.tell_error("ingest", error))


def make_application(
    service: Service, read_health: Callable[[], Mapping[str, object]], executor: Executor, max_held_bytes: int
) -> ASGIApp:
    """``executor`` has one thread, for what reads the log."""
    roster, verifier = service.reader.roster, SodiumVerifier()
    finding = ReceiptsRoute(roster, service.reading, service.store, executor, service.cosigned)
    records = RecordsRoute(
        roster,
        verifier,
        service.queue,
        Admission(max_held_bytes),
        service.shares,
        finding.select_logged,
        finding.complete,
        service.counts,
        service.monotonic,
    )
    rulings = RulingsRoute(service.reader, service.store, verifier, service.queue, executor)
    return make_app(records, finding, rulings, read_health)
