"""Report files for an urn of a definition: what the agent of that urn would take."""

from pathlib import Path

import pytest

from ledger.errors import FormatError, TunukError
from simulator.cli import main
from simulator.report_files import Kind, make_report
from urn_agent.device_report import DeviceReport, parse_report


@pytest.fixture
def example(repository: Path) -> Path:
    return repository / "docs" / "schema" / "example-definition.json"


def report_of(definition: Path, urn: str, kind: Kind, seed: int = 1) -> DeviceReport:
    report = parse_report(make_report(definition, urn, kind, seed, 1_800_000_000))
    assert isinstance(report, DeviceReport)
    return report


def test_a_zero_report_has_every_counter_at_zero(example: Path) -> None:
    """Of every unit and contest of the urn, by each vote type."""
    [unit] = report_of(example, "urn-1001", "zero").units
    assert [(line.contest, line.ballots, line.selections) for line in unit.contests] == [
        (1, 0, ((1, 0, 0), (2, 0, 0), (3, 0, 0))),
        (3, 0, ((1, 0, 0), (2, 0, 0), (3, 0, 0))),
    ]


def test_a_final_report_adds_up_and_keeps_to_the_ballot(example: Path) -> None:
    """Selections that the precinct leaves out are not there, nor contests that the urn does not count."""
    remote, own = report_of(example, "urn-1002", "final").units
    assert [(unit.unit, [line.contest for line in unit.contests]) for unit in (remote, own)] == [
        ("1001", [1]),
        ("1002", [2, 3]),
    ]
    for line in (*remote.contests, *own.contests):
        votes = sum(sum(row[1:]) for row in line.selections or ())
        assert votes + (line.undervotes or 0) + (line.overvotes or 0) == line.ballots > 0
    assert [row[0] for row in own.contests[1].selections or ()] == [1, 2]


def test_a_seed_draws_the_same_counts_again(example: Path) -> None:
    """The nonce is another each time, as it must be."""
    first, again = (report_of(example, "urn-1001", "final", 7) for _ in range(2))
    assert first.units == again.units != report_of(example, "urn-1001", "final", 8).units
    assert first.nonce != again.nonce


def test_an_urn_that_is_not_there_is_told_with_those_that_are(example: Path) -> None:
    with pytest.raises(FormatError, match="urn-1001-spare") as caught:
        make_report(example, "urn-7", "zero", 1, 0)
    assert caught.value.code == "NO_SUCH_URN"


@pytest.mark.parametrize(
    ("data", "code"), [(b"\xff", "DEFINITION_NOT_JSON"), (b"{}", "DEFINITION_BAD_FIELD"), (None, "DEFINITION_MISSING")]
)
def test_a_definition_that_is_none_is_refused(tmp_path: Path, data: bytes | None, code: str) -> None:
    path = tmp_path / "definition.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(TunukError) as caught:
        make_report(path, "urn-1001", "zero", 1, 0)
    assert caught.value.code == code


def test_a_report_file_is_never_replaced(example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may be what an urn has said already."""
    out = tmp_path / "zero.report"
    arguments = ["report", "--definition", str(example), "--urn", "urn-1001", "--kind", "zero", "--out", str(out)]
    assert main(arguments) == 0
    before = out.read_bytes()
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("FILE_EXISTS: ")
    assert out.read_bytes() == before
