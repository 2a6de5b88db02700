"""The tables of docs/settings.md and docs/metrics.md, made from the code.

Made again with `.venv/bin/python -m tests.tidy.operation_pages`; a test compares.
"""

from pathlib import Path

from central_server.metrics import METRICS
from central_server.run_settings import SETTINGS

SETTINGS_PAGE = Path("docs") / "settings.md"
METRICS_PAGE = Path("docs") / "metrics.md"
BEGIN, END = "<!-- made by tests/tidy/operation_pages.py -->", "<!-- end -->"


def render_settings() -> str:
    lines = ["| In the file | Environment | Command line | Allowed | Default | Meaning |", "|---|---|---|---|---|---|"]
    for row in SETTINGS:
        default = row.default_words if row.default is None else f"`{row.default}`"
        cells = f"`{row.name}`", f"`{row.variable}`", f"`{row.option}`", row.kind.allowed, default, row.meaning
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def render_metrics() -> str:
    lines = ["| Metric | Type | Label | Is |", "|---|---|---|---|"]
    lines += [f"| `{row.name}` | {row.type} | {row.label and f'`{row.label}`'} | {row.meaning} |" for row in METRICS]
    return "\n".join(lines)


def render_page(page: str, table: str) -> str:
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}"


def main() -> None:
    for path, table in ((SETTINGS_PAGE, render_settings()), (METRICS_PAGE, render_metrics())):
        path.write_text(render_page(path.read_text(), table))


if __name__ == "__main__":
    main()
