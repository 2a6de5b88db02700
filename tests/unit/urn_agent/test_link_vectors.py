"""The published vectors of the link: judged by code of their own, and compared with what this project makes."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgpack
import pytest

from tests.vectors.link.make import REPORTS, make_files
from urn_agent.device_report import encode_report, parse_report
from urn_agent.frame import BadFrame, Frame, FrameDecoder, encode_frame

# Written from docs/urn-link.md: names of the messages' fields, in their order.
FIELDS = {
    0x01: ("Hello", "version urn firmware session time challenge"),
    0x02: ("Offer", "kind number size digest"),
    0x03: ("Data", "number offset chunk"),
    0x04: ("Ping", ""),
    0x05: ("Bye", ""),
    0x81: ("Welcome", "version agent time turnout_times challenge response"),
    0x82: ("TurnedAway", "version code words"),
    0x83: ("Proceed", "number offset"),
    0x84: ("Settled", "number digest"),
    0x85: ("Refused", "number digest code words retry"),
    0x86: ("Noted", "time"),
    0x87: ("Reset", "code words"),
}
REPORT_FIELDS = {
    "zero": "kind urn firmware session time nonce units urn_signature",
    "final": "kind urn firmware session time nonce units urn_signature",
    "turnout": "kind urn firmware session time ballots",
    "journal": "kind urn firmware session entries",
}


@pytest.fixture(scope="module")
def vectors(repository: Path) -> dict[str, Any]:
    folder = repository / "tests" / "vectors" / "link"
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def crc32(data: bytes) -> int:
    """Bit by bit: polynomial 04C11DB7 reflected, start and end inverted."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def unstuff(encoded: bytes) -> bytes:
    """COBS, the way a small controller does it: one byte at a time."""
    data, left, block = [], 0, 255
    for byte in encoded:
        if left == 0:
            if block < 255:
                data.append(0)
            block, left = byte, byte - 1
        else:
            data.append(byte)
            left -= 1
    if left:
        raise ValueError("the stuffing points past the end")
    return bytes(data)


def stuff(data: bytes) -> bytes:
    encoded, start = bytearray(b"\x01"), 0
    for place, byte in enumerate(data):
        if byte:
            encoded.append(byte)
            encoded[start] += 1
        if not byte or (encoded[start] == 255 and place < len(data) - 1):
            start = len(encoded)
            encoded.append(1)
    return bytes(encoded)


def open_frame(frame: bytes) -> bytes:
    """The payload. Raises ValueError for what is no frame."""
    if not (frame[0] == frame[-1] == 0) or 0 in frame[1:-1]:
        raise ValueError("a frame lies between zeros and has none inside")
    body = unstuff(frame[1:-1])
    if len(body) < 5 or crc32(body[:-4]) != int.from_bytes(body[-4:], "big"):
        raise ValueError("the checksum is not right")
    return body[:-4]


def read_body(data: bytes) -> Any:
    return msgpack.unpackb(data, use_list=True, strict_map_key=True)


def plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def require_message(row: dict[str, Any], payload: bytes) -> None:
    """The payload says what the row's fields say."""
    name, fields = FIELDS[payload[0]]
    assert (payload[0], name) == (row["type"], row["message"])
    assert int.from_bytes(payload[1:5], "big") == row["connection"]
    assert int.from_bytes(payload[5:9], "big") == row["sequence"]
    values = read_body(payload[9:])
    assert dict(zip(fields.split(), map(plain, values), strict=True)) == row["fields"]
    assert msgpack.packb(values) == payload[9:], "the shortest form of everything"


def test_the_checksum_is_the_usual_one() -> None:
    assert crc32(b"123456789") == 0xCBF43926


