"""The demonstration night as a stranger gets it: played by the command, judged by the audit and by a recount."""

import json
import os
from pathlib import Path

import pytest

from simulator.night_election import DEFAULT_PRECINCTS, build_night
from tests.system.conftest import Verify
from tests.system.expected_night import expected_cells, expected_votes


def test_the_directory_holds_what_was_promised(demo_night: Path) -> None:
    """Publication and policy, and the data of devices, server and chain."""
    for name in ("publication", "policy", "devices", "server", "chain", "election-key"):
        assert (demo_night / name).exists()
    assert len(list((demo_night / "devices").iterdir())) > 150


def test_the_account_says_that_the_chain_was_asked(demo_night: Path) -> None:
    """Every anchor that is claimed was found in the chain, and there is at least one."""
    verdict = json.loads((demo_night / "account.json").read_bytes())["audit"]["verdict"]
    assert verdict["ok"] is True
    assert verdict["anchors"]["verified"] == verdict["anchors"]["claimed"] >= 1


def test_without_the_chain_anchors_are_not_passed(demo_night: Path, verify: Verify) -> None:
    """Not checked is null, never a pass."""
    status, verdict = verify(demo_night / "publication", demo_night / "policy")
    assert (status, verdict["anchors"]) == (0, None)


def test_the_published_totals_are_the_urns(demo_night: Path) -> None:
    """What the urns counted, added by hand, is what latest.json and the recount say."""
    scenario = build_night(DEFAULT_PRECINCTS, 1, 0)
    latest = json.loads((demo_night / "publication" / "results" / "latest.json").read_bytes())
    votes = {
        (contest["number"], row["id"]): row["votes"] for contest in latest["contests"] for row in contest["selections"]
    }
    assert votes == expected_votes(scenario)
    assert sum(contest["cells_reported"] for contest in latest["contests"]) == expected_cells(scenario)


def test_what_went_wrong_on_the_night_is_listed(demo_night: Path) -> None:
    """One conflict, one broken rule; one precinct is counted from its spare, and none is missing but the broken one."""
    latest = json.loads((demo_night / "publication" / "results" / "latest.json").read_bytes())
    assert latest["held"] == {"CONFLICT": 1, "F.201": 1}
    assert latest["flags"]["W.302"] >= 1
    missing = [contest["cells_expected"] - contest["cells_reported"] for contest in latest["contests"]]
    assert sum(missing) == 1


def test_no_private_key_is_open_to_others(demo_night: Path) -> None:
    """Keys of the election, the server and the devices are for their owner alone; none is published."""
    keys = [*demo_night.rglob("*.key"), *demo_night.rglob("authority.pem")]
    assert len(keys) >= 25
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys)
    assert not any("publication" in path.parts for path in keys)


@pytest.mark.skipif(os.geteuid() != 0 and not os.access("/dev/ptmx", os.R_OK), reason="no pseudo-terminals here")
def test_two_agents_were_processes_on_ptys(demo_night: Path) -> None:
    """Their logs say that everything was delivered."""
    logs = [path for path in demo_night.glob("devices/*/*.log") if path.stat().st_size]
    assert len(logs) >= 2
    assert all("ALL_DELIVERED" in log.read_text() for log in logs)
