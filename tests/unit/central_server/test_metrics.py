"""What is counted comes out in Prometheus' form, and every metric of the table does."""

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from central_server.ingest import Refused
from central_server.ingest_counts import BATCH_ENTRIES, Histogram, IngestCounts
from central_server.metrics import METRICS, Reading, make_registry
from tests.unit.central_server.test_health import make_health


def read(reading: Reading) -> dict[str, float]:
    """All samples, by name and labels."""
    text = generate_latest(make_registry(reading)).decode()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {sample.name + "".join(sorted(sample.labels.values())): sample.value for sample in samples}


def test_every_metric_of_the_table_comes_out() -> None:
    counts = IngestCounts()
    counts.note_answer("d0", [Refused("BAD_SIGNATURE", "no")] * 2, 0.3)
    counts.note_answer("d0", [], 0.01)
    counts.requests_refused["BUSY"] += 1
    counts.note_append(7, 0.004)
    found = read(Reading(counts, make_health(anchoring="CHAIN_DOWN"), lambda: 5))
    assert found["tunuk_records_refused_totalBAD_SIGNATURE"] == 2
    assert found["tunuk_requests_refused_totalBUSY"] == found["tunuk_devices_seen"] == 1
    assert (found["tunuk_connections"], found["tunuk_waiting_entries"]) == (5, 3)
    assert (found["tunuk_snapshot_number"], found["tunuk_anchor_lag_seconds"]) == (4, 60.0)
    assert (found["tunuk_problemanchoring"], found["tunuk_probleming" + "est"], found["tunuk_ready"]) == (1, 0, 1)
    assert (found["tunuk_request_seconds_bucket0.01"], found["tunuk_request_seconds_bucket+Inf"]) == (1, 2)
    assert found["tunuk_append_entries_sum"] == 7
    for row in METRICS:
        assert any(name.startswith(row.name) for name in found) or row.label == "code", row.name


def test_a_value_on_a_bound_belongs_to_it() -> None:
    histogram = Histogram(BATCH_ENTRIES)
    for value in (1, 2, 3, 500, 501):
        histogram.note(value)
    assert histogram.counts == [1, 1, 1, 0, 0, 0, 0, 0, 1, 1]
    assert (sum(histogram.counts), histogram.sum) == (5, 1007)
