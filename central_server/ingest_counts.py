"""What the busy route and the writer count: plain numbers, added to where they arise and read by whoever measures."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from central_server.ingest import Accepted, Refused

REQUEST_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12)
APPEND_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
BATCH_ENTRIES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


class Histogram:
    """How many values there were up to each of ``bounds``, and above the last; added to by one thread."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def note(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class IngestCounts:
    """Codes are those of ``http_errors`` and devices those of the roster: few, so that nothing here grows."""

    def __init__(self) -> None:
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self.requests_refused: Counter[str] = Counter()
        self.devices: set[str] = set()
        self.request_seconds = Histogram(REQUEST_SECONDS)
        self.append_seconds = Histogram(APPEND_SECONDS)
        self.batch_entries = Histogram(BATCH_ENTRIES)

    def note_answer(self, device: str, verdicts: Sequence[Accepted | Refused], seconds: float) -> None:
        """A request was answered: called from the event loop."""
        self.devices.add(device)
        for verdict in verdicts:
            if isinstance(verdict, Accepted):
                self.accepted += 1
            else:
                self.refused[verdict.code] += 1
        self.request_seconds.note(seconds)

    def note_append(self, entries: int, seconds: float) -> None:
        """Entries are in the log: called from the writer's thread."""
        self.batch_entries.note(entries)
        self.append_seconds.note(seconds)
