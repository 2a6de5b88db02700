"""Enrolments: what a device hands in to be admitted, one JSON file each, and whether they match the definition.

Responsible for reading them strictly and for proof that each device holds its key (its certificate request is signed
by it). Nothing here decides which devices there are: the definition does.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from central_server.certificates import verify_request
from ledger.canonical import Identifier
from ledger.errors import ConflictError, FormatError, SignatureError
from ledger.key_check import is_sound_key
from ledger.primitives import PublicKey
from ledger.store.durable import read_file, storage_error

MAX_ENROLMENT = 16 * 1024
"""Bytes: a certificate request of an Ed25519 key is below 1 KiB."""


class Enrolment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device's request to be admitted. ``public_key`` is in hexadecimal, ``csr`` a PKCS #10 request in PEM."""

    format: Literal["tunuk-enrolment/1"]
    device: Identifier
    public_key: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    csr: Annotated[str, Meta(max_length=MAX_ENROLMENT)]

    @property
    def key(self) -> PublicKey:
        return PublicKey.from_hex(self.public_key)


def parse_enrolment(data: bytes, name: str) -> Enrolment:
    """``name`` says in messages where the bytes came from.

    Raises FormatError(``BAD_ENROLMENT``, ``BAD_REQUEST``), SignatureError where the device does not prove its key.
    """
    try:
        enrolment = msgspec.json.decode(data, type=Enrolment)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError("BAD_ENROLMENT", f"{name} is not an enrolment: {error}") from error
    verify_request(enrolment.csr, enrolment.device, enrolment.key)
    if not is_sound_key(enrolment.key):
        raise SignatureError("UNSOUND_KEY", f"{name}: signatures by this key prove nothing: make another")
    return enrolment


def read_enrolments(folder: Path) -> dict[str, Enrolment]:
    """Every ``*.json`` in the folder, by device.

    Raises as parse_enrolment() does, ConflictError(``ENROLLED_TWICE``, ``KEY_ENROLLED_TWICE``), StorageError.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError as error:
        raise storage_error(error, f"list the enrolments in {folder}") from error
    found: dict[str, Enrolment] = {}
    keys: dict[str, str] = {}
    for path in paths:
        data = read_file(path, MAX_ENROLMENT) or b""
        enrolment = parse_enrolment(data, str(path))
        if enrolment.device in found:
            raise ConflictError("ENROLLED_TWICE", f"{path}: device {enrolment.device} has another enrolment: keep one")
        other = keys.setdefault(enrolment.public_key, enrolment.device)
        if other != enrolment.device:
            raise ConflictError("KEY_ENROLLED_TWICE", f"{path}: device {other} has the same key; each needs its own")
        found[enrolment.device] = enrolment
    return found


def match_enrolments(devices: Iterable[str], enrolments: Mapping[str, Enrolment]) -> dict[str, PublicKey]:
    """The key of every device of the definition.

    Raises FormatError(``NOT_ENROLLED``, ``NOT_IN_DEFINITION``) unless each device has one enrolment and no other has.
    """
    expected = list(devices)
    if missing := [device for device in expected if device not in enrolments]:
        names = ", ".join(missing[:5])
        raise FormatError("NOT_ENROLLED", f"{len(missing)} devices of the definition have no enrolment: {names}")
    if unknown := sorted(enrolments.keys() - set(expected)):
        names = ", ".join(unknown[:5])
        raise FormatError("NOT_IN_DEFINITION", f"{len(unknown)} enrolments are of devices not defined: {names}")
    return {device: enrolments[device].key for device in expected}
