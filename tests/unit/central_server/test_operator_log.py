"""The operator reads every new fault once, and a lasting one once a minute."""

import io

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
