"""A serial line between an urn and an agent, made of two pseudo-terminals and a relay, with faults on request.

Each end is a path such as ``/dev/pts/4`` that any process opens like a real port; the line outlives both processes, so
that either may be killed and started again. ``FaultyWire`` is also used alone, between two ends in one process.
"""

import os
import random
import selectors
import threading
import tty
from dataclasses import dataclass
from types import TracebackType
from typing import Self

READ_SIZE = 4_096
MAX_PENDING = 65_536
"""Bytes on their way to an end that does not read, beside the 13 KB that a pseudo-terminal holds. What comes on top is
lost, as on a line without flow control."""

_LATE_AFTER_S = 0.05


@dataclass(frozen=True, slots=True)
class LineFaults:
    """Every fault that the link has to survive; chances from 0 to 1 for each piece that is sent, from one seed.

    - ``loss``: the piece does not arrive.
    - ``truncation``: only its beginning arrives (a plug pulled in mid-frame).
    - ``flip``: one bit of it is wrong.
    - ``garbage``: up to 64 random bytes arrive before it (a plug put in, a motor starting).
    - ``duplication``: it arrives twice.
    - ``delay``: it arrives after the piece that follows it.
    """

    seed: int = 0
    loss: float = 0.0
    truncation: float = 0.0
    flip: float = 0.0
    garbage: float = 0.0
    duplication: float = 0.0
    delay: float = 0.0


class FaultyWire:
    """One direction of a line."""

    def __init__(self, faults: LineFaults) -> None:
        self._faults = faults
        self._random = random.Random(faults.seed)
        self._late: list[bytes] = []

    def carry(self, piece: bytes) -> list[bytes]:
        """What arrives now, in order, when ``piece`` is sent."""
        arriving = self._spoil(piece)
        if self._happens(self._faults.delay):
            self._late += arriving
            return []
        return arriving + self.late()

    def late(self) -> list[bytes]:
        """What was held back and arrives now."""
        late, self._late = self._late, []
        return late

    def _spoil(self, piece: bytes) -> list[bytes]:
        faults, arriving = self._faults, []
        if self._happens(faults.garbage):
            arriving.append(self._random.randbytes(self._random.randint(1, 64)))
        if self._happens(faults.loss):
            return arriving
        if self._happens(faults.truncation):
            piece = piece[: self._random.randrange(len(piece))]
        if piece and self._happens(faults.flip):
            position = self._random.randrange(len(piece))
            flipped = piece[position] ^ (1 << self._random.randrange(8))
            piece = piece[:position] + bytes([flipped]) + piece[position + 1 :]
        arriving += [piece, piece] if self._happens(faults.duplication) else [piece]
        return arriving

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance


class PtyEnd:
    """A pseudo-terminal: ``path`` for the process that uses the port, ``descriptor`` for the relay."""

    def __init__(self) -> None:
        self.descriptor, self._held = os.openpty()
        # Raw before anyone uses it: otherwise it echoes, and turns byte 3 into a signal. The slave stays open here:
        # after its last user closes it, reads of the master would fail with EIO.
        tty.setraw(self._held)
        os.set_blocking(self.descriptor, False)
        self.path = os.ttyname(self._held)

    def close(self) -> None:
        os.close(self.descriptor)
        os.close(self._held)


class _Direction:
    """Bytes from one end to the other, through a wire, within MAX_PENDING."""

    def __init__(self, source: PtyEnd, target: PtyEnd, faults: LineFaults) -> None:
        self.source, self.target = source.descriptor, target.descriptor
        self._wire = FaultyWire(faults)
        self._pending = bytearray()

    @property
    def wants_output(self) -> bool:
        return bool(self._pending)

    def read(self) -> None:
        self._put(self._wire.carry(os.read(self.source, READ_SIZE)))

    def bring_late(self) -> None:
        self._put(self._wire.late())

    def _put(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._pending += piece[: MAX_PENDING - len(self._pending)]

    def write(self) -> None:
        try:
            written = os.write(self.target, self._pending)
        except BlockingIOError:
            return
        del self._pending[:written]


class SerialLine:
    """Two ends, ``urn_path`` and ``agent_path``, joined by a thread until ``close`` (or the end of ``with``)."""

    def __init__(self, to_agent: LineFaults | None = None, to_urn: LineFaults | None = None) -> None:
        self._urn_end, self._agent_end = PtyEnd(), PtyEnd()
        self.urn_path, self.agent_path = self._urn_end.path, self._agent_end.path
        self._directions = (
            _Direction(self._urn_end, self._agent_end, to_agent or LineFaults()),
            _Direction(self._agent_end, self._urn_end, to_urn or LineFaults()),
        )
        self._wake_reader, self._wake_writer = os.pipe()
        self._is_closed = False
        self._thread = threading.Thread(target=self._relay, name="serial line", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Pull the cable at both ends. Doing it again does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        os.write(self._wake_writer, b"x")
        self._thread.join()
        for descriptor in (self._wake_reader, self._wake_writer):
            os.close(descriptor)
        self._urn_end.close()
        self._agent_end.close()

    def _relay(self) -> None:
        forth, back = self._directions
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_reader, selectors.EVENT_READ)
            for reads, writes in ((forth, back), (back, forth)):
                selector.register(reads.source, selectors.EVENT_READ, (reads, writes))
            while True:
                for reads, writes in ((forth, back), (back, forth)):
                    wanted = selectors.EVENT_READ | selectors.EVENT_WRITE * writes.wants_output
                    selector.modify(reads.source, wanted, (reads, writes))
                ready = selector.select(_LATE_AFTER_S)
                for key, mask in ready:
                    if key.data is None:
                        return
                    reads, writes = key.data
                    if mask & selectors.EVENT_READ:
                        reads.read()
                    if mask & selectors.EVENT_WRITE:
                        writes.write()
                if not ready:
                    forth.bring_late()
                    back.bring_late()
