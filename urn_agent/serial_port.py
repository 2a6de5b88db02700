"""The serial port: opened for this process alone, raw, without waiting. The only module that knows the serial library.

The library opens and sets up the port; reading and writing go to the descriptor directly. Its own non-blocking write
spins while the buffer is full, and its read uses ``select``, which fails from descriptor 1,024 on.
"""

import errno
import os
import termios
from pathlib import Path
from typing import Self

import serial

from ledger.errors import TunukError

READ_SIZE = 4_096
"""Bytes read at once: four of the longest frames."""

DEFAULT_BAUD = 115_200

_CODES = {
    errno.ENOENT: "SERIAL_NOT_FOUND",
    errno.ENXIO: "SERIAL_NOT_FOUND",
    errno.ENODEV: "SERIAL_NOT_FOUND",
    errno.EBUSY: "SERIAL_BUSY",
    errno.EAGAIN: "SERIAL_BUSY",  # The lock of another exclusive opener.
    errno.EACCES: "SERIAL_FORBIDDEN",
    errno.EPERM: "SERIAL_FORBIDDEN",
}


class SerialError(TunukError):
    """The port cannot be opened, or was lost while open. Opening it again may succeed."""


class SerialPort:
    """An open port. ``read`` and ``write`` never wait; a selector on ``fileno`` says when they have something to do.

    Exclusive against other programs that ask for exclusive use; a program that does not ask can still open the device.
    """

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._descriptor: int = port.fileno()

    @classmethod
    def open(cls, path: Path, baud: int = DEFAULT_BAUD) -> Self:
        """8 data bits, no parity, 1 stop bit, no handshake.

        Raises SerialError: ``SERIAL_NOT_FOUND``, ``SERIAL_BUSY``, ``SERIAL_FORBIDDEN``, ``SERIAL_FAILED``.
        """
        try:
            return cls(serial.Serial(str(path), baud, exclusive=True, timeout=0, write_timeout=0))
        except (OSError, termios.error, ValueError) as error:
            # The library's own exception is an OSError, sometimes without a number.
            number = error.errno if isinstance(error, OSError) else None
            code = _CODES.get(number or 0, "SERIAL_FAILED")
            raise SerialError(code, f"{path} cannot be opened: {error}") from error

    def fileno(self) -> int:
        return self._descriptor

    def read(self) -> bytes:
        """What has arrived; call it when the selector says so. Raises SerialError(``SERIAL_LOST``)."""
        try:
            data = os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise SerialError("SERIAL_LOST", f"the port cannot be read any more: {error}") from error
        if not data:
            # Ready, and yet nothing there: so reports Linux a device that was unplugged.
            raise SerialError("SERIAL_LOST", "the other end of the port is gone")
        return data

    def write(self, data: bytes | bytearray) -> int:
        """Write as much as fits; returns how much that was. Raises SerialError(``SERIAL_LOST``)."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise SerialError("SERIAL_LOST", f"the port cannot be written any more: {error}") from error

    def close(self) -> None:
        self._port.close()
