"""Files that survive a crash whole: written beside their place, flushed, moved into place, and their folder flushed.

Responsible for the order of system calls and for turning their failures into StorageError. Knows nothing of what is in
the files. POSIX only: it relies on atomic renames, on flushing folders and on ``flock``.
"""

import errno
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.errors import TunukError

_CODES = {
    errno.ENOSPC: "DISK_FULL",
    errno.EDQUOT: "DISK_FULL",
    errno.EFBIG: "DISK_FULL",
    errno.EROFS: "STORAGE_NOT_WRITABLE",
    errno.EACCES: "STORAGE_NOT_WRITABLE",
    errno.EPERM: "STORAGE_NOT_WRITABLE",
    errno.ENOENT: "STORAGE_MISSING",
}


class StorageError(TunukError):
    """A disk or a database failed, or is not as it was left. What was acknowledged before is not affected.

    What was asked for may have taken effect or not; asking again is safe.
    """


def storage_error(error: OSError, doing: str) -> StorageError:
    """The coded form of a system call's failure; ``doing`` completes "could not …"."""
    code = _CODES.get(error.errno or 0, "STORAGE_FAILED")
    return StorageError(code, f"could not {doing}: {error.strerror or error}")


def write_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put ``data`` at ``path``, whole and durable when this returns; its folder must exist.

    On StorageError, and after a crash at any point, the path holds all of the old content or all of the new. A crash
    may leave a stray ``.tmp-…`` file beside it, which nothing reads.
    """
    place_file(path, data, mode)
    sync_directory(path.parent)


def place_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """As write_file, but durable only after a later sync_directory of the folder: for many files at once."""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        try:
            _fill(descriptor, data, mode)
            Path(temporary).replace(path)
        except BaseException:
            # A full disk must get the room back. The first failure is the one to report.
            with suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise storage_error(error, f"write {path}") from error


def _fill(descriptor: int, data: bytes, mode: int) -> None:
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make the names in this folder durable: files moved into it and folders made in it. Raises StorageError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage_error(error, f"flush the folder {path}") from error


def make_directory(path: Path) -> None:
    """Make the folder and those above it that are missing, durably. Raises StorageError.

    A folder that is there already is left as it is, though whoever made it may have died before it was on the disk.
    """
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
        for folder in reversed(missing):
            # Another process may make the same folder at the same time.
            folder.mkdir(exist_ok=True)
            sync_directory(folder.parent)
    except OSError as error:
        raise storage_error(error, f"make the folder {path}") from error


def clear_directory(path: Path, names: re.Pattern[str]) -> None:
    """Take away the files of these names, and the folder if nothing is left; a power failure may bring them back.

    Nothing to do where there is no such folder. Raises StorageError.
    """
    try:
        for file in list(path.iterdir()):
            if names.fullmatch(file.name):
                file.unlink(missing_ok=True)
        path.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise storage_error(error, f"clear the folder {path}") from error


def read_file(path: Path, max_bytes: int) -> bytes | None:
    """The content of a file, or None where there is none. Raises StorageError, also for more than ``max_bytes``."""
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(error, f"read {path}") from error
    if len(data) > max_bytes:
        raise StorageError("FILE_TOO_LONG", f"{path} has more than {max_bytes} bytes: it is not what was written there")
    return data


@contextmanager
def hold_lock(path: Path, *, shared: bool = False, writable: bool = False) -> Iterator[int]:
    """Hold an advisory lock on an existing file or folder, against threads and processes alike; gives its descriptor.

    Waits without a limit: a holder that dies lets go. Raises StorageError.
    """
    try:
        descriptor = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
    except OSError as error:
        raise storage_error(error, f"lock {path}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        except OSError as error:
            raise storage_error(error, f"lock {path}") from error
        yield descriptor
    finally:
        os.close(descriptor)
