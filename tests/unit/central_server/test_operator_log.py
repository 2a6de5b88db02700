"""The operator reads every new fault once, and a lasting one once a minute."""

import io
import json
import logging
import os
import threading
from pathlib import Path

import pytest

from central_server.operator_lines import json_encoder
from central_server.operator_log import REPEAT_SECONDS, OperatorLog, telling_everything
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


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_line_of_json_is_one_event() -> None:
    """Whatever stands in the words: no line can be made up by what is told."""
    stream = io.StringIO()
    operator = OperatorLog(stream, lambda: 0.0, json_encoder(lambda: 1_800_000_000.0625))
    operator.tell_error("ingest", TunukError("DISK_FULL", 'make room\n{"event": "NEWS"}\u2028'))
    operator.tell("anchoring", "CHAIN_DOWN: nobody answers")
    operator.tell("anchoring", "works again", size=7)
    first, second, third = lines_of(stream)
    assert first == {
        "time": "2027-01-15T08:00:00.062+00:00",
        "level": "error",
        "event": "DISK_FULL",
        "source": "ingest",
        "message": 'make room\n{"event": "NEWS"}\u2028',
    }
    assert (second["level"], second["event"], second["message"]) == ("warning", "CHAIN_DOWN", "nobody answers")
    assert (third["level"], third["event"], third["fields"]) == ("info", "NEWS", {"size": 7})


def fail(error: Exception) -> None:
    raise error


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_faults_of_threads_and_libraries_are_told_in_the_same_form() -> None:
    """Once a minute each, with the traceback; and by nobody else meanwhile."""
    stream, logger = io.StringIO(), logging.getLogger("uvicorn.error")
    with telling_everything(OperatorLog(stream, lambda: 0.0, json_encoder(lambda: 0.0))):
        for _ in range(2):
            thread = threading.Thread(target=fail, args=(ZeroDivisionError("here"),), name="watch")
            thread.start()
            thread.join()
            try:
                fail(ValueError("there"))
            except ValueError:
                logger.exception("Exception in ASGI application")
            logger.error("number %d", 1)
    told = lines_of(stream)
    assert [(line["source"], line["event"], line["level"]) for line in told] == [
        ("watch", "FAULT", "error"),
        ("uvicorn.error", "FAULT", "error"),
        ("uvicorn.error", "LIBRARY", "error"),
    ]
    assert "ZeroDivisionError: here" in str(told[0]["fields"]) and "in fail" in str(told[0]["fields"])
    logger.error("after")
    assert len(lines_of(stream)) == 3


def test_a_traceback_follows_its_line_of_text() -> None:
    stream = io.StringIO()
    operator = OperatorLog(stream, lambda: 0.0)
    try:
        fail(ZeroDivisionError("here"))
    except ZeroDivisionError as error:
        operator.tell_fault("watch", error)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "watch: FAULT: ZeroDivisionError: a defect of this program; report it"
    assert lines[1].startswith("Traceback") and lines[-1] == "ZeroDivisionError: here"
