"""Turnout and journal at one line: stored and signed like the rest, and never at a final report's cost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from ledger.record import parse_record
from ledger.tally import EventCode, Opening, TallyReport, Turnout, UrnEvent
from simulator.urn import SimulatedUrn, UrnClock, play_in_memory
from tests.unit.urn_agent.agent_factory import (
    NOON_MS,
    Desk,
    final_report,
    journal_report,
    make_urn,
    open_outbox,
    turnout_report,
    zero_report,
)
from urn_agent import session
from urn_agent.device_report import MAX_ENTRIES, UrnReport
from urn_agent.link_events import AgentTime, UrnWelcomed
from urn_agent.link_events import UrnEvent as LinkEvent
from urn_agent.outbox import Outbox

DAY: list[UrnReport] = [zero_report(), journal_report(), turnout_report(0, 12), turnout_report(1, 20), final_report()]


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(tmp_path / "outbox.sqlite") as opened:
        yield opened


def bodies(outbox: Outbox) -> list[object]:
    return [parse_record(record.data).body for record in outbox.pending(2_000)]


def test_a_whole_day_becomes_one_chain(outbox: Outbox) -> None:
    """Queued together, the final report goes before turnout, and that before the journal."""
    urn = make_urn(*DAY)
    play_in_memory(urn, Desk(outbox).session.feed)
    assert (urn.is_settled, urn.is_closed, urn.refused) == (True, True, {})
    found = bodies(outbox)
    assert [type(body) for body in found] == [Opening, TallyReport, Turnout, Turnout, UrnEvent, UrnEvent]
    chain = [body.seq for body in found if isinstance(body, Opening | TallyReport | Turnout | UrnEvent)]
    assert chain == [1, 2, 3, 4, 5, 6]
    assert [body.code for body in found if isinstance(body, UrnEvent)] == ["power_lost", "power_restored"]


@pytest.mark.parametrize("restarted", ["urn", "agent"])
def test_the_day_again_after_a_restart_stores_nothing_twice(outbox: Outbox, restarted: str) -> None:
    desk = Desk(outbox)
    play_in_memory(make_urn(*DAY), desk.session.feed)
    if restarted == "agent":
        desk.restart()
    urn = make_urn(*DAY, seed=1)
    play_in_memory(urn, desk.session.feed)
    assert urn.is_settled
    assert len(bodies(outbox)) == 6


def test_turnout_at_a_time_of_its_own_is_refused_and_the_night_goes_on(outbox: Outbox) -> None:
    desk, urn = Desk(outbox), make_urn(structs.replace(turnout_report(), time=1_799_999_999), final_report())
    play_in_memory(urn, desk.session.feed)
    assert (urn.refused, urn.settled, urn.is_closed) == ({1: "REPORT_WRONG_TIME"}, {2}, True)
    assert [type(body) for body in bodies(outbox)] == [TallyReport]


def test_the_urn_is_told_the_election_turnout_times_and_the_time(outbox: Outbox) -> None:
    shown: list[LinkEvent] = []
    urn = SimulatedUrn([final_report()], lambda: 5, show=shown.append)
    desk = Desk(outbox)
    play_in_memory(urn, desk.session.feed)
    [welcome] = [event for event in shown if isinstance(event, UrnWelcomed)]
    assert welcome.turnout_times == desk.assignment.turnout_times
    assert AgentTime(NOON_MS // 1_000, 0) in shown


@pytest.mark.parametrize("error_s", [-7_200, -3, 0, 2, 90])
def test_an_urn_sets_its_clock_and_says_so(outbox: Outbox, error_s: int) -> None:
    """How far it was off is noted, for the technician; what it signs afterwards has the right time."""
    clock = UrnClock(lambda: NOON_MS // 1_000, error_s)
    desk, urn = Desk(outbox), make_urn(zero_report(), clock=clock)
    play_in_memory(urn, desk.session.feed)
    assert urn.is_settled
    was_set = abs(error_s) > 2
    events = [body for body in bodies(outbox) if isinstance(body, UrnEvent)]
    assert [(event.time, event.code) for event in events] == [(NOON_MS // 1_000, "clock_set")] * was_set
    assert clock.now_s() == NOON_MS // 1_000 + (0 if was_set else error_s)
    [sitting] = outbox.sittings.sittings()
    assert sitting.clock_offset_s == error_s
    assert ("URN_CLOCK_OFF" in desk.codes) == (abs(error_s) > 60)


def test_an_urn_without_a_clock_is_served(outbox: Outbox) -> None:
    desk = Desk(outbox)
    play_in_memory(make_urn(zero_report()), desk.session.feed)
    assert outbox.sittings.sittings()[0].clock_offset_s is None
    assert "URN_CLOCK_OFF" not in desk.codes


def test_an_urn_that_goes_wild_is_cut_short_and_its_final_report_taken(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is on what it says beside its counters, over all its sessions."""
    monkeypatch.setattr(session, "MAX_SIDE_RECORDS", 2 * MAX_ENTRIES + 1)
    desk = Desk(outbox)
    for number in (1, 2):
        jams: list[tuple[int, EventCode]] = [(number, "paper_jam")] * MAX_ENTRIES
        full = journal_report(*jams, session=number)
        play_in_memory(make_urn(full), desk.session.feed)
    urn = make_urn(turnout_report(session=3), journal_report(session=3), final_report(session=3))
    play_in_memory(urn, desk.session.feed)
    assert (urn.refused, urn.settled) == ({2: "REPORT_TOO_MANY"}, {1, 3})
    assert outbox.count_side_records("u0") == 2 * MAX_ENTRIES + 1
    assert outbox.has_final("u0", 3)
