"""What a backup is made of: a folder with copies under the names that they have in the directory, and a manifest.

The manifest is written last: a folder without one is no backup. Responsible for copies that are durable and hashed on
the way, and for the manifest's form. What belongs into a backup is for ``backup``, what may be put back
for ``restore``.
"""

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.errors import FormatError
from ledger.store.durable import StorageError, make_directory, read_file, storage_error, sync_directory, write_file

MANIFEST = "manifest.json"
MAX_MANIFEST = 64 * 1024 * 1024
"""Bytes: a few files for each of 100,000 devices."""

_CHUNK = 1024 * 1024
_Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class CopiedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``size`` in bytes; ``mode`` is that of the file it was copied from."""

    sha256: _Digest
    size: Annotated[int, Meta(ge=0)]
    mode: Annotated[int, Meta(ge=0, le=0o777)]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``size`` and ``root`` (hexadecimal) are those of the log's head, ``made`` in Unix seconds; ``files`` by path."""

    format: Literal["tunuk-backup/1"]
    election_id: _Digest
    origin: str
    made: int
    size: Annotated[int, Meta(ge=0)]
    root: _Digest
    files: dict[str, CopiedFile]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    write_file(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n", 0o600)


def read_manifest(folder: Path) -> Manifest:
    """Raises StorageError(``BACKUP_UNFINISHED``), FormatError(``BACKUP_DAMAGED``)."""
    data = read_file(folder / MANIFEST, MAX_MANIFEST)
    if data is None:
        raise StorageError("BACKUP_UNFINISHED", f"{folder} has no {MANIFEST}: it is no backup, or not a whole one")
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError("BACKUP_DAMAGED", f"{folder / MANIFEST} is not as it was written: {error}") from error
    for name in manifest.files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.as_posix() != name or "\0" in name:
            raise FormatError("BACKUP_DAMAGED", f"{folder / MANIFEST} names a file outside: {name[:80]!r}")
    return manifest


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Read every file once. Raises FormatError(``BACKUP_DAMAGED``), StorageError."""
    for name, expected in manifest.files.items():
        path = folder / name
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError as error:
            raise FormatError("BACKUP_DAMAGED", f"{path} is missing: take another copy") from error
        except OSError as error:
            raise storage_error(error, f"read {path}") from error
        if digest != expected.sha256:
            raise FormatError("BACKUP_DAMAGED", f"{path} is not what was copied: take another copy")


def copy_file(source: Path, target: Path, mode: int | None = None) -> CopiedFile:
    """Copy to a new file, durable when this returns; ``mode``: its own where None. Raises StorageError.

    No other user may read it before it has its mode.
    """
    make_directory(target.parent)
    digest, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as data:
            mode = os.fstat(data.fileno()).st_mode & 0o777 if mode is None else mode
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                while chunk := data.read(_CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
    except OSError as error:
        raise storage_error(error, f"copy {source} to {target}") from error
    sync_directory(target.parent)
    return CopiedFile(digest.hexdigest(), size, mode)


def describe_file(path: Path) -> CopiedFile:
    """A file that lies in a backup already, made durable. Raises StorageError."""
    try:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            status = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise storage_error(error, f"read {path}") from error
    sync_directory(path.parent)
    return CopiedFile(digest, status.st_size, status.st_mode & 0o777)
