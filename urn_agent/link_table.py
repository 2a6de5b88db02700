"""The states of the two ends of the link and every step between them, as tables.

A step that the table does not have for a state is a breach of the protocol: by the peer when it sent the message
(RemoteProtocolError, the urn is flagged), by our own program when it made the call (LocalProtocolError, a developer is
woken). The tables hold no bytes, clocks or counters; ``link`` and ``link_urn`` do.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from ledger.errors import TunukError


class LocalProtocolError(TunukError):
    """We broke the protocol: a defect of this program."""


class RemoteProtocolError(TunukError):
    """The peer broke the protocol, or the line garbled it beyond the checksum's notice."""


class AgentState(Enum):
    """Where the agent's end stands."""

    SILENT = "no urn has said hello"
    GREETED = "an urn said hello; our owner decides about it"
    READY = "the urn is welcome; no report is under way"
    RECEIVING = "a report is arriving"
    DECIDING = "a report is whole; our owner is storing it"


class AgentStep(Enum):
    """What can happen at the agent's end: messages of the urn, and the owner's calls."""

    HELLO = "hello"
    ACCEPT_URN = "owner: urn accepted"
    TURN_AWAY = "owner: urn turned away"
    OFFER = "offer of a new report"
    OFFER_SETTLED = "offer of a report that is already stored"
    OFFER_UNFIT = "offer of a report that cannot be taken"
    DATA = "part of a report"
    DATA_LAST = "last part, digest right"
    DATA_BROKEN = "last part, digest wrong"
    ACKNOWLEDGE = "owner: report stored"
    REFUSE = "owner: report refused"
    PING = "ping"
    BYE = "bye"


class UrnState(Enum):
    """Where the urn's end stands."""

    OFF = "not started"
    GREETING = "hello sent"
    READY = "welcome; no report is under way"
    OFFERING = "offer sent"
    SENDING = "a part of the report sent"
    PINGING = "ping sent"
    PAUSED = "turned away, refused for now, or reset; hello follows after a pause"
    LEAVING = "bye sent"
    GONE = "closed"


class UrnStep(Enum):
    """What can happen at the urn's end: answers of the agent, the owner's calls, and timers."""

    START = "owner: start"
    GREET_ANEW = "timer: hello not answered"
    WELCOME = "welcome"
    TURNED_AWAY = "turned away"
    OFFER = "owner: a report waits"
    PROCEED = "proceed"
    SETTLED = "settled"
    REFUSED = "refused for good"
    REFUSED_FOR_NOW = "refused, retry"
    IDLE = "timer: ping due"
    NOTED = "noted"
    RESET = "reset"
    RESUME = "timer: pause over"
    LEAVE = "owner: leave"
    GIVE_UP = "timer: bye not answered"


AGENT_TABLE: Mapping[AgentState, Mapping[AgentStep, AgentState]] = {
    AgentState.SILENT: {AgentStep.HELLO: AgentState.GREETED},
    AgentState.GREETED: {
        AgentStep.HELLO: AgentState.GREETED,
        AgentStep.ACCEPT_URN: AgentState.READY,
        AgentStep.TURN_AWAY: AgentState.SILENT,
    },
    AgentState.READY: {
        AgentStep.HELLO: AgentState.GREETED,
        AgentStep.OFFER: AgentState.RECEIVING,
        AgentStep.OFFER_SETTLED: AgentState.READY,
        AgentStep.OFFER_UNFIT: AgentState.READY,
        AgentStep.PING: AgentState.READY,
        AgentStep.BYE: AgentState.SILENT,
    },
    AgentState.RECEIVING: {
        AgentStep.HELLO: AgentState.GREETED,
        AgentStep.DATA: AgentState.RECEIVING,
        AgentStep.DATA_LAST: AgentState.DECIDING,
        AgentStep.DATA_BROKEN: AgentState.READY,
    },
    AgentState.DECIDING: {
        AgentStep.HELLO: AgentState.GREETED,
        AgentStep.ACKNOWLEDGE: AgentState.READY,
        AgentStep.REFUSE: AgentState.READY,
    },
}

URN_TABLE: Mapping[UrnState, Mapping[UrnStep, UrnState]] = {
    UrnState.OFF: {UrnStep.START: UrnState.GREETING},
    UrnState.GREETING: {
        UrnStep.GREET_ANEW: UrnState.GREETING,
        UrnStep.WELCOME: UrnState.READY,
        UrnStep.TURNED_AWAY: UrnState.PAUSED,
        UrnStep.RESET: UrnState.PAUSED,
    },
    UrnState.READY: {
        UrnStep.OFFER: UrnState.OFFERING,
        UrnStep.IDLE: UrnState.PINGING,
        UrnStep.LEAVE: UrnState.LEAVING,
    },
    UrnState.OFFERING: {
        UrnStep.PROCEED: UrnState.SENDING,
        UrnStep.SETTLED: UrnState.READY,
        UrnStep.REFUSED: UrnState.READY,
        UrnStep.REFUSED_FOR_NOW: UrnState.PAUSED,
        UrnStep.RESET: UrnState.PAUSED,
    },
    UrnState.SENDING: {
        UrnStep.PROCEED: UrnState.SENDING,
        UrnStep.SETTLED: UrnState.READY,
        UrnStep.REFUSED: UrnState.READY,
        UrnStep.REFUSED_FOR_NOW: UrnState.PAUSED,
        UrnStep.RESET: UrnState.PAUSED,
    },
    UrnState.PINGING: {UrnStep.NOTED: UrnState.READY, UrnStep.RESET: UrnState.PAUSED},
    UrnState.PAUSED: {UrnStep.RESUME: UrnState.GREETING},
    UrnState.LEAVING: {
        UrnStep.NOTED: UrnState.GONE,
        UrnStep.RESET: UrnState.GONE,
        UrnStep.GIVE_UP: UrnState.GONE,
    },
    UrnState.GONE: {},
}

_State = TypeVar("_State", AgentState, UrnState)
_Step = TypeVar("_Step", AgentStep, UrnStep)


def next_state(
    table: Mapping[_State, Mapping[_Step, _State]], state: _State, step: _Step, error: type[TunukError]
) -> _State:
    """The state after ``step``. Raises ``error``(``LINK_OUT_OF_TURN``) where the table has no such step."""
    following = table[state].get(step)
    if following is None:
        raise error("LINK_OUT_OF_TURN", f"not possible now: {step.value}, while {state.value}")
    return following
