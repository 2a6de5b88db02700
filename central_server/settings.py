"""What ``init`` decides about one deployment, kept in one strict JSON file.

No secrets and no results: those lie in key files and in the log. What a run may choose anew is in ``run_settings``.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.errors import FormatError
from ledger.store.durable import StorageError, read_file, write_file

MAX_SETTINGS = 64 * 1024
MAX_NODES = 16
ChainAddress = Annotated[str, Meta(pattern=r"\A0x[0-9a-f]{40}\Z")]
RpcUrl = Annotated[str, Meta(pattern=r"\Ahttps?://[!-~]{1,500}\Z")]
ServerUrl = Annotated[str, Meta(pattern=r"\Ahttps://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?\Z")]


class ValidatorSetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The validators that seal blocks from ``first_block`` on, as the election record will pin them."""

    first_block: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    addresses: Annotated[tuple[ChainAddress, ...], Meta(min_length=1, max_length=100)]


class SignerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program that holds the submitter's key and signs over JSON-RPC (``eth_signTransaction``)."""

    url: RpcUrl
    address: ChainAddress


class ChainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``nodes`` of the network that anchors this log, in the order in which they are tried; none: the embedded chain.

    ``signer`` is null where the submitter's key is a file among the server's keys.
    """

    chain_id: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    nodes: Annotated[tuple[RpcUrl, ...], Meta(max_length=MAX_NODES)]
    validator_sets: Annotated[tuple[ValidatorSetSettings, ...], Meta(max_length=100)]
    signer: SignerSettings | None


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``salt`` (16 bytes, in hex) goes into the election id; ``server_url`` is what devices are told, if anything."""

    format: Literal["tunuk-server-settings/2"]
    salt: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    server_url: ServerUrl | None
    chain: ChainSettings
    snapshot_seconds: Annotated[int, Meta(ge=1, le=3600)]
    anchor_seconds: Annotated[int, Meta(ge=1, le=86400)]


def verify_settings(settings: Settings) -> None:
    """Hold what an operator chose to the bounds of the file. Raises FormatError(``BAD_OPTION``)."""
    try:
        msgspec.json.decode(msgspec.json.encode(settings), type=Settings)
    except msgspec.ValidationError as error:
        raise FormatError("BAD_OPTION", f"not a possible setting: {error}") from error


def write_settings(path: Path, settings: Settings) -> None:
    write_file(path, msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n", 0o600)


def read_settings(path: Path) -> Settings:
    """Raises StorageError(``NOT_INITIALISED``), FormatError(``BAD_SETTINGS``)."""
    data = read_file(path, MAX_SETTINGS)
    if data is None:
        raise StorageError("NOT_INITIALISED", f"{path} does not exist: run central-server init, or mount its volume")
    try:
        return msgspec.json.decode(data, type=Settings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError("BAD_SETTINGS", f"{path} is damaged or of another version: {error}") from error
