"""What is written within one turn of the event loop leaves as one; nothing is lost at the end of a connection."""

import asyncio
from collections.abc import Callable
from typing import Any

from central_server.joined_writes import JoinedWrites


class Wire(asyncio.Transport):
    """Notes what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes | str] = []
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(bytes(data))

    def close(self) -> None:
        self.done.append("close")
        self.closing = True

    def abort(self) -> None:
        self.done.append("abort")

    def is_closing(self) -> bool:
        return self.closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return name.upper()

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")


def run(*turns: Callable[[JoinedWrites], None]) -> list[bytes | str]:
    """Each step in a turn of its own; what reached the wire."""
    wire = Wire()

    async def main() -> None:
        joined = JoinedWrites(wire, asyncio.get_running_loop())
        for turn in turns:
            turn(joined)
            await asyncio.sleep(0)

    asyncio.run(main())
    return wire.done


def write(*parts: bytes) -> Callable[[JoinedWrites], None]:
    def turn(joined: JoinedWrites) -> None:
        for part in parts:
            joined.write(part)

    return turn


def test_the_writes_of_a_turn_are_one() -> None:
    assert run(write(b"head", b"body"), write(b"more")) == [b"headbody", b"more"]


def test_what_is_written_may_change_afterwards() -> None:
    buffer = bytearray(b"old")

    def reuse(joined: JoinedWrites) -> None:
        joined.write(buffer)
        buffer[:] = b"new"

    assert run(reuse) == [b"old"]


def test_closing_sends_what_is_waiting_first() -> None:
    def end(joined: JoinedWrites) -> None:
        joined.write(b"last")
        joined.close()

    assert run(end) == [b"last", "close"]


def test_a_peer_that_is_still_sending_is_heard_out_before_the_end() -> None:
    def end(joined: JoinedWrites) -> None:
        joined.peer_is_sending = True
        joined.write(b"refused")
        joined.close()
        joined.write(b"late")
        joined.close()
        assert joined.is_closing()

    assert run(end) == [b"refused", "resume"]


def test_aborting_sends_nothing_more() -> None:
    def end(joined: JoinedWrites) -> None:
        joined.write(b"last")
        joined.abort()

    assert run(end) == ["abort"]


def test_a_connection_that_closes_takes_nothing_more() -> None:
    def end(joined: JoinedWrites) -> None:
        joined.close()
        joined.write(b"late")

    assert run(end) == ["close"]


def test_everything_else_is_the_connections_own() -> None:
    def ask(joined: JoinedWrites) -> None:
        joined.pause_reading()
        joined.resume_reading()
        assert (joined.get_extra_info("peer"), joined.is_closing()) == ("PEER", False)

    assert run(ask) == ["pause", "resume"]
