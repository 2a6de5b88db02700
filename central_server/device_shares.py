"""What one device may take of the log and of the writer: a stolen key fills neither.

A device has a quota of logged records, far above what any honest night brings, and an allowance for sending again what
the log has already: a repeat adds nothing, but its receipt is made anew by the one thread that writes. Both are counted
by key. The quota's count is read from the log at the start, so that a restart gives nothing back.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from central_server.devices import KnownDevice
from central_server.http_errors import RequestError
from central_server.ingest import Accepted
from ledger.log import Receipt, read_entries
from ledger.primitives import KeyId
from ledger.store.contract import Store
from ledger.tally import Opening, TallyReport

MAX_COUNTS_OF_CELL = 512
"""Zero reports and tallies for each unit of each urn: an urn that is started anew has two for each start."""

MAX_SIDE_RECORDS_OF_URN = 2_000
"""Turnout and events: an agent signs half as many, whatever its urn says."""

REPEATS_AT_ONCE = 500
"""Repeats that a device may send in a row: ten requests of an agent whose answers were all lost."""

REPEATS_A_SECOND = 10.0
"""What comes back of the allowance. An agent whose answers are lost sends 50 records in 30 seconds, then."""

# A record starts as an array of three whose first element is a short text: its kind.
_COUNTS, _SIDE_RECORDS = (
    tuple(bytes([0x93, 0xA0 | len(kind)]) + kind.encode() for kind in kinds)
    for kinds in (("opening/1", "tally/1"), ("turnout/1", "event/1"))
)

_COUNT_BODIES = Opening, TallyReport

Series = tuple[KeyId, bool]
"""A key, and whether it is its counts (zero reports, tallies) or its side records (turnout, events)."""


class DeviceShares:
    """Used from the event loop alone."""

    def __init__(self, logged: Mapping[Series, int], size: int, clock: Callable[[], float]) -> None:
        """``logged`` and ``size`` are those of the log; ``clock`` gives seconds and is never set back."""
        self._used = Counter(logged)
        self._size = size
        self._clock = clock
        self._repeats: dict[KeyId, tuple[float, float]] = {}

    def require_patience(self, device: KnownDevice) -> None:
        """Raises RequestError(``TOO_MANY_REPEATS``) for a device that has used up its allowance."""
        if self._allowance(device) <= 0:
            words = f"this device sends what is in the log already, more than {REPEATS_A_SECOND:.0f} records a second"
            raise RequestError("TOO_MANY_REPEATS", words)

    def select_beyond(self, device: KnownDevice, records: Sequence[Accepted]) -> list[Accepted]:
        """Those of the records that the quota has no room for, were none of them in the log. A double takes no room."""
        key_id = device.key.key_id
        room = {
            True: device.cells * MAX_COUNTS_OF_CELL - self._used[key_id, True],
            False: device.urns * MAX_SIDE_RECORDS_OF_URN - self._used[key_id, False],
        }
        if min(room.values()) >= len(records):
            return []
        beyond = []
        for record in {record.record.leaf_hash: record for record in records}.values():
            is_count = _is_count(record)
            room[is_count] -= 1
            if room[is_count] < 0:
                beyond.append(record)
        return beyond

    def charge_repeats(self, device: KnownDevice, count: int) -> None:
        """Take ``count`` records, which added nothing to the log, from the allowance."""
        if count:
            self._repeats[device.key.key_id] = (self._allowance(device) - count, self._clock())

    async def append(
        self,
        device: KnownDevice,
        records: Sequence[Accepted],
        submit: Callable[[Sequence[Accepted]], Awaitable[list[Receipt]]],
    ) -> list[Receipt]:
        """``submit`` the records and charge the device for them. Raises what ``submit`` does.

        What is new is known by its index, which is not below the size that the log had before. A record that two
        requests bring at the same moment is charged twice; what a failed append has logged, when it comes again.
        """
        size, kinds = self._size, [_is_count(record) for record in records]
        # Until it is known, all of them are new: what is on its way twice does not get the same room twice.
        self._charge(device, kinds, 1)
        try:
            receipts = await submit(records)
        except RequestError:
            self._charge(device, kinds, -1)
            raise
        new = {receipt.index: kind for receipt, kind in zip(receipts, kinds, strict=True) if receipt.index >= size}
        self._charge(device, kinds, -1)
        self._charge(device, new.values(), 1)
        self._size = max(self._size, max(new, default=-1) + 1)
        self.charge_repeats(device, len(records) - len(new))
        return receipts

    def _charge(self, device: KnownDevice, kinds: Collection[bool], sign: int) -> None:
        counts, key_id = sum(kinds), device.key.key_id
        self._used[key_id, True] += sign * counts
        self._used[key_id, False] += sign * (len(kinds) - counts)

    def _allowance(self, device: KnownDevice) -> float:
        now = self._clock()
        left, since = self._repeats.get(device.key.key_id, (float(REPEATS_AT_ONCE), now))
        return min(float(REPEATS_AT_ONCE), left + (now - since) * REPEATS_A_SECOND)


def read_shares(store: Store, clock: Callable[[], float]) -> DeviceShares:
    """The shares as the log leaves them. Raises StorageError."""
    size = store.head().size
    logged: Counter[Series] = Counter()
    for _, entry in read_entries(store, 0, size):
        is_count = entry.startswith(_COUNTS)
        if is_count or entry.startswith(_SIDE_RECORDS):
            logged[_signing_key(entry), is_count] += 1
    return DeviceShares(logged, size, clock)


def _is_count(record: Accepted) -> bool:
    return isinstance(record.record.body, _COUNT_BODIES)


def _signing_key(entry: bytes) -> KeyId:
    """The key id of a record with one signature: its last bytes are that id (32), a head of two, the signature (64)."""
    return KeyId(entry[-98:-66])
