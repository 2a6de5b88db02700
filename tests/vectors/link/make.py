"""Writes the vectors beside this file: ``python -m tests.vectors.link.make`` from the repository's root.

Nothing in them is random or dated, so that they come out the same each time; a test compares them. What is in which
file says the README.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from ledger.primitives import KeyId, sha256
from ledger.tally import ContestTally
from tests.vectors.link.exchange import AGENT, NOW, POWER_LOST_AFTER, converse, name_message
from urn_agent.device_report import (
    DeviceReport,
    JournalEntry,
    JournalReport,
    TurnoutReport,
    UnitCounts,
    UrnReport,
    encode_report,
)
from urn_agent.frame import MAX_ENCODED, MAX_PAYLOAD, BadFrame, FrameDecoder, encode_frame
from urn_agent.link_events import Report
from urn_agent.link_messages import (
    MAX_CHUNK,
    REPORT_NUMBERS,
    Bye,
    Data,
    Hello,
    Message,
    Noted,
    Offer,
    Ping,
    Proceed,
    Refused,
    Reset,
    Settled,
    TurnedAway,
    Welcome,
    encode_message,
)

FOLDER = Path(__file__).parent
NONCE = bytes(range(16))
DIGEST = bytes(sha256(b"a report"))


def zero() -> DeviceReport:
    cells = tuple(ContestTally(contest, 0, 0, 0, ((1, 0, 0), (2, 0, 0), (9, 0, 0))) for contest in (1, 2))
    return DeviceReport("zero", "urn-1001", "2.4.1", 7, NOW - 43_200, NONCE, (UnitCounts("1001", cells),), None)


def final() -> DeviceReport:
    """Long enough for two parts; with every length of an integer up to a counter's bound."""
    cells = tuple(
        ContestTally(
            contest, 70_000, 3, 200, tuple((row, 127 + row, 2**31 - 1 if row == 3 else 70) for row in range(1, 9))
        )
        for contest in range(1, 21)
    )
    units = (UnitCounts("1001", cells), UnitCounts("1002", cells[:1]))
    return DeviceReport("final", "urn-1001", "2.4.1", 7, NOW, NONCE[::-1], units, b"a signature by the urn's own key")


def turnout() -> TurnoutReport:
    return TurnoutReport("turnout", "urn-1001", "2.4.1", 7, NOW - 21_600, 815)


def journal() -> JournalReport:
    entries = JournalEntry(NOW - 30_000, "power_lost"), JournalEntry(NOW - 29_400, "power_restored")
    return JournalReport("journal", "urn-1001", "2.4.1", 7, entries)


REPORTS: tuple[UrnReport, ...] = (zero(), journal(), turnout(), final())

MESSAGES: tuple[Message, ...] = (
    Hello(1, "urn-1001", "2.4.1", 7, NOW, b""),
    Hello(1, "urn-1001", "2.4.1", 7, None, b"challenge"),
    Offer(2, 4, 1_500, DIGEST),
    Data(4, 960, b"\x00\x01\x00"),
    Data(4, 0, bytes(MAX_CHUNK)),
    Ping(),
    Bye(),
    Welcome(1, AGENT, NOW, (NOW - 36_000, NOW - 21_600), b"", b""),
    TurnedAway(1, "URN_NOT_OURS", "Бул АЭУ бул түзмөккө бекитилген эмес"),
    Proceed(4, 960),
    Settled(4, DIGEST),
    Refused(4, DIGEST, "OUTBOX_FULL", "На диске нет места", True),
    Noted(NOW),
    Reset("LINK_UNKNOWN_CONNECTION", "The agent was restarted; connecting anew"),
)


def make_frames() -> dict[str, object]:
    """Payloads with their frames, and bytes between delimiters that are none."""
    payloads = {
        "one byte": b"x",
        "one zero": b"\x00",
        "zeros only": bytes(5),
        "no zero": bytes(range(1, 256)),
        "253 bytes before the checksum": b"\x55" * 253,
        "254 bytes without a zero": b"\x55" * 254,
        "255 bytes, the last a zero": b"\x55" * 254 + b"\x00",
        "508 bytes without a zero": b"\x55" * 508,
        "the longest": bytes(place * 7 % 256 for place in range(MAX_PAYLOAD)),
    }
    good = encode_frame(b"payload")
    bad = {
        "a wrong bit": bytes([good[0], good[1], good[2] ^ 1, *good[3:]]),
        "a frame cut off by the next": good[:5] + good[-1:],
        "only a checksum": b"\x00\x05\x01\x02\x03\x04\x00",
        "no room for a checksum": b"\x00\x02\x07\x00",
        "stuffing that points past the end": b"\x00\x09abc\x00",
        "longer than any frame": b"\x00" + b"\x01" * (MAX_ENCODED + 1) + b"\x00",
    }
    return {
        "frames": [
            {"name": name, "payload": payload.hex(), "frame": encode_frame(payload).hex()}
            for name, payload in payloads.items()
        ],
        "bad": [{"name": name, "bytes": data.hex(), "code": _only_bad(data)} for name, data in bad.items()],
    }


def _only_bad(data: bytes) -> str:
    [event] = FrameDecoder().feed(data)
    if not isinstance(event, BadFrame):
        raise ValueError("a vector of a bad frame is a good one")
    return event.code


def make_messages() -> dict[str, object]:
    """Each message with header and frame."""
    rows = []
    for place, message in enumerate(MESSAGES):
        connection, sequence = 0x01020300 + place, place
        payload = encode_message(connection, sequence, message)
        row = {"connection": connection, "sequence": sequence, **name_message(payload)}
        rows.append({**row, "payload": payload.hex(), "frame": encode_frame(payload).hex()})
    return {"messages": rows}


def make_reports() -> dict[str, object]:
    """Each kind of report as bytes, with the digest that names it."""
    rows: list[dict[str, object]] = []
    for report in REPORTS:
        content = encode_report(report)
        row: dict[str, object] = {"kind": report.kind, "number": REPORT_NUMBERS[report.kind]}
        row |= {"bytes": content.hex(), "sha256": sha256(content).hex()}
        if isinstance(report, DeviceReport):
            row["signed_bytes"] = report.signed_bytes.hex()
        rows.append(row)
    return {"reports": rows}


def make_session() -> dict[str, object]:
    """The line while an urn brings its reports through: over a power cut, a full disk and a lost answer."""
    reports = [
        Report(REPORT_NUMBERS[report.kind], number, encode_report(report)) for number, report in enumerate(REPORTS, 1)
    ]
    return {
        "agent_key_id": KeyId(AGENT).hex(),
        "power_lost_after": POWER_LOST_AFTER,
        "steps": converse(reports),
    }


def make_files() -> Iterator[tuple[str, str]]:
    """Name and text of each file."""
    for name, content in (
        ("frames.json", make_frames()),
        ("messages.json", make_messages()),
        ("reports.json", make_reports()),
        ("session.json", make_session()),
    ):
        yield name, json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    for name, text in make_files():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
