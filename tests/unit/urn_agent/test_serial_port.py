"""The serial port and the simulated line: raw, without waiting, and with a code for each way in which it fails."""

import os
import selectors
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.serial_line import MAX_PENDING, FaultyWire, LineFaults, PtyEnd, SerialLine
from urn_agent.serial_port import SerialError, SerialPort


@pytest.fixture
def end() -> Iterator[PtyEnd]:
    opened = PtyEnd()
    yield opened
    opened.close()


def read_all(port: SerialPort, count: int) -> bytes:
    """Read until ``count`` bytes are there; a hang shows as the test run's own limit."""
    data = b""
    with selectors.DefaultSelector() as selector:
        selector.register(port, selectors.EVENT_READ)
        while len(data) < count:
            assert selector.select(30), f"{len(data)} bytes of {count}"
            data += port.read()
    return data


def test_every_byte_value_crosses_the_line_both_ways() -> None:
    """Neither echo nor signals nor line ends: byte 3 would stop a process, 13 become 10, 17 and 19 hold the line."""
    every = bytes(range(256)) * 4
    with SerialLine() as line:
        urn, agent = SerialPort.open(Path(line.urn_path)), SerialPort.open(Path(line.agent_path))
        for sender, receiver in ((urn, agent), (agent, urn)):
            assert sender.write(every) == len(every)
            assert read_all(receiver, len(every)) == every
        urn.close()
        agent.close()


def test_a_full_line_takes_what_fits_and_does_not_wait(end: PtyEnd) -> None:
    """A write that takes nothing ends the loop; a little later the system may have made room for more."""
    port = SerialPort.open(Path(end.path))
    written = 0
    while taken := port.write(bytes(4_096)):
        written += taken
        assert written < 1_000_000
    assert written > 4_096
    port.close()


def test_nothing_there_is_no_error(end: PtyEnd) -> None:
    """Writing to the other end shows that the port is alive."""
    port = SerialPort.open(Path(end.path))
    os.write(end.descriptor, b"x")
    assert read_all(port, 1) == b"x"
    port.close()


def test_a_port_that_is_gone(tmp_path: Path) -> None:
    end = PtyEnd()
    port = SerialPort.open(Path(end.path))
    end.close()
    for use in (port.read, lambda: port.write(b"x")):
        with pytest.raises(SerialError) as caught:
            use()
        assert caught.value.code == "SERIAL_LOST"
    port.close()


def test_a_port_that_cannot_be_opened(tmp_path: Path, end: PtyEnd) -> None:
    (tmp_path / "file").write_bytes(b"")
    holder = SerialPort.open(Path(end.path))
    for path, code in [
        (tmp_path / "none", "SERIAL_NOT_FOUND"),
        (tmp_path / "file", "SERIAL_FAILED"),
        (Path(end.path), "SERIAL_BUSY"),
    ]:
        with pytest.raises(SerialError) as caught:
            SerialPort.open(path)
        assert caught.value.code == code
    holder.close()
    SerialPort.open(Path(end.path)).close()


def test_speeds_that_do_not_exist_are_refused(end: PtyEnd) -> None:
    with pytest.raises(SerialError) as caught:
        SerialPort.open(Path(end.path), -1)
    assert caught.value.code == "SERIAL_FAILED"


def test_what_nobody_reads_is_lost_beyond_the_bound() -> None:
    """As on a line without flow control; the relay neither grows nor hangs."""
    with SerialLine() as line:
        urn, agent = SerialPort.open(Path(line.urn_path)), SerialPort.open(Path(line.agent_path))
        sent = 0
        with selectors.DefaultSelector() as selector:
            selector.register(urn, selectors.EVENT_WRITE)
            while sent < 4 * MAX_PENDING:
                assert selector.select(30)
                sent += urn.write(bytes(4_096))
        assert len(read_all(agent, MAX_PENDING // 2)) < sent
        urn.close()
        agent.close()


def test_faults_come_from_the_seed_alone() -> None:
    faults = LineFaults(9, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2)

    def play() -> list[bytes]:
        wire = FaultyWire(faults)
        return [arrived for number in range(200) for arrived in wire.carry(bytes([number]) * 20)] + wire.late()

    assert play() == play()


@pytest.mark.parametrize(
    ("faults", "arrives"),
    [
        (LineFaults(), [b"one", b"two"]),
        (LineFaults(loss=1.0), []),
        (LineFaults(duplication=1.0), [b"one", b"one", b"two", b"two"]),
        (LineFaults(delay=1.0), [b"one", b"two"]),
    ],
)
def test_each_fault_does_what_it_says(faults: LineFaults, arrives: list[bytes]) -> None:
    wire = FaultyWire(faults)
    assert wire.carry(b"one") + wire.carry(b"two") + wire.late() == arrives


def test_spoilt_pieces_differ() -> None:
    piece = bytes(100)
    [flipped] = FaultyWire(LineFaults(flip=1.0)).carry(piece)
    assert sum(bin(byte).count("1") for byte in flipped) == 1
    [cut] = FaultyWire(LineFaults(truncation=1.0)).carry(piece)
    assert len(cut) < len(piece)
    noise, intact = FaultyWire(LineFaults(garbage=1.0)).carry(piece)
    assert (1 <= len(noise) <= 64, intact) == (True, piece)
