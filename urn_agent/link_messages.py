"""What urn and agent say to each other on the link, as bytes.

A frame's payload is ``type (1) ‖ connection (4) ‖ sequence (4) ‖ body``, integers big-endian, the body a canonical
MessagePack array. The urn speaks first and numbers its messages; an answer repeats connection and sequence of what it
answers. Responsible for shapes and bounds only: who may say what when is in ``link_table``.

A message type is never used again with another body. Reports of further kinds need no new message, only a new number:
an agent that does not know a kind refuses that report by code, and the link goes on.
"""

import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from ledger import canonical
from ledger.canonical import Canonical, Count, Hash32, Identifier, require_text
from ledger.election import MAX_TURNOUT_TIMES
from ledger.errors import FormatError
from urn_agent.frame import MAX_PAYLOAD

VERSION = 1
"""Protocol version. The first field of ``Hello`` keeps its place and meaning in every version."""

ZERO_REPORT, FINAL_REPORT, TURNOUT_REPORT, JOURNAL_REPORT = 1, 2, 3, 4
REPORT_KINDS: Mapping[int, str] = {
    ZERO_REPORT: "zero",
    FINAL_REPORT: "final",
    TURNOUT_REPORT: "turnout",
    JOURNAL_REPORT: "journal",
}
"""A report's number in ``Offer``, and the name in its first field."""

REPORT_NUMBERS: Mapping[str, int] = {name: number for number, name in REPORT_KINDS.items()}

MAX_REPORT = 262_144
"""Bytes of a report. A remote urn with 30 units and 30 contests of 20 selections each comes to about 200 KB; what is
larger is refused at the offer, before memory is spent on it. At 115,200 baud this takes 25 s, at 9,600 five minutes."""

_HEADER = struct.Struct(">BII")
MAX_CONNECTION = 2**32 - 1

MAX_CHUNK = MAX_PAYLOAD - 64
"""Bytes of a report in one message: header, array, numbers and byte string head take 36 bytes at most."""

MAX_WORDS = 200
"""Characters of a message for people: in Cyrillic 400 bytes, so that it fits into a frame."""

Code = Annotated[str, Meta(pattern=r"\A[A-Z][A-Z0-9_]{0,63}\Z")]
Sentence = Annotated[str, Meta(max_length=MAX_WORDS)]
Reserved = Annotated[bytes, Meta(max_length=128)]
"""Room for a challenge, or an answer to one, by which urn and agent may prove who they are. Version 1 carries it and
judges nothing by it; empty where there is none."""


class Hello(Canonical, frozen=True):
    """Urn: opens a connection. ``session`` counts the urn's openings of the polls; it survives its power cuts.

    ``time`` is the urn's clock in Unix seconds when this hello was said, nil where the urn has none.
    """

    version: Count
    urn: Identifier
    firmware: Identifier
    session: Count
    time: Count | None
    challenge: Reserved


class Offer(Canonical, frozen=True):
    """Urn: there is a report; its number within the session, its size in bytes, its SHA-256."""

    kind: Count
    number: Count
    size: Count
    digest: Hash32


class Data(Canonical, frozen=True):
    """Urn: bytes of the report on offer from ``offset`` on."""

    number: Count
    offset: Count
    chunk: Annotated[bytes, Meta(min_length=1, max_length=MAX_CHUNK)]


class Ping(Canonical, frozen=True):
    """Urn: nothing to report, still here."""


class Bye(Canonical, frozen=True):
    """Urn: nothing more to come in this connection; every answer has arrived."""


class Welcome(Canonical, frozen=True):
    """Agent: this urn is ours. ``agent`` is the key id under which its reports will be signed.

    ``time`` is the agent's clock in Unix seconds, ``turnout_times`` when the urn is to report its turnout, ascending.
    """

    version: Count
    agent: Hash32
    time: Count
    turnout_times: Annotated[tuple[Count, ...], Meta(max_length=MAX_TURNOUT_TIMES)]
    challenge: Reserved
    response: Reserved


