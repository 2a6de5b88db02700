"""Gas is the same everywhere: the page tells it, and a usual anchor keeps its budget."""

from pathlib import Path

from tests.contracts.gas import BUDGET, USUAL, make_table


def test_the_page_tells_what_calls_cost_and_the_budget_is_kept(repository: Path) -> None:
    table = make_table()
    assert table in (repository / "docs" / "contract.md").read_text(encoding="utf-8"), "python -m tests.contracts.gas"
    old, new = USUAL
    [usual] = [line for line in table.splitlines() if f"from {old:,} to {new:,} entries" in line]
    assert int(usual.split("|")[3].strip().replace(",", "")) <= BUDGET
