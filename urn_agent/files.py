"""The agent's small files: written whole and durably, read within a bound; a secret that is open to others is refused.

Responsible for files of the agent's folder other than the outbox. A crash leaves no half of a file under its name.
"""

import os
import stat
from pathlib import Path

from ledger.errors import TunukError


class FolderError(TunukError):
    """A file of the agent's folder is missing, damaged, open to others, or cannot be written."""


def create_file(path: Path, data: bytes, *, is_secret: bool = False) -> None:
    """Write a file that must not exist yet, durably; a secret for its owner's eyes alone.

    Raises FolderError(``FILE_EXISTS``, ``FILE_FAILED``).
    """
    mode = 0o600 if is_secret else 0o644
    # Filled under another name, and linked into place: a crash leaves no half of a key under its name, and unlike a
    # rename a link never replaces a file that is there already.
    temporary = path.with_name(f".new-{path.name}-{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(temporary)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError as error:
        raise FolderError("FILE_EXISTS", f"{path} exists already and is not replaced") from error
    except OSError as error:
        raise FolderError("FILE_FAILED", f"{path} cannot be written: {error.strerror}") from error
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make names in the folder durable. Raises FolderError(``FILE_FAILED``)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FolderError("FILE_FAILED", f"{path} cannot be flushed to the disk: {error.strerror}") from error


def read_file(path: Path, limit: int, *, is_secret: bool = False) -> bytes:
    """Read a regular file of at most ``limit`` bytes; a secret must be its reader's own and closed to all others.

    Raises FolderError: ``FILE_MISSING``, ``FILE_OPEN_TO_OTHERS``, ``FILE_NOT_PLAIN``, ``FILE_TOO_LONG``,
    ``FILE_FAILED``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW * is_secret | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FolderError("FILE_NOT_PLAIN", f"{path} is not a plain file")
            if is_secret and (status.st_mode & 0o077 or status.st_uid != os.geteuid()):
                words = f"{path} is open to others, or not yours: find out who had access, then enrol anew or chmod 600"
                raise FolderError("FILE_OPEN_TO_OTHERS", words)
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise FolderError("FILE_MISSING", f"{path} is missing") from error
    except OSError as error:
        raise FolderError("FILE_FAILED", f"{path} cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise FolderError("FILE_TOO_LONG", f"{path} is longer than {limit} bytes: not the file that belongs here")
    return data
