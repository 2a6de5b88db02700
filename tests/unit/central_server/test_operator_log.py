"""The operator reads every new fault once, and a lasting one once a minute."""

import io
import os
from pathlib import Path

import pytest

from central_server.operator_log import REPEAT_SECONDS, OperatorLog
from ledger.errors import TunukError


def test_a_lasting_fault_is_told_once_a_minute() -> None:
    stream, now = io.StringIO(), [0.0]
    operator = OperatorLog(stream, lambda: now[0])
    for seconds in (0.0, 1.0, REPEAT_SECONDS - 1, REPEAT_SECONDS):
        now[0] = seconds
        operator.tell_error("ingest", TunukError("DISK_FULL", "make room"))
    operator.tell_error("publication", TunukError("DISK_FULL", "make room"))
    operator.tell_error("ingest", TunukError("STORE_BUSY", "wait"))
    operator.tell("anchoring", "works again")
    assert stream.getvalue().splitlines() == [
        "ingest: DISK_FULL: make room",
        "ingest: DISK_FULL: make room",
        "publication: DISK_FULL: make room",
        "ingest: STORE_BUSY: wait",
        "anchoring: works again",
    ]


def test_a_line_that_cannot_be_written_stops_nobody() -> None:
    """Standard error may be a file on the disk that is full, or a pipe that nobody reads any more."""
    with Path("/dev/full").open("w") as stream:
        operator = OperatorLog(stream, lambda: 0.0)
        operator.tell_error("ingest", TunukError("DISK_FULL", "make room"))
        operator.tell("ingest", "once more")
        with pytest.raises(OSError, match="No space"):
            stream.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
