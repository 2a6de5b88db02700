"""Whatever is missing or wrong is explained: a status, a code, and the name of what is meant. Never a traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest

from central_server.cli import main as central_server
from ledger.observer.cli import main as observer
from simulator.cli import main as simulator
from urn_agent.cli import main as urn_agent

PROGRAMS: dict[str, Callable[[list[str]], int]] = {
    "central-server": central_server,
    "observer": observer,
    "simulator": simulator,
    "urn-agent": urn_agent,
}


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("central-server definition --from none", 1, "FILE_MISSING: none/election.json"),
        ("central-server definition --check none", 1, "DEFINITION_MISSING: none"),
        ("central-server definition --check bytes", 1, "DEFINITION_NOT_JSON"),
        ("central-server init --dir e --definition none", 1, "DEFINITION_MISSING: none"),
        ("central-server init --dir e --definition folder", 1, "STORAGE_FAILED: could not read folder"),
        ("central-server roster --dir none --enrolments folder", 1, "NOT_INITIALISED: none/"),
        ("central-server run --dir none", 1, "NOT_INITIALISED: none/"),
        ("central-server chain --dir none", 1, "CHAIN_MISSING: none/"),
        ("urn-agent init --data d --device a:b", 1, "SETTINGS_BAD"),
        ("urn-agent init --data d --device a --server http://x", 1, "SETTINGS_BAD"),
        ("urn-agent run --data none --port /dev/none", 1, "FILE_MISSING: none/settings.json is missing: make"),
        ("urn-agent run --data device --port /dev/none", 1, "device/bundle/device.json is missing: give"),
        ("urn-agent run --data device --port /dev/none --bundle none", 1, "FILE_MISSING: none/device.json"),
        ("urn-agent status --data none", 1, "FILE_MISSING: none/settings.json"),
        ("urn-agent receipt --data device --seq 1 --to none", 1, "FILE_MISSING: device/bundle"),
        ("observer verify none --policy none", 2, "[POLICY_UNREADABLE] cannot read none"),
        ("observer verify none --policy bytes", 2, "[BAD_POLICY]"),
        ("observer verify none --policy folder", 2, "[POLICY_UNREADABLE] cannot read folder"),
        ("observer verify", 2, "--policy"),
        ("simulator demo --out new --precincts 1", 1, "BAD_PRECINCTS"),
        ("simulator replay --format openelections --election-csv none --out new", 1, "FILE_FAILED: none"),
        ("simulator replay --format openelections --election-csv folder --out new", 1, "FILE_FAILED: folder"),
        ("simulator replay --format openelections --election-csv bytes --out new", 1, "NOT_UTF8: bytes"),
        ("simulator report --definition none --urn u --kind zero --out new", 1, "DEFINITION_MISSING: none"),
        ("simulator report --definition bytes --urn u --kind zero --out new", 1, "DEFINITION_NOT_JSON"),
        ("simulator urn --port /dev/none none", 1, "FILE_FAILED: none"),
        ("simulator urn --port /dev/none bytes", 1, "REPORT_UNREADABLE"),
    ],
)
def test_what_is_wrong_is_explained(
    line: str,
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On standard error; the observer's account is its output."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\x00")
    assert urn_agent(["init", "--data", "device", "--device", "agent-1"]) == 0
    capsys.readouterr()
    program, *arguments = line.split()
    assert PROGRAMS[program](arguments) == status
    told = capsys.readouterr()
    assert words in (told.out if program == "observer" else told.err)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "line",
    [
        "central-server",
        "central-server run",
        "central-server run --dir e --port 70000",
        "central-server definition",
        "central-server definition --check a --schema",
        "urn-agent run",
        "urn-agent init --data d --device a --language de",
        "simulator replay --election-csv a --out b --format excel",
        "simulator report --kind midday",
    ],
)
def test_wrong_usage_has_its_own_status(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And says which argument."""
    program, *arguments = line.split()
    with pytest.raises(SystemExit) as caught:
        PROGRAMS[program](arguments)
    assert caught.value.code == 2
    assert program in capsys.readouterr().err
