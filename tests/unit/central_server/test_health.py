"""Ready is who keeps what is sent; every reason against it has a code."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from central_server.append_queue import AppendQueue
from central_server.devices import Roster
from central_server.follower_thread import FollowerThread
from central_server.health import STALE_SECONDS, FollowerReport, Health
from central_server.operator_log import OperatorLog, telling_everything
from central_server.vitals import ResultCounts, Vitals
from tests.unit.ledger.election_factory import small_night

VITALS = Vitals(100.0, 12, None, 10, 3.4, 7, 60.0, 1_000, ResultCounts())


@dataclass
class Queue:
    problem: str | None = None
    waiting: int = 3
    appended: int = 9


def make_health(
    vitals: Vitals = VITALS,
    *,
    ingest: str | None = None,
    publication: str | None = None,
    anchoring: str | None = None,
    now: float = 101.0,
) -> Health:
    def report(name: str, problem: str | None, numbers: Mapping[str, int | None]) -> FollowerReport:
        return FollowerReport(name, lambda: problem, lambda: numbers)

    followers = (
        report("publication", publication, {"snapshot": 4, "size": 10}),
        report("anchoring", anchoring, {"size": 7, "lag": 3, "nodes": 2, "nodes_failing": 1}),
    )
    roster = Roster(small_night().fold.definition)
    return Health(roster, cast(AppendQueue, Queue(ingest)), followers, lambda: vitals, 1_000, lambda: now)


def test_the_whole_says_how_far_all_is() -> None:
    document: dict[str, Any] = make_health().read()
    assert (document["status"], document["ready"], document["reasons"]) == ("ok", True, [])
    assert document["log"] == {"problem": None, "size": 12}
    assert document["publication"] == {"problem": None, "snapshot": 4, "size": 10, "lag": 2, "lag_seconds": 3}
    assert document["anchoring"] == {
        "problem": None, "size": 7, "lag": 3, "lag_seconds": 60, "nodes": 2, "nodes_failing": 1,
    }  # fmt: skip
    assert document["disk"] == {"problem": None}
    assert make_health().read_all()["disk"] == {"problem": None, "free_bytes": 1_000}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_that_ends_a_follower_is_told_and_seen() -> None:
    """It does not vanish: the server is unready, and the operator has the traceback."""

    def step() -> float:
        raise ZeroDivisionError("a defect")

    stream, errors = io.StringIO(), list[str]()
    with telling_everything(OperatorLog(stream, lambda: 0.0)):
        thread = FollowerThread(
            "publication", step, lambda: True, lambda _, error: errors.append(error.code), lambda: 0
        )
        thread.start()
        thread.stop(20)
    assert make_health(publication=thread.problem).read()["reasons"] == ["PUBLICATION_STOPPED"]
    assert "publication: FAULT: ZeroDivisionError" in stream.getvalue() and "Traceback" in stream.getvalue()
    assert errors == []


@pytest.mark.parametrize(
    ("health", "status", "reasons"),
    [
        (make_health(ingest="DISK_FULL"), "failing", ["DISK_FULL"]),
        (make_health(replace(VITALS, log_problem="LOG_BEHIND_GUARD")), "failing", ["LOG_BEHIND_GUARD"]),
        (make_health(replace(VITALS, free_bytes=999)), "degraded", ["DISK_LOW"]),
        (make_health(replace(VITALS, free_bytes=None)), "ok", []),
        (make_health(now=100.0 + STALE_SECONDS + 1), "degraded", ["WATCH_STALE"]),
        (make_health(publication="DISK_FULL"), "degraded", []),
        (make_health(anchoring="CHAIN_DOWN"), "degraded", []),
        (make_health(publication="STOPPED"), "degraded", ["PUBLICATION_STOPPED"]),
        (make_health(anchoring="STOPPED"), "degraded", ["ANCHORING_STOPPED"]),
    ],
)
def test_what_makes_it_unready_has_a_code(health: Health, status: str, reasons: list[str]) -> None:
    """A follower that fails and tries again makes it worse, not unready: receipts never wait for followers."""
    document = health.read()
    assert (document["status"], document["ready"], document["reasons"]) == (status, not reasons, reasons)
    assert health.reasons() == reasons
    health.stopping = True
    assert health.read()["reasons"] == ["STOPPING", *reasons]
