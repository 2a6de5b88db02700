"""Whatever the line loses, doubles, delays or makes up, and whoever restarts: each report is stored exactly once."""

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from ledger.primitives import KeyId
from simulator.serial_line import FaultyWire, LineFaults
from urn_agent.frame import Frame, FrameDecoder, encode_frame
from urn_agent.link import AgentLink
from urn_agent.link_events import (
    NEED_DATA,
    AgentEvent,
    LinkTimers,
    Report,
    ReportIdentity,
    ReportReceived,
    ReportSettled,
    UrnConnected,
    UrnEvent,
)
from urn_agent.link_messages import FINAL_REPORT, MAX_CONNECTION, REPORT_KINDS
from urn_agent.link_table import UrnState
from urn_agent.link_urn import UrnLink

TIMERS = LinkTimers(repeat_ms=100, repeat_limit_ms=400, pause_ms=200, ping_ms=5_000)


class Owner:
    """The agent's owner: keeps what it acknowledged, also when the link is made anew after a crash."""

    def __init__(self) -> None:
        self.stored: dict[ReportIdentity, bytes] = {}
        self.times_stored = 0
        self.restart()

    def restart(self) -> None:
        self.link = AgentLink(KeyId(bytes(32)), str, lambda: 1_800_000_000)

    def feed(self, data: bytes) -> bytes:
        self.link.feed(data)
        while (event := self.link.next_event()) is not NEED_DATA:
            if isinstance(event, UrnConnected):
                self.link.accept_urn(self.stored)
            elif isinstance(event, ReportReceived):
                self.times_stored += event.identity not in self.stored
                assert self.stored.setdefault(event.identity, event.content) == event.content
                self.link.acknowledge(event.identity)
        return self.link.bytes_to_send()


reports = st.lists(
    st.builds(Report, st.sampled_from(sorted(REPORT_KINDS)), st.just(0), st.binary(min_size=1, max_size=5_000)),
    min_size=1,
    max_size=3,
).map(lambda found: [Report(report.kind, number, report.content) for number, report in enumerate(found)])

chance = st.sampled_from([0.0, 0.05, 0.2])
faults = st.builds(LineFaults, st.integers(0, 2**16), chance, chance, chance, chance, chance, chance)


@given(reports, faults, faults, st.lists(st.integers(5, 60), max_size=3), st.lists(st.integers(5, 60), max_size=3))
def test_each_report_is_stored_once(
    sent: list[Report],
    to_agent: LineFaults,
    to_urn: LineFaults,
    agent_restarts: list[int],
    urn_restarts: list[int],
) -> None:
    """The urn offers its reports anew after each of its restarts; the agent remembers only what it acknowledged."""
    forth, back = FaultyWire(to_agent), FaultyWire(to_urn)
    draw = random.Random(to_agent.seed)

    def start_urn(now_ms: int) -> UrnLink:
        urn = UrnLink("urn-1", "1.0", 7, lambda: draw.randint(0, MAX_CONNECTION), lambda: None, TIMERS)
        urn.start(now_ms)
        for report in sent:
            urn.send_report(report, now_ms)
        return urn

    owner, urn = Owner(), start_urn(0)
    settled: set[int] = set()
    crashes = set(itertools.accumulate(agent_restarts)), set(itertools.accumulate(urn_restarts))
    now_ms = 0
    for turn in range(20_000):
        if turn in crashes[0]:
            owner.restart()
        if turn in crashes[1]:
            urn = start_urn(now_ms)
        outgoing = urn.bytes_to_send()
        if not outgoing:
            now_ms = urn.due_ms or now_ms
            urn.tick(now_ms)
        arrived = forth.carry(outgoing) if outgoing else forth.late()
        answers = [answer for piece in arrived if (answer := owner.feed(piece))]
        returned = [piece for answer in answers for piece in back.carry(answer)] or back.late()
        for piece in returned:
            urn.feed(piece, now_ms)
        while (event := urn.next_event()) is not NEED_DATA:
            if isinstance(event, ReportSettled):
                settled.add(event.number)
                assert any(identity.number == event.number for identity in owner.stored), "settled but not stored"
        if urn.state is UrnState.READY and not urn.waiting and turn > max(crashes[0] | crashes[1] | {0}):
            break
    assert settled == {report.number for report in sent}
    assert {identity.number: content for identity, content in owner.stored.items()} == {
        report.number: report.content for report in sent
    }
    assert owner.times_stored == len(sent)


