"""What ``roster`` has fixed so far, in one file: the election's id, its devices' keys, and whether all is done.

The file is what makes a second attempt go on instead of beginning anew, and what keeps a roster from being changed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.errors import ConflictError, FormatError
from ledger.primitives import PublicKey
from ledger.store.durable import StorageError, read_file, write_file

MAX_STATE = 512 * 1024 * 1024
"""Bytes: as many devices as a definition may have."""


class RosterState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``devices``: each device's public key in hexadecimal. ``origin`` names the log."""

    format: Literal["tunuk-roster/1"]
    election_id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    origin: Annotated[str, Meta(max_length=255)]
    contract: Annotated[str, Meta(pattern=r"\A0x[0-9a-f]{40}\Z")]
    finished: bool
    devices: dict[str, str]

    def require_devices(self, keys: Mapping[str, PublicKey]) -> None:
        """Raises ConflictError(``ROSTER_FIXED``) unless these are the devices and keys that were fixed."""
        given = {device: key.hex() for device, key in keys.items()}
        if given != self.devices:
            different = sorted(set(given.items()) ^ set(self.devices.items()))[0][0]
            raise ConflictError(
                "ROSTER_FIXED",
                f"the election {self.election_id} is fixed with other devices or keys (device {different}): a roster "
                "is not changed. For another election, make another directory with central-server init",
            )


def write_state(path: Path, state: RosterState) -> None:
    write_file(path, msgspec.json.encode(state) + b"\n")


def read_state(path: Path) -> RosterState | None:
    """None before a roster was begun. Raises FormatError(``BAD_ROSTER_FILE``), StorageError."""
    data = read_file(path, MAX_STATE)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=RosterState)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError("BAD_ROSTER_FILE", f"{path} is damaged or of another version: {error}") from error


def read_finished_state(path: Path) -> RosterState:
    """Raises StorageError(``ROSTER_UNFINISHED``), and as read_state() does."""
    state = read_state(path)
    if state is None or not state.finished:
        words = "the election is not fixed: run central-server roster to its end or, of a successor, successor finish"
        raise StorageError("ROSTER_UNFINISHED", words)
    return state
