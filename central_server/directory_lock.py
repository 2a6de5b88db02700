"""One command at a time works on an election's directory: two servers on one would race for its chain and its pages."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import ConflictError
from ledger.store.durable import storage_error


@contextmanager
def hold_directory(lock: Path) -> Iterator[None]:
    """Hold the lock file, made where missing, until the end or the death of this process. Never waits.

    Raises ConflictError(``DIRECTORY_BUSY``) where another process holds it, StorageError.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise storage_error(error, f"open {lock}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                "DIRECTORY_BUSY", f"another central-server works on {lock.parent.parent}: stop it first"
            ) from error
        except OSError as error:
            raise storage_error(error, f"lock {lock}") from error
        yield
    finally:
        os.close(descriptor)
