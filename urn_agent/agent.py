"""The running agent: one serial port in the main thread, one courier in another, joined by the outbox alone.

The main thread never waits for the network, so that an urn is answered during any outage; the courier never touches the
port. Either may die at any moment: what was acknowledged is in the outbox, and both begin again from there.
"""

import os
import selectors
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ledger.errors import TunukError
from urn_agent.courier import Courier
from urn_agent.outbox import Outbox
from urn_agent.serial_port import SerialError, SerialPort
from urn_agent.session import MAX_CLOCK_OFFSET_S, AgentSession, Notice

TICK_S = 0.5
"""How often a quiet loop looks around: whether it may end, and whether the port is back."""

MAX_OUTGOING = 65_536
"""Bytes that wait for a line which does not take them. What comes on top is dropped: the urn will ask again."""

QUIET_MS = 45_000
"""An urn that has an answer to come repeats itself within 30 s; one that is silent for longer has gone."""


class Bell:
    """Wakes the main thread from any other thread or a signal handler."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def fileno(self) -> int:
        return self._reader

    def ring(self) -> None:
        try:
            os.write(self._writer, b"x")
        except BlockingIOError:
            return  # It has been rung often enough already.

    def silence(self) -> None:
        try:
            while os.read(self._reader, 64):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)


class CourierThread(threading.Thread):
    """Steps a courier that it makes itself, for a courier belongs to one thread."""

    def __init__(
        self,
        make: Callable[[ExitStack], Courier],
        clock_ms: Callable[[], int],
        unix_ms: Callable[[], int],
        notify: Callable[[Notice], None],
        bell: Bell,
    ) -> None:
        """``clock_ms`` only goes forward; ``unix_ms`` is the device's clock, and is compared with the server's."""
        super().__init__(name="courier", daemon=True)
        self._make = make
        self._clock_ms = clock_ms
        self._unix_ms = unix_ms
        self._notify = notify
        self._bell = bell
        self._wake = threading.Event()
        self._stopping = False

    def run(self) -> None:
        try:
            with ExitStack() as stack:
                self._deliver(self._make(stack))
        except TunukError as error:
            self._notify(Notice(error.code, error.message))
        finally:
            # Also after a defect: the main thread must see that nothing is delivered any more.
            self._bell.ring()

    def wake(self) -> None:
        """A report was stored: do not wait any longer."""
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def _deliver(self, courier: Courier) -> None:
        while not self._stopping:
            step = courier.step(self._clock_ms())
            if step.receipted:
                self._notify(Notice("RECEIPTS_KEPT", f"{step.receipted} records"))
            for refusal in step.refused:
                self._notify(Notice("RECORD_REFUSED", f"record {refusal.seq}: {refusal.words}", refusal.code))
            if step.trouble is not None:
                code = "DELIVERY_NEEDS_PEOPLE" if step.trouble.needs_people else "DELIVERY_WAITS"
                self._notify(Notice(code, step.trouble.words, step.trouble.code))
            self._compare_clocks(step.server_time_s)
            self._bell.ring()
            self._wake.wait(max(0, step.due_ms - self._clock_ms()) / 1_000)
            self._wake.clear()

    def _compare_clocks(self, server_time_s: int | None) -> None:
        """Urns set their clocks by ours: people are told when ours is off."""
        offset_s = 0 if server_time_s is None else self._unix_ms() // 1_000 - server_time_s
        if abs(offset_s) > MAX_CLOCK_OFFSET_S:
            self._notify(Notice("AGENT_CLOCK_OFF", f"{offset_s:+} s"))


class Ending(Enum):
    """Why the loop ended."""

    DONE = "every report has its outcome, and the urn its answers"
    STOPPED = "asked to stop"
    COURIER_DIED = "the thread that delivers has ended"


@dataclass(slots=True)
class Agent:
    """The main thread's loop. ``clock_ms`` only goes forward.

    With ``is_once`` it ends when the final report of the session at the line is stored or refused for good, every
    record has its outcome, and the urn has its answers; otherwise it goes on until ``stop``.
    """

    port: Path
    baud: int
    session: AgentSession
    outbox: Outbox
    courier: CourierThread
    bell: Bell
    clock_ms: Callable[[], int]
    notify: Callable[[Notice], None]
    is_once: bool
    is_stopping: bool = False
    _heard_ms: int = 0
    _last_trouble: str = ""

    def stop(self) -> None:
        """May be called from a signal handler."""
        self.is_stopping = True
        self.bell.ring()

    def run(self) -> Ending:
        self._heard_ms = self.clock_ms()
        with selectors.DefaultSelector() as selector:
            selector.register(self.bell, selectors.EVENT_READ)
            while self._goes_on():
                try:
                    self._open_and_serve(selector)
                except SerialError as error:
                    self._complain(error)
                    selector.select(TICK_S)
                    self.bell.silence()
        if self.is_stopping:
            return Ending.STOPPED
        return Ending.DONE if self.courier.is_alive() else Ending.COURIER_DIED

    def _open_and_serve(self, selector: selectors.BaseSelector) -> None:
        port = SerialPort.open(self.port, self.baud)
        try:
            self._last_trouble = ""
            self.notify(Notice("SERIAL_OPEN", str(self.port)))
            self._serve(port, selector)
        finally:
            port.close()

    def _serve(self, port: SerialPort, selector: selectors.BaseSelector) -> None:
        outgoing = bytearray()
        selector.register(port, selectors.EVENT_READ)
        try:
            while outgoing or self._goes_on():
                if self.is_stopping:
                    return
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if outgoing else 0)
                selector.modify(port, wanted)
                for key, mask in selector.select(TICK_S):
                    if key.fileobj is self.bell:
                        self.bell.silence()
                        continue
                    if mask & selectors.EVENT_READ:
                        answer = self._feed(port.read())
                        outgoing += answer[: MAX_OUTGOING - len(outgoing)]
                    if outgoing:
                        del outgoing[: port.write(outgoing)]
        finally:
            selector.unregister(port)

    def _feed(self, data: bytes) -> bytes:
        self._heard_ms = self.clock_ms()
        return self.session.feed(data)

    def _goes_on(self) -> bool:
        if self.is_stopping or not self.courier.is_alive():
            return False
        if not self.is_once:
            return True
        progress, urn = self.outbox.progress(), self.session.state
        if progress.pending or not (self._is_decided(urn.urn, urn.session) if urn.urn is not None else progress.finals):
            return True
        return not (urn.has_all_answers or self.clock_ms() - self._heard_ms > QUIET_MS)

    def _is_decided(self, urn: str, session: int) -> bool:
        """Whether the final report of the urn at the line was stored, or refused for good."""
        return self.outbox.has_final(urn, session) or self.outbox.sittings.has_refused_final(urn, session)

    def _complain(self, error: SerialError) -> None:
        """Once for each reason: a missing port is looked for twice a second."""
        if error.code != self._last_trouble:
            self._last_trouble = error.code
            self.notify(Notice(error.code, error.message))
