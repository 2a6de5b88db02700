"""The demonstration night as a stranger gets it: played by the command, judged by the audit and by a recount."""

import json
import os
from pathlib import Path

import pytest

from simulator.demo_election import build_demo
from tests.system.conftest import Verify
from tests.system.recount import recount


def test_the_directory_holds_what_was_promised(demo_night: Path) -> None:
    """Publication and policy, and the data of devices, server and chain."""
    for name in ("publication", "policy", "devices", "server", "chain", "election-key"):
        assert (demo_night / name).exists()
    assert len(list((demo_night / "devices").iterdir())) == 20


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
    scenario = build_demo(1)
    latest = json.loads((demo_night / "publication" / "results" / "latest.json").read_bytes())
    for contest in latest["contests"]:
        lines = [line for lines in scenario.counts.values() for line in lines if line.contest == contest["number"]]
        assert contest["cells_reported"] == contest["cells_expected"] == len(lines)
        assert contest["ballots"] == sum(line.ballots for line in lines)
        for row in contest["selections"]:
            votes = [sum(votes[1:]) for line in lines for votes in line.selections if votes[0] == row["id"]]
            assert row["votes"] == sum(votes)
    again = recount(demo_night / "publication")
    assert sum(again.national.values()) == sum(
        row["votes"] for contest in latest["contests"] for row in contest["selections"]
    )
    assert again.kinds["tally/1"] == len(scenario.counts) == 22
    assert again.kinds["opening/1"] == 21


def test_no_private_key_is_open_to_others(demo_night: Path) -> None:
    """Keys of the election, the server and the devices are for their owner alone; none is published."""
    keys = [*demo_night.rglob("*.key"), *demo_night.rglob("authority.pem")]
    assert len(keys) >= 25
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys)
    assert not any("publication" in path.parts for path in keys)


@pytest.mark.skipif(os.geteuid() != 0 and not os.access("/dev/ptmx", os.R_OK), reason="no pseudo-terminals here")
def test_one_agent_was_a_process_on_a_pty(demo_night: Path) -> None:
    """Its log says that the urn connected and that everything was delivered."""
    [log] = [path for path in demo_night.glob("devices/*/*.log") if path.stat().st_size]
    assert "ALL_DELIVERED" in log.read_text()
