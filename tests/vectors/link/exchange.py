"""The session of the vectors: both ends of the link, a clock that stands, and what can come between them.

The urn loses its power in mid-report, the agent's disk is full once, and an answer is lost.
"""

from collections.abc import Iterator, Sequence

import msgspec

from ledger.primitives import KeyId
from urn_agent.frame import Frame, FrameDecoder
from urn_agent.link import AgentLink
from urn_agent.link_events import NEED_DATA, LinkTimers, Report, ReportIdentity, ReportReceived, UrnConnected
from urn_agent.link_messages import AGENT_TYPES, JOURNAL_REPORT, URN_TYPES, parse_body, parse_header
from urn_agent.link_urn import UrnLink
from urn_agent.messages import say

NOW = 1_800_000_000
AGENT = bytes(range(32))
TURNOUT_TIMES = (NOW - 36_000, NOW - 21_600)

POWER_LOST_AFTER = 10
"""Steps after which the urn loses its power; it says its next hello when it has it again."""


class _Agent:
    """Stores what it receives, and acknowledges it; has no room for the first journal report that comes."""

    def __init__(self) -> None:
        self._has_room = False
        self.link = AgentLink(KeyId(AGENT), lambda code: say(code, "ru"), lambda: NOW)
        self._stored: set[ReportIdentity] = set()

    def feed(self, data: bytes) -> bytes:
        self.link.feed(data)
        while (event := self.link.next_event()) is not NEED_DATA:
            if isinstance(event, UrnConnected):
                self.link.accept_urn(self._stored, TURNOUT_TIMES)
            elif isinstance(event, ReportReceived):
                self._decide(event)
        return self.link.bytes_to_send()

    def _decide(self, event: ReportReceived) -> None:
        if event.kind == JOURNAL_REPORT and not self._has_room:
            self._has_room = True
            self.link.refuse(event.identity, "OUTBOX_FULL", say("OUTBOX_FULL", "ru"), retry=True)
            return
        self._stored.add(event.identity)
        self.link.acknowledge(event.identity)


def converse(reports: Sequence[Report]) -> list[dict[str, object]]:
    """The steps, each a frame with what it says. The first ping is said twice, as if its answer had been lost."""
    agent, steps = _Agent(), list[dict[str, object]]()

    def put(side: str, frame: bytes) -> None:
        [event] = FrameDecoder().feed(frame)
        if not isinstance(event, Frame):
            raise ValueError("both ends make good frames")
        header = parse_header(event.payload)
        named = {"connection": header.connection, "sequence": header.sequence, **name_message(event.payload)}
        steps.append({"from": side, **named, "frame": frame.hex()})

    def play(urn: UrnLink, limit: int) -> None:
        while len(steps) < limit and (said := urn.bytes_to_send()):
            put("urn", said)
            answer = agent.feed(said)
            put("agent", answer)
            urn.feed(answer, 0)

    connections = iter((0x0A0B0C0D, 0x11223344, 0x55667788))
    play(_switch_on(reports, connections), POWER_LOST_AFTER)
    urn = _switch_on(reports, connections)
    play(urn, 1_000)
    urn.tick(urn.due_ms or 0)
    play(urn, 1_000)
    urn.tick(urn.due_ms or 0)
    said = urn.bytes_to_send()
    for _ in range(2):
        put("urn", said)
        answer = agent.feed(said)
        put("agent", answer)
    urn.feed(answer, 0)
    urn.leave(0)
    play(urn, 1_000)
    return steps


def _switch_on(reports: Sequence[Report], connections: Iterator[int]) -> UrnLink:
    urn = UrnLink("urn-1001", "2.4.1", 7, lambda: next(connections), lambda: NOW - 3, LinkTimers())
    urn.start(0)
    for report in reports:
        urn.send_report(report, 0)
    return urn


def name_message(payload: bytes) -> dict[str, object]:
    """A payload's message by name and fields, for JSON: bytes in hexadecimal."""
    header = parse_header(payload)
    message = parse_body(header, payload, {**URN_TYPES, **AGENT_TYPES})
    fields = {name: getattr(message, name) for name in message.__struct_fields__}
    plain = {
        name: value.hex() if isinstance(value, bytes) else msgspec.to_builtins(value) for name, value in fields.items()
    }
    return {"type": header.type_number, "message": type(message).__name__, "fields": plain}