@pytest.mark.independent
def test_frames_are_stuffed_payloads_with_a_checksum(vectors: dict[str, Any]) -> None:
    for row in vectors["frames"]["frames"]:
        payload, frame = bytes.fromhex(row["payload"]), bytes.fromhex(row["frame"])
        assert open_frame(frame) == payload, row["name"]
        assert b"\x00" + stuff(payload + crc32(payload).to_bytes(4, "big")) + b"\x00" == frame, row["name"]
        assert (encode_frame(payload), FrameDecoder().feed(frame)) == (frame, [Frame(payload)])


@pytest.mark.independent
def test_what_is_no_frame_is_none_here_either(vectors: dict[str, Any]) -> None:
    assert len(vectors["frames"]["bad"]) > 5
    for row in vectors["frames"]["bad"]:
        data = bytes.fromhex(row["bytes"])
        with pytest.raises(ValueError, match=r"checksum|past the end|between zeros"):
            open_frame(data)
        [event] = FrameDecoder().feed(data)
        assert isinstance(event, BadFrame)
        assert event.code == row["code"]


@pytest.mark.independent
def test_messages_are_a_header_and_an_array(vectors: dict[str, Any]) -> None:
    rows = vectors["messages"]["messages"]
    assert {row["type"] for row in rows} == FIELDS.keys()
    for row in rows:
        payload = bytes.fromhex(row["payload"])
        assert open_frame(bytes.fromhex(row["frame"])) == payload
        require_message(row, payload)


@pytest.mark.independent
def test_reports_are_arrays_named_by_their_digest(vectors: dict[str, Any]) -> None:
    for row, report in zip(vectors["reports"]["reports"], REPORTS, strict=True):
        content = bytes.fromhex(row["bytes"])
        values = read_body(content)
        named = dict(zip(REPORT_FIELDS[row["kind"]].split(), values, strict=True))
        assert (named["kind"], row["number"]) == (row["kind"], 1 + list(REPORT_FIELDS).index(row["kind"]))
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert msgpack.packb(values) == content
        if "signed_bytes" in row:
            unsigned = b"tunuk/urn-report/v1\n" + msgpack.packb([*values[:-1], None])
            assert unsigned.hex() == row["signed_bytes"]
        assert (parse_report(content), encode_report(report)) == (report, content)


@pytest.mark.independent
def test_the_session_follows_the_rules(vectors: dict[str, Any]) -> None:
    """Turns, numbers and repeats; every report's bytes arrive in order, and are settled by their digest."""
    steps, arrived = vectors["session"]["steps"], dict[int, bytes]()
    settled = set()
    for said, answered in zip(steps[::2], steps[1::2], strict=True):
        assert (said["from"], answered["from"]) == ("urn", "agent")
        assert said["type"] < 0x80 <= answered["type"]
        assert (said["connection"], said["sequence"]) == (answered["connection"], answered["sequence"])
        for step in (said, answered):
            require_message(step, open_frame(bytes.fromhex(step["frame"])))
        if said["message"] == "Data":
            fields = said["fields"]
            content = arrived.setdefault(fields["number"], b"")
            assert fields["offset"] <= len(content)
            arrived[fields["number"]] = content[: fields["offset"]] + bytes.fromhex(fields["chunk"])
        if answered["message"] == "Settled":
            number, digest = answered["fields"].values()
            assert hashlib.sha256(arrived[number]).hexdigest() == digest
            settled.add(number)
    assert [arrived[number].hex() for number in (1, 2, 3, 4)] == [row["bytes"] for row in vectors["reports"]["reports"]]
    assert settled == {1, 2, 3, 4}
    words = {step["message"] for step in steps}
    assert {"Refused", "Ping", "Bye"} <= words
    repeated = [step["frame"] for step in steps if step["from"] == "urn"]
    assert len(repeated) - len(set(repeated)) == 1


def test_the_files_are_what_the_script_makes(repository: Path) -> None:
    folder = repository / "tests" / "vectors" / "link"
    assert {path.name: path.read_text() for path in folder.glob("*.json")} == dict(make_files())