class TurnedAway(Canonical, frozen=True):
    """Agent: no connection, for the reason in ``code``; ask again later."""

    version: Count
    code: Code
    words: Sentence

    def __post_init__(self) -> None:
        require_text(self.words)


class Proceed(Canonical, frozen=True):
    """Agent: the bytes before ``offset`` have arrived, go on from there.

    In answer to an offer ``offset`` is 0, or what had arrived of the same report before the connection was lost.
    """

    number: Count
    offset: Count


class Settled(Canonical, frozen=True):
    """Agent: the report is stored durably; the urn need not keep it for our sake."""

    number: Count
    digest: Hash32


class Refused(Canonical, frozen=True):
    """Agent: the report was not taken. With ``retry`` the same report may be taken later."""

    number: Count
    digest: Hash32
    code: Code
    words: Sentence
    retry: bool

    def __post_init__(self) -> None:
        require_text(self.words)


class Noted(Canonical, frozen=True):
    """Agent: heard (answers ``Ping`` and ``Bye``). ``time`` is the agent's clock in Unix seconds."""

    time: Count


class Reset(Canonical, frozen=True):
    """Agent: your message does not fit what I know (one of us restarted, or broke the protocol); say hello again."""

    code: Code
    words: Sentence

    def __post_init__(self) -> None:
        require_text(self.words)


UrnMessage = Hello | Offer | Data | Ping | Bye
AgentMessage = Welcome | TurnedAway | Proceed | Settled | Refused | Noted | Reset
Message = UrnMessage | AgentMessage

URN_TYPES: Mapping[int, type[Message]] = {0x01: Hello, 0x02: Offer, 0x03: Data, 0x04: Ping, 0x05: Bye}
AGENT_TYPES: Mapping[int, type[Message]] = {
    0x81: Welcome,
    0x82: TurnedAway,
    0x83: Proceed,
    0x84: Settled,
    0x85: Refused,
    0x86: Noted,
    0x87: Reset,
}
_NUMBER_OF = {message: number for number, message in (*URN_TYPES.items(), *AGENT_TYPES.items())}


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before every body, and can be read also of a message that this end does not know."""

    type_number: int
    connection: int
    sequence: int


def encode_message(connection: int, sequence: int, message: Message) -> bytes:
    """The payload of the frame that carries ``message``; an answer has connection and sequence of what it answers."""
    return _HEADER.pack(_NUMBER_OF[type(message)], connection, sequence) + canonical.encode(message)


def parse_header(payload: bytes) -> Header:
    """Raises FormatError(``LINK_MESSAGE_TOO_SHORT``)."""
    if len(payload) <= _HEADER.size:
        raise FormatError("LINK_MESSAGE_TOO_SHORT", f"a message has more than {_HEADER.size} bytes, not {len(payload)}")
    return Header(*_HEADER.unpack_from(payload))


class _AnyHello(msgspec.Struct, frozen=True, array_like=True):
    """What a hello of any version begins with."""

    version: Count


def parse_version(header: Header, payload: bytes) -> int | None:
    """The version of a hello, also of one whose other fields this version does not know; None for what is no hello."""
    if URN_TYPES.get(header.type_number) is not Hello:
        return None
    try:
        return msgspec.msgpack.decode(payload[_HEADER.size :], type=_AnyHello).version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def parse_body(header: Header, payload: bytes, types: Mapping[int, type[Message]]) -> Message:
    """The message behind ``header``, as one of ``types``: what the other end may say.

    Raises FormatError(``LINK_MESSAGE_UNKNOWN``, ``LINK_MESSAGE_MALFORMED``).
    """
    kind = types.get(header.type_number)
    if kind is None:
        raise FormatError("LINK_MESSAGE_UNKNOWN", f"this end does not take messages of type {header.type_number:#04x}")
    try:
        return canonical.decode(kind, payload[_HEADER.size :])
    except FormatError as error:
        raise FormatError("LINK_MESSAGE_MALFORMED", error.message) from error


def fit_words(words: str) -> str:
    """``words`` as a message may carry them: NFC, one line, at most MAX_WORDS characters."""
    normal = unicodedata.normalize("NFC", words)
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in normal)[:MAX_WORDS].strip()
