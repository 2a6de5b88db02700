"""What a monitor can follow over time: the one table of metrics, and how they are read, for Prometheus.

``docs/metrics.md`` is made from ``METRICS``, and the alert rules are held to it. Numbers are read when they are asked
for; taking records costs nothing for it but the counting in ``ingest_counts``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from central_server.health import Health
from central_server.ingest_counts import Histogram, IngestCounts

MetricType = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What metrics are read from. ``connections``: how many clients are connected."""

    counts: IngestCounts
    health: Health
    connections: Callable[[], int]

    def follower(self, name: str, number: str) -> int | None:
        """A number of a follower, None where it has none yet."""
        numbers = (follower.numbers() for follower in self.health.followers if follower.name == name)
        return next(numbers, {}).get(number)


Value = float | Mapping[str, float] | Histogram | None


@dataclass(frozen=True, slots=True)
class MetricRow:
    """``label``: its name, where there is one; ``read``: a value, or values by label. None leaves the metric out."""

    name: str
    type: MetricType
    meaning: str
    read: Callable[[Reading], Value]
    label: str = ""


def _problems(reading: Reading) -> dict[str, float]:
    return {part: float(code is not None) for part, code in reading.health.problems().items()}


METRICS = (
    MetricRow(
        "tunuk_records_accepted_total", "counter", "records answered with a receipt, repeats too",
        lambda r: r.counts.accepted,
    ),
    MetricRow("tunuk_records_refused_total", "counter", "records refused", lambda r: r.counts.refused.copy(), "code"),
    MetricRow(
        "tunuk_requests_refused_total", "counter", "whole requests with records that were refused",
        lambda r: r.counts.requests_refused.copy(), "code",
    ),
    MetricRow(
        "tunuk_request_seconds", "histogram", "from a request's head to its receipts",
        lambda r: r.counts.request_seconds,
    ),
    MetricRow("tunuk_append_seconds", "histogram", "one append, on disk", lambda r: r.counts.append_seconds),
    MetricRow("tunuk_append_entries", "histogram", "entries in one append", lambda r: r.counts.batch_entries),
    MetricRow("tunuk_waiting_entries", "gauge", "entries waiting to be appended", lambda r: r.health.queue.waiting),
    MetricRow("tunuk_connections", "gauge", "connections of clients", lambda r: r.connections()),
    MetricRow("tunuk_devices", "gauge", "devices of the election", lambda r: len(r.health.roster)),
    MetricRow(
        "tunuk_devices_seen", "gauge", "devices whose requests were answered since the start",
        lambda r: len(r.counts.devices),
    ),
    MetricRow("tunuk_log_entries", "gauge", "entries of the log", lambda r: r.health.read_vitals().log_size),
    MetricRow("tunuk_published_entries", "gauge", "entries published", lambda r: r.health.read_vitals().published),
    MetricRow(
        "tunuk_publication_lag_entries", "gauge", "entries logged and not published",
        lambda r: r.health.read_vitals().publication_lag,
    ),
    MetricRow(
        "tunuk_publication_lag_seconds", "gauge", "how long the oldest of them has waited",
        lambda r: r.health.read_vitals().publication_lag_seconds,
    ),
    MetricRow("tunuk_snapshot_number", "gauge", "the last snapshot", lambda r: r.follower("publication", "snapshot")),
    MetricRow("tunuk_anchored_entries", "gauge", "entries anchored", lambda r: r.health.read_vitals().anchored),
    MetricRow(
        "tunuk_anchor_lag_entries", "gauge", "entries published and not anchored",
        lambda r: r.health.read_vitals().anchor_lag,
    ),
    MetricRow(
        "tunuk_anchor_lag_seconds", "gauge", "how long the oldest of them has waited",
        lambda r: r.health.read_vitals().anchor_lag_seconds,
    ),
    MetricRow("tunuk_chain_nodes", "gauge", "nodes to anchor on", lambda r: r.follower("anchoring", "nodes")),
    MetricRow(
        "tunuk_chain_nodes_failing", "gauge", "of them, those whose last use failed",
        lambda r: r.follower("anchoring", "nodes_failing"),
    ),
    MetricRow(
        "tunuk_held_records", "gauge", "records held, as last published",
        lambda r: r.health.read_vitals().results.held, "code",
    ),
    MetricRow(
        "tunuk_flagged_records", "gauge", "records flagged, as last published",
        lambda r: r.health.read_vitals().results.flags, "code",
    ),
    MetricRow(
        "tunuk_repeated_records", "gauge", "records that only repeat another, as last published",
        lambda r: r.health.read_vitals().results.repeats,
    ),
    MetricRow(
        "tunuk_gaps", "gauge", "gaps in the series of devices, as last published",
        lambda r: r.health.read_vitals().results.gaps,
    ),
    MetricRow(
        "tunuk_disk_free_bytes", "gauge", "free space where the log is", lambda r: r.health.read_vitals().free_bytes
    ),
    MetricRow("tunuk_problem", "gauge", "1 while a part of the server has a problem", _problems, "part"),
    MetricRow("tunuk_ready", "gauge", "1 while the server is ready", lambda r: not r.health.reasons()),
)  # fmt: skip


class _Collector(Collector):
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def describe(self) -> list[Metric]:
        """Nothing is read before a monitor asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        for row in METRICS:
            value = row.read(self._reading)
            if isinstance(value, Histogram):
                yield _histogram(row, value)
            elif value is not None:
                family = CounterMetricFamily if row.type == "counter" else GaugeMetricFamily
                metric = family(row.name, row.meaning, labels=[row.label] if row.label else None)
                for labels, number in _samples(value):
                    metric.add_metric(labels, number)
                yield metric


def _samples(value: float | Mapping[str, float]) -> Iterator[tuple[list[str], float]]:
    if isinstance(value, Mapping):
        yield from (([label], float(number)) for label, number in value.items())
    else:
        yield [], float(value)


def _histogram(row: MetricRow, histogram: Histogram) -> HistogramMetricFamily:
    total, buckets = 0, []
    for bound, count in zip((*map(str, histogram.bounds), "+Inf"), histogram.counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    family = HistogramMetricFamily(row.name, row.meaning)
    family.add_metric([], buckets, histogram.sum)
    return family


def make_registry(reading: Reading) -> CollectorRegistry:
    """The metrics of this table, and those of the process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collector(reading))
    return registry
