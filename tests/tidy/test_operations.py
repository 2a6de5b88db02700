"""Settings, metrics, alert rules and units of systemd are in step with the code."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from central_server.metrics import METRICS
from tests.tidy.operation_pages import METRICS_PAGE, SETTINGS_PAGE, render_metrics, render_page, render_settings


@pytest.mark.parametrize(("page", "table"), [(SETTINGS_PAGE, render_settings()), (METRICS_PAGE, render_metrics())])
def test_the_pages_are_in_step(repository: Path, page: Path, table: str) -> None:
    """Made again with `python -m tests.tidy.operation_pages`."""
    text = (repository / page).read_text()
    assert render_page(text, table) == text


ALERT = re.compile(
    r"      - alert: (?P<name>Tunuk[A-Za-z]+)\n"
    r"        expr: (?P<asked>[^\n]+)\n"
    r"(?:        for: \d+[sm]\n)?"
    r"        labels: \{severity: (?:page|ticket)\}\n"
    r'        annotations: \{summary: "[A-Z][^"\n]+\."\}\n'
)


def test_alerts_have_one_form_and_ask_for_metrics_that_there_are(repository: Path) -> None:
    """Each with how urgent it is and what to do. Of a histogram, its buckets; of labels, those that the metric has."""
    text = (repository / "docs" / "prometheus" / "alerts.yml").read_text()
    head, rules = text.split("    rules:\n")
    assert re.sub(r"#[^\n]*\n", "", head) == "groups:\n  - name: tunuk\n"
    alerts = list(ALERT.finditer(rules))
    assert "".join(alert[0] for alert in alerts) == rules
    assert len({alert["name"] for alert in alerts}) == len(alerts) >= 5
    rows = {row.name + ("_bucket" if row.type == "histogram" else ""): row for row in METRICS}
    for alert in alerts:
        found = re.findall(r"\b(tunuk_[a-z_]+)(?:\{([a-z_]+)[=!~])?", alert["asked"])
        assert found or alert["asked"] == 'up{job="tunuk"} == 0', alert["name"]
        for name, label in found:
            assert name in rows and label in ("", rows[name].label), alert["name"]


def test_metrics_are_named_as_prometheus_asks() -> None:
    """A counter ends in total, and a name with its unit; none is there twice."""
    assert len({row.name for row in METRICS}) == len(METRICS)
    for row in METRICS:
        assert re.fullmatch(r"tunuk(_[a-z]+)+", row.name) and row.name.endswith("_total") == (row.type == "counter")
        assert row.type != "histogram" or row.name.endswith(("_seconds", "_entries"))


@pytest.mark.parametrize("name", ["central-server.service", "urn-agent@.service"])
def test_units_are_what_systemd_takes(repository: Path, name: str) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze on this machine")
    unit = repository / "docs" / "systemd" / name
    ended = subprocess.run([program, "verify", unit], capture_output=True, text=True, check=False, timeout=60)
    complaints = [line for line in ended.stderr.splitlines() if "is not executable" not in line]
    assert complaints == []
