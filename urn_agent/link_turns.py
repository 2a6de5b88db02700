"""Taking turns on the link: which message is under way, whose answer has arrived, and what is said again.

The urn says one message at a time and repeats it, the same bytes, until its answer arrives; an answer has connection
and sequence of what it answers. ``Saying`` is the urn's side of that, ``Answering`` the agent's. Responsible for
numbers, bytes and due times; what the messages mean is for ``link`` and ``link_urn``.
"""

from urn_agent.frame import encode_frame
from urn_agent.link_events import LinkTimers
from urn_agent.link_messages import AgentMessage, Header, Reset, UrnMessage, encode_message
from urn_agent.link_table import LocalProtocolError, RemoteProtocolError


class Saying:
    """The urn's side. ``now_ms`` is any clock that only goes forward, in milliseconds."""

    def __init__(self, timers: LinkTimers) -> None:
        self.repeats = 0
        self.due_ms: int | None = None
        self._timers = timers
        self._connection = 0
        self._sequence = 0
        self._frame = b""
        self._said_ms = 0
        self._outgoing = bytearray()

    def begin(self, connection: int) -> None:
        """What is said next is the first message of a new connection."""
        self._connection, self._sequence = connection, -1

    def say(self, message: UrnMessage, now_ms: int, *, repeats: int = 0) -> None:
        """Put a message under way, in the place of the one before. ``repeats`` is what came before it in vain."""
        self._sequence += 1
        self._frame = encode_frame(encode_message(self._connection, self._sequence, message))
        self._said_ms, self.repeats = now_ms, repeats
        self._put(now_ms)

    def repeat(self, now_ms: int) -> None:
        """Say the message under way once more; the gap to the next repeat doubles up to its limit."""
        self.repeats += 1
        self._put(now_ms)

    def is_answered_by(self, header: Header) -> bool:
        return (header.connection, header.sequence) == (self._connection, self._sequence)

    def age_ms(self, now_ms: int) -> int:
        """How long ago the message under way was said for the first time."""
        return now_ms - self._said_ms

    def bytes_to_send(self) -> bytes:
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def _put(self, now_ms: int) -> None:
        timers = self._timers
        self._outgoing += self._frame
        self.due_ms = now_ms + min(timers.repeat_ms << min(self.repeats, 16), timers.repeat_limit_ms)


class Answering:
    """The agent's side. Holds the last answer, so that a repeated message gets the very same bytes."""

    def __init__(self) -> None:
        self._connection: int | None = None
        self._sequence = 0
        self._answer = b""
        self._outgoing = bytearray()

    def begin(self, header: Header) -> None:
        """A hello with this header opens a connection."""
        self._connection, self._sequence, self._answer = header.connection, header.sequence, b""

    def end(self) -> None:
        """Forget the connection: only a hello can follow."""
        self._connection = None

    def is_last(self, header: Header) -> bool:
        return (header.connection, header.sequence) == (self._connection, self._sequence)

    def is_connection(self, header: Header) -> bool:
        return header.connection == self._connection

    def takes(self, header: Header) -> bool:
        """Whether this is the connection's next message; one that was answered before is answered again.

        Raises RemoteProtocolError(``LINK_SEQUENCE_GAP``).
        """
        if header.sequence <= self._sequence:
            if header.sequence == self._sequence:
                self._outgoing += self._answer
            return False
        if header.sequence != self._sequence + 1:
            words = f"message {header.sequence} after {self._sequence}: one in between is missing"
            raise RemoteProtocolError("LINK_SEQUENCE_GAP", words)
        self._sequence, self._answer = header.sequence, b""
        return True

    def send(self, message: AgentMessage) -> None:
        """Answer the last message."""
        if self._connection is None:
            raise LocalProtocolError("LINK_OUT_OF_TURN", "there is no connection to answer on")
        self._answer = encode_frame(encode_message(self._connection, self._sequence, message))
        self._outgoing += self._answer

    def send_reset(self, header: Header, message: Reset) -> None:
        """Answer a message that does not fit; the connection is over, if it was this one."""
        if self.is_connection(header):
            self.end()
        self._outgoing += encode_frame(encode_message(header.connection, header.sequence, message))

    def bytes_to_send(self) -> bytes:
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data