def converse(sent: list[Report]) -> tuple[bytes, bytes]:
    """All bytes of a faultless conversation, in each direction."""
    owner = Owner()
    urn = UrnLink("urn-1", "1.0", 7, lambda: 5, lambda: None, TIMERS)
    urn.start(0)
    for report in sent:
        urn.send_report(report, 0)
    said, answered = b"", b""
    while outgoing := urn.bytes_to_send():
        answer = owner.feed(outgoing)
        said, answered = said + outgoing, answered + answer
        urn.feed(answer, 0)
    return said, answered


def pull_all(owner: Owner, pieces: list[bytes]) -> list[AgentEvent]:
    events: list[AgentEvent] = []
    for piece in pieces:
        owner.link.feed(piece)
        while (event := owner.link.next_event()) is not NEED_DATA:
            events.append(event)
            if isinstance(event, UrnConnected):
                owner.link.accept_urn(())
            elif isinstance(event, ReportReceived):
                owner.link.acknowledge(event.identity)
    return events


@given(reports)
def test_split_at_every_byte_gives_the_same_events(sent: list[Report]) -> None:
    said, answered = converse(sent)
    whole = pull_all(owner := Owner(), [said])
    assert owner.link.bytes_to_send() == answered
    received = {event.identity.number: event.content for event in whole if isinstance(event, ReportReceived)}
    assert received == {report.number: report.content for report in sent}
    for position in range(0, len(said), 1 + len(said) // 100):
        assert pull_all(Owner(), [said[:position], said[position:]]) == whole
    assert pull_all(Owner(), [bytes([byte]) for byte in said]) == whole


def test_a_session_of_every_kind_cut_at_each_single_byte() -> None:
    """Both ends: not a sample of positions, but all of them."""
    sent = [Report(kind, kind, bytes(range(256)) * (1 + 3 * (kind == FINAL_REPORT))) for kind in REPORT_KINDS]
    said, answered = converse(sent)
    whole = pull_all(Owner(), [said])
    assert {event.kind for event in whole if isinstance(event, ReportReceived)} == set(REPORT_KINDS)
    for position in range(len(said) + 1):
        owner = Owner()
        assert pull_all(owner, [said[:position], said[position:]]) == whole
        assert owner.link.bytes_to_send() == answered
    frames = [frame for frame in FrameDecoder().feed(answered) if isinstance(frame, Frame)]
    expected = hear(sent, [encode_frame(frame.payload) for frame in frames])
    assert [event.number for event in expected if isinstance(event, ReportSettled)] == [1, 2, 3, 4]
    for answer in range(len(frames)):
        wire = encode_frame(frames[answer].payload)
        before = [encode_frame(frame.payload) for frame in frames[:answer]]
        after = [encode_frame(frame.payload) for frame in frames[answer + 1 :]]
        for position in range(len(wire) + 1):
            assert hear(sent, [*before, wire[:position], wire[position:], *after]) == expected


def hear(sent: list[Report], pieces: list[bytes]) -> list[UrnEvent]:
    """What the urn is told when the agent's answers come in these pieces, each frame after it was asked for."""
    urn = UrnLink("urn-1", "1.0", 7, lambda: 5, lambda: None, TIMERS)
    urn.start(0)
    for report in sent:
        urn.send_report(report, 0)
    for piece in pieces:
        urn.feed(piece, 0)
    return list(iter(urn.next_event, NEED_DATA))
