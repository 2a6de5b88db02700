"""The courier: every record ends with a verified receipt or a refusal, whatever happens on the way."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.urn_agent.agent_factory import ELECTION_ID, KEY, final_report, open_outbox
from tests.unit.urn_agent.courier_factory import Server, make_courier, verdicts
from tests.unit.urn_agent.small_log import SmallLog
from tests.unit.urn_agent.test_outbox import put
from urn_agent.courier import IDLE_MS
from urn_agent.delivery import MAX_BATCH, RECORDS_TYPE, RawAnswer
from urn_agent.outbox import Outbox, Progress
from urn_agent.outbox_file import OutboxError
from urn_agent.uplink import UplinkError


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(tmp_path / "outbox.sqlite") as opened:
        put(opened, final_report(units=("101", "102", "103")))
        yield opened


def test_records_go_out_and_receipts_are_kept(outbox: Outbox) -> None:
    server = Server()
    courier = make_courier(outbox, server)
    step = courier.step(1_000)
    assert (step.receipted, step.refused, step.trouble, step.due_ms) == (3, (), None, 1_000)
    assert outbox.progress() == Progress(1, 0, 3, 0)
    for seq in (1, 2, 3):
        data, receipt = outbox.record(seq)
        assert receipt is not None
        assert server.log.prove(receipt, data) == seq - 1
    assert courier.step(2_000).due_ms == 2_000 + IDLE_MS
    assert server.requests == [3]


def test_the_servers_time_is_handed_on(outbox: Outbox) -> None:
    """With an answer of any kind that tells it, and never from an answer before."""
    server = Server()
    server.date = "Fri, 15 Jan 2027 08:00:00 GMT"
    server.faults = [lambda records: RawAnswer(503, "", "", b"", server.date), lambda records: verdicts([])]
    courier = make_courier(outbox, server)
    times = [courier.step(place).server_time_s for place in range(4)]
    assert times == [1_800_000_000, None, 1_800_000_000, None]


def test_an_outage_is_waited_out_with_growing_pauses(outbox: Outbox) -> None:
    def unreachable(records: list[bytes]) -> RawAnswer | None:
        raise UplinkError("UPLINK_UNREACHABLE", "no")

    server = Server()
    server.faults = [unreachable] * 3
    courier, now_ms, pauses = make_courier(outbox, server), 0, []
    for _ in range(3):
        step = courier.step(now_ms)
        assert step.trouble is not None
        assert step.trouble.code == "UPLINK_UNREACHABLE"
        pauses.append(step.due_ms - now_ms)
        now_ms = step.due_ms
    assert pauses == [1_000, 2_000, 4_000]
    assert courier.step(now_ms).receipted == 3


def test_an_answer_that_was_lost_is_asked_for_again(outbox: Outbox) -> None:
    """The log has the records, the agent does not know: sending again gives the same receipts, and adds nothing."""
    server = Server()

    def lose(records: list[bytes]) -> RawAnswer | None:
        for record in records:
            server.log.append(record)
        raise UplinkError("UPLINK_CUT_OFF", "no")

    server.faults = [lose]
    courier = make_courier(outbox, server)
    assert courier.step(0).trouble is not None
    assert courier.step(9_000).receipted == 3
    assert len(server.log.entries) == 3


def test_a_record_that_is_put_off_does_not_hold_up_the_rest(outbox: Outbox) -> None:
    server = Server()

    def put_off_first(records: list[bytes]) -> RawAnswer:
        receipts: list[list[object]] = [["receipt", *server.log.append(record)] for record in records[1:]]
        return verdicts([["refused", "BUSY", "words", True], *receipts])

    server.faults = [put_off_first]
    courier = make_courier(outbox, server)
    step = courier.step(0)
    assert (step.receipted, step.trouble and step.trouble.code) == (2, "BUSY")
    put(outbox, final_report(votes=9), 2)
    assert courier.step(0).receipted == 1
    assert courier.step(0).receipted == 1
    assert outbox.progress() == Progress(2, 0, 4, 0)


@pytest.mark.parametrize("lie", ["other log", "other entry", "no proof"])
def test_a_receipt_that_does_not_hold_is_not_kept(outbox: Outbox, lie: str) -> None:
    server, other = Server(), SmallLog(seed=41)

    def forge(records: list[bytes]) -> RawAnswer:
        receipts = {
            "other log": [["receipt", *other.append(record)] for record in records],
            "other entry": [["receipt", *server.log.append(b"another entry")] for _ in records],
            "no proof": [["receipt", 5, b"proof"] for _ in records],
        }
        return verdicts(receipts[lie])

    server.faults = [forge]
    courier = make_courier(outbox, server)
    step = courier.step(0)
    assert step.trouble is not None
    assert (step.trouble.code, step.trouble.needs_people) == ("RECEIPT_NOT_VALID", True)
    assert outbox.progress() == Progress(1, 3, 0, 0)
    assert courier.step(step.due_ms).receipted == 3


def test_a_request_that_is_too_large_is_made_smaller(outbox: Outbox) -> None:
    server = Server()
    too_large = RawAnswer(413, "application/json", "", b'{"code":"TOO_LARGE","message":"","retry":false}')
    server.faults = [lambda records: too_large]
    for number in range(2, 60):
        put(outbox, final_report(votes=number), number)
    courier = make_courier(outbox, server)
    for _ in range(3):
        courier.step(0)
    assert server.requests == [50, 25, 36]
    assert outbox.progress().pending == 0


def test_a_full_disk_delays_the_receipts_only(tmp_path: Path) -> None:
    """The server has the records; once there is room, it gives the receipts again."""
    server = Server()
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path, KEY.public_key.key_id, ELECTION_ID, max_bytes=100_000)
    number = 0
    with pytest.raises(OutboxError):
        while True:
            put(outbox, final_report(votes=number), number)
            number += 1
    step = make_courier(outbox, server).step(0)
    outbox.close()
    assert (step.receipted, step.trouble and step.trouble.code) == (0, "OUTBOX_FULL")
    with open_outbox(path) as larger:
        assert make_courier(larger, server).step(0).receipted == len(server.log.entries) == min(number, MAX_BATCH)


def test_random_troubles_end_with_every_receipt(outbox: Outbox) -> None:
    """Lost before, lost after, refused for now, overloaded, broken answers: in any order, for many records."""
    draw = random.Random(7)
    for number in range(2, 120):
        put(outbox, final_report(votes=number), number)
    server = Server()

    def lost_before(records: list[bytes]) -> RawAnswer | None:
        raise UplinkError("UPLINK_TIMEOUT", "no")

    def lost_after(records: list[bytes]) -> RawAnswer | None:
        for record in records:
            server.log.append(record)
        raise UplinkError("UPLINK_CUT_OFF", "no")

    def some(records: list[bytes]) -> RawAnswer:
        put_off: list[object] = ["refused", "BUSY", "", True]
        return verdicts([["receipt", *server.log.append(one)] if draw.random() < 0.5 else put_off for one in records])

    def broken(records: list[bytes]) -> RawAnswer:
        return RawAnswer(draw.choice([200, 500, 503]), RECORDS_TYPE, "1", draw.randbytes(20))

    server.faults = draw.choices([lost_before, lost_after, some, broken], k=60)
    courier, now_ms = make_courier(outbox, server), 0
    for _ in range(500):
        now_ms = courier.step(now_ms).due_ms
    assert outbox.progress() == Progress(119, 0, 121, 0)
    assert len(set(server.log.entries)) == len(server.log.entries) == 121
