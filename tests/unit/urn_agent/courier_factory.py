"""A courier with a server in memory that answers as the test wants it."""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from tests.unit.urn_agent.small_log import SmallLog
from urn_agent.courier import Courier
from urn_agent.delivery import RECORDS_TYPE, RawAnswer
from urn_agent.outbox import Outbox

Fault = Callable[[list[bytes]], RawAnswer | None]


class Server:
    """Answers from a log; ``faults`` happen first, one a request. A fault may answer, raise, or let the log answer."""

    def __init__(self) -> None:
        self.log = SmallLog()
        self.faults: list[Fault] = []
        self.requests: list[int] = []
        self.date = ""

    def send_records(self, body: bytes) -> RawAnswer:
        records = msgspec.msgpack.decode(body, type=list[bytes])
        self.requests.append(len(records))
        if self.faults:
            answer = self.faults.pop(0)(records)
            if answer is not None:
                return answer
        return replace(verdicts([["receipt", *self.log.append(record)] for record in records]), date=self.date)


def verdicts(rows: list[list[object]]) -> RawAnswer:
    return RawAnswer(200, RECORDS_TYPE, "", msgspec.msgpack.encode(rows))


def refuse_all(code: str, retry: bool) -> Fault:
    return lambda records: verdicts([["refused", code, "words", retry] for _ in records])


def make_courier(outbox: Outbox, server: Server) -> Courier:
    return Courier(outbox, server, server.log.prove, lambda: 1.0)
