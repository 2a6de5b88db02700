"""Told once, the server ends in order; told twice, nobody waits."""

import signal
import threading
import time

from central_server.follower_thread import FollowerThread
from central_server.stopping import StopSignals


def test_the_second_signal_ends_every_wait() -> None:
    stop, told = StopSignals(lambda: 7.0), list[bool]()
    stop.on_signal = lambda: told.append(stop.hurried)
    before = signal.getsignal(signal.SIGTERM)
    with stop.caught():
        assert not stop.asked
        signal.raise_signal(signal.SIGTERM)
        assert stop.asked and not stop.hurried and stop.patience() == 7.0
        signal.raise_signal(signal.SIGINT)
        # Whoever reads a deadline from this clock now finds it over at the next look.
        deadline = stop.patience() + 600.0
        assert stop.hurried and stop.patience() > deadline
    assert told == [False, True]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_follower_that_cannot_finish_is_left_when_hurried() -> None:
    """It would be waited for an hour; what is undone is done after the next start."""
    stop, closing = StopSignals(time.monotonic), threading.Event()

    def close() -> bool:
        closing.set()
        return False

    thread = FollowerThread("anchoring", lambda: 3_600.0, close, lambda _, error: None, stop.patience)
    thread.start()
    with stop.caught():
        signal.raise_signal(signal.SIGTERM)
        ending = threading.Thread(target=thread.stop, args=(3_600.0,))
        ending.start()
        assert closing.wait(20)
        signal.raise_signal(signal.SIGTERM)
    ending.join(60)
    assert not ending.is_alive()
