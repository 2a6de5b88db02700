"""The event loop's part of a run: from listening until what was begun is answered."""

import asyncio
import socket
from collections.abc import Callable

from central_server.append_queue import AppendQueue
from central_server.serving import HttpsServer
from central_server.stopping import StopSignals

BEAT_SECONDS = 1.0
STUCK_SECONDS = 20.0
"""An event loop that has not turned for so long does not serve."""


class Pulse:
    """Whether the event loop turns: it beats in the loop, and may be felt from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._last = monotonic()

    @property
    def beats(self) -> bool:
        return self._monotonic() - self._last < STUCK_SECONDS

    async def beat(self) -> None:
        while True:
            self._last = self._monotonic()
            await asyncio.sleep(BEAT_SECONDS)


async def serve_until_told(
    server: HttpsServer,
    listening: socket.socket,
    queue: AppendQueue,
    stop: StopSignals,
    pulse: Pulse,
    on_stop: Callable[[], None],
) -> None:
    """Serve until ``stop`` is asked, then answer what was begun; ``on_stop`` is called in the loop for each signal."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        on_stop()
        server.should_exit = True
        server.force_exit = stop.hurried

    def tell_loop() -> None:
        # A signal that comes when the loop is over has nobody to tell: the followers ask the clock.
        if not loop.is_closed():
            loop.call_soon_threadsafe(end)

    stop.on_signal = tell_loop
    if stop.asked:
        end()
    # Should the writer ever fail, the group ends the server as well: it must not go on without one.
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(queue.run())
        beating = tasks.create_task(pulse.beat())
        await server.serve([listening])
        queue.close()
        beating.cancel()
