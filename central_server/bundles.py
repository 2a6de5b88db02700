"""What is carried to a device: its certificate, the authority's, the policy to pin, and the records that concern it.

Everything in a bundle is public; the device's key never left the device. ``device.json`` is written last and marks a
bundle as whole.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ledger.store.durable import make_directory, place_file, sync_directory

DEVICE_FILE = "device.json"


def write_bundle(
    folder: Path,
    *,
    device: str,
    certificate: bytes,
    authority: bytes,
    policy: bytes,
    entries: Sequence[bytes],
    server_url: str | None,
) -> None:
    """Durable when this returns. Raises StorageError."""
    make_directory(folder)
    place_file(folder / "client.pem", certificate)
    place_file(folder / "ca.pem", authority)
    place_file(folder / "policy", policy)
    place_file(folder / "election.records", encode_entries(entries))
    sync_directory(folder)
    place_file(folder / DEVICE_FILE, msgspec.json.encode({"device": device, "server_url": server_url}) + b"\n")
    sync_directory(folder)


def is_whole(folder: Path) -> bool:
    return (folder / DEVICE_FILE).is_file()


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Length (uint16, big-endian) and bytes of each entry: as C2SP tlog-tiles has entry bundles, but of any number."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
