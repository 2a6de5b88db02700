"""What the server refused is kept, and offered again; and after an outage agents come back one by one."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.urn_agent.agent_factory import final_report, open_outbox
from tests.unit.urn_agent.courier_factory import Server, make_courier, refuse_all
from tests.unit.urn_agent.test_outbox import put
from urn_agent.courier import IDLE_MS, Courier
from urn_agent.delivery import RawAnswer
from urn_agent.outbox import Outbox, Progress
from urn_agent.uplink import UplinkError


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(tmp_path / "outbox.sqlite") as opened:
        put(opened, final_report(units=("101", "102", "103")))
        yield opened


def test_a_refused_record_is_kept_told_and_offered_again_seldom(outbox: Outbox) -> None:
    """A refusal is signed by nobody: a fault of the server must not make a report disappear."""
    server = Server()
    server.faults = [refuse_all("FOREIGN_RECORD", retry=False)] * 4
    courier, now_ms, asked = make_courier(outbox, server), 0, []
    for _ in range(400):
        before = len(server.requests)
        step = courier.step(now_ms)
        if len(server.requests) > before:
            asked.append(now_ms)
            assert step.receipted or [refusal.code for refusal in step.refused] == ["FOREIGN_RECORD"] * 3
        if len(asked) == 4:
            assert outbox.progress() == Progress(1, 0, 0, 3)
        now_ms = step.due_ms
    minutes = [(later - earlier) / 60_000 for earlier, later in itertools.pairwise(asked)]
    assert minutes == [5, 10, 20, 40], "less and less often, to the minute in which an idle courier looks"
    assert outbox.progress() == Progress(1, 0, 3, 0)


def test_refused_records_wait_at_most_an_hour_and_go_out_in_batches(outbox: Outbox) -> None:
    for number in range(2, 70):
        put(outbox, final_report(votes=number), number)
    server = Server()
    server.faults = [refuse_all("BAD_SIGNATURE", retry=False)] * 30
    courier, now_ms = make_courier(outbox, server), 0
    requests: dict[int, int] = {}
    while server.faults:
        before = len(server.requests)
        step = courier.step(now_ms)
        requests[now_ms] = requests.get(now_ms, 0) + len(server.requests) - before
        now_ms = step.due_ms
    asked = [moment for moment, count in requests.items() if count]
    assert max(later - earlier for earlier, later in itertools.pairwise(asked)) <= 3_600_000 + IDLE_MS
    assert set(server.requests) == {50, 21}, "all of them each time, none twice"


def test_another_refusal_shortens_the_pause_again(outbox: Outbox) -> None:
    """What is refused now does not wait for an hour because something else was refused all night."""
    server = Server()
    server.faults = [refuse_all("BAD_SIGNATURE", retry=False)] * 8
    courier, now_ms = make_courier(outbox, server), 0
    while server.faults:
        now_ms = courier.step(now_ms).due_ms
    put(outbox, final_report(votes=9), 2)
    server.faults = [refuse_all("BAD_SIGNATURE", retry=False)]
    refused_ms = now_ms
    while outbox.progress().refused or outbox.progress().pending:
        now_ms = courier.step(now_ms).due_ms
    assert now_ms - refused_ms <= 300_000 + IDLE_MS


def test_an_agent_that_is_started_again_offers_what_was_refused(outbox: Outbox) -> None:
    server = Server()
    server.faults = [refuse_all("OTHER_ELECTION", retry=False)]
    assert len(make_courier(outbox, server).step(0).refused) == 3
    assert make_courier(outbox, server).step(0).receipted == 3


def test_resend_does_not_wait(outbox: Outbox) -> None:
    server = Server()
    server.faults = [refuse_all("OTHER_ELECTION", retry=False)]
    courier = make_courier(outbox, server)
    courier.step(0)
    assert courier.step(1).receipted == 0
    assert (outbox.resend(), outbox.progress().pending) == (3, 3)
    assert courier.step(2).receipted == 3
    assert outbox.resend() == 0


def test_an_outage_while_refused_records_are_offered_decides_nothing(outbox: Outbox) -> None:
    server = Server()
    down = RawAnswer(503, "", "", b"")
    server.faults = [refuse_all("OTHER_ELECTION", retry=False), lambda records: down]
    make_courier(outbox, server).step(0)
    courier, now_ms = make_courier(outbox, server), 0
    assert courier.step(now_ms).trouble is not None
    assert outbox.progress() == Progress(1, 0, 0, 3)
    while now_ms < 3_600_000:
        now_ms = courier.step(now_ms).due_ms
    assert outbox.progress() == Progress(1, 0, 3, 0)


def test_many_agents_do_not_come_back_together(tmp_path: Path) -> None:
    """After an outage of an hour their next attempts are spread, and their backlogs go out in bounded requests."""
    draw, agents, attempts = random.Random(3), 20, []
    for agent in range(agents):
        server = Server()

        def down(records: list[bytes]) -> RawAnswer | None:
            raise UplinkError("UPLINK_UNREACHABLE", "no")

        with open_outbox(tmp_path / f"outbox{agent}.sqlite") as outbox:
            for number in range(60):
                put(outbox, final_report(votes=number), number)
            courier, now_ms = Courier(outbox, server, server.log.prove, draw.random), 0
            server.faults = [down] * 1_000
            while now_ms < 3_600_000:
                now_ms = courier.step(now_ms).due_ms
            assert len(server.requests) > 3_600_000 // 30_000, "it does not wait for longer than half a minute"
            attempts.append(now_ms)
            server.faults, sent = [], len(server.requests)
            while outbox.progress().pending:
                now_ms = courier.step(now_ms).due_ms
            assert server.requests[sent:] == [50, 10]
            assert len(server.log.entries) == outbox.progress().receipted == 60
    assert max(attempts) - min(attempts) > 10_000
    busiest = max(sum(moment <= other < moment + 1_000 for other in attempts) for moment in attempts)
    assert busiest <= agents // 4
