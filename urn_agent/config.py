"""The agent's folder: what lies where, how it is begun, and what is read from it at the start.

    device.key       the device's private key
    enrolment.json   what the election authority needs to know of this device; public
    settings.json    what this device is called, where the server is, which language
    bundle/          what the authority gives this device in return; public, imported with ``import_bundle``
    outbox.sqlite    reports, records and receipts

Responsible for the files and their shapes. What is in the bundle is verified in ``bundle``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from ledger.canonical import Identifier
from urn_agent.files import FolderError, create_file, read_file, sync_folder
from urn_agent.keys import DeviceKey, create_key, load_key
from urn_agent.messages import Language

MAX_SETTINGS = 65_536

ServerUrl = Annotated[str, Meta(pattern=r"\Ahttps://[^\s/?#@]+/?\Z", max_length=300)]

_T = TypeVar("_T")


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of JSON files: an unknown field would be a misspelt one."""


class Settings(_Strict, frozen=True):
    """``settings.json``."""

    format: Literal["tunuk-agent/1"]
    device: Identifier
    server: ServerUrl | None
    language: Language


class Enrolment(_Strict, frozen=True):
    """``enrolment.json``: the key in lower-case hexadecimal, and a certificate request by it in PEM."""

    format: Literal["tunuk-enrolment/1"]
    device: Identifier
    public_key: str
    csr: str


class BundleNote(_Strict, frozen=True):
    """``device.json`` of a bundle: for whom it is, and where its server is."""

    device: Identifier
    server_url: ServerUrl | None


@dataclass(frozen=True, slots=True)
class BundleFolder:
    """The files of a bundle under ``root``."""

    root: Path

    @property
    def certificate(self) -> Path:
        return self.root / "client.pem"

    @property
    def authority(self) -> Path:
        return self.root / "ca.pem"

    @property
    def policy(self) -> Path:
        return self.root / "policy"

    @property
    def records(self) -> Path:
        return self.root / "election.records"

    @property
    def note(self) -> Path:
        return self.root / "device.json"

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.certificate, self.authority, self.policy, self.records, self.note)


@dataclass(frozen=True, slots=True)
class AgentFolder:
    """The files under ``root`` (the ``--data`` of the commands)."""

    root: Path

    @property
    def key(self) -> Path:
        return self.root / "device.key"

    @property
    def enrolment(self) -> Path:
        return self.root / "enrolment.json"

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox.sqlite"

    @property
    def bundle(self) -> BundleFolder:
        return BundleFolder(self.root / "bundle")


def make_settings(device: str, server: str | None, language: Language) -> Settings:
    """Settings from what a person typed. Raises FolderError(``SETTINGS_BAD``)."""
    fields = {"format": "tunuk-agent/1", "device": device, "server": server, "language": language}
    try:
        return msgspec.convert(fields, Settings)
    except msgspec.ValidationError as error:
        raise FolderError("SETTINGS_BAD", f"device or server cannot be called that: {error}") from error


def parse_server(text: str) -> str:
    """A server's address, ``https://host:port``. Raises FolderError(``SETTINGS_BAD``)."""
    try:
        return msgspec.convert(text, ServerUrl)
    except msgspec.ValidationError as error:
        raise FolderError("SETTINGS_BAD", f"{text} is no server's address like https://host:port") from error


def begin_folder(folder: AgentFolder, settings: Settings, seed: bytes) -> DeviceKey:
    """Make key, enrolment and settings; what is there already is kept, so that a begun folder can be completed.

    ``seed`` is 32 random bytes. Raises FolderError, also ``FOLDER_OF_OTHER_DEVICE`` for a folder begun under another
    name: a second device needs a folder and a key of its own.
    """
    try:
        folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError("FILE_FAILED", f"{folder.root} cannot be made: {error.strerror}") from error
    sync_folder(folder.root.absolute().parent)
    if folder.settings.exists() and load_settings(folder).device != settings.device:
        raise FolderError("FOLDER_OF_OTHER_DEVICE", f"{folder.root} is the folder of another device")
    key = load_key(folder.key) if folder.key.exists() else create_key(folder.key, seed)
    if not folder.enrolment.exists():
        public_key, request = key.public_key.hex(), key.request_certificate(settings.device)
        enrolment = Enrolment("tunuk-enrolment/1", settings.device, public_key, request)
        create_file(folder.enrolment, _encode(enrolment))
    if not folder.settings.exists():
        create_file(folder.settings, _encode(settings))
    return key


def load_settings(folder: AgentFolder) -> Settings:
    """Raises FolderError(``FILE_MISSING``, ``FILE_UNREADABLE`` and others)."""
    if not folder.settings.exists():
        raise FolderError("FILE_MISSING", f"{folder.settings} is missing: make the device's folder with urn-agent init")
    return parse_file(folder.settings, MAX_SETTINGS, Settings)


def parse_file(path: Path, limit: int, kind: type[_T]) -> _T:
    """Read a JSON file as ``kind``. Raises FolderError."""
    try:
        return msgspec.json.decode(read_file(path, limit), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FolderError("FILE_UNREADABLE", f"{path}: {error}") from error


def _encode(value: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
