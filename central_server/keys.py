"""Key files: made once, durably, for one owner's eyes, and refused when others could have read them.

A file is one line: the algorithm, a blank, the secret's 32 bytes in lower-case hexadecimal. Responsible for the files;
what a key may sign is for those who hold it. Errors never show what is in a file.
"""

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ledger.errors import TunukError
from ledger.primitives import FixedBytes
from ledger.store.durable import make_directory, storage_error, sync_directory

Algorithm = Literal["ed25519", "mldsa44", "secp256k1"]

_MAX_BYTES = 128
_SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Secret(FixedBytes):
    """The secret of a key: an Ed25519 or ML-DSA-44 seed, or a secp256k1 number. Its repr does not show it."""

    SIZE = 32
    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


class KeyFileError(TunukError):
    """A key file is missing, damaged, of another sort, or open to others."""


def create_key(path: Path, algorithm: Algorithm, random: Callable[[int], bytes] = secrets.token_bytes) -> Secret:
    """Make a key file that only its owner can read, or load the one that is there already.

    Durable when this returns. Raises KeyFileError, StorageError.
    """
    make_directory(path.parent)
    if not path.exists():
        secret = Secret(random(32))
        while algorithm == "secp256k1" and not 0 < int.from_bytes(secret, "big") < _SECP256K1_ORDER:
            secret = Secret(random(32))
        create_secret_file(path, f"{algorithm} {secret.hex()}\n".encode())
    # A maker that died before its last flush may have left the name undurable.
    sync_directory(path.parent)
    return load_key(path, algorithm)


def load_key(path: Path, algorithm: Algorithm) -> Secret:
    """Raises KeyFileError(``KEY_DAMAGED``, ``KEY_OF_OTHER_SORT``), and as read_secret_file() does."""
    data = read_secret_file(path, _MAX_BYTES)
    words = data.decode("ascii", "replace").removesuffix("\n").split(" ")
    if len(words) != 2 or data[-1:] != b"\n" or len(words[1]) != 64 or set(words[1]) - set("0123456789abcdef"):
        raise KeyFileError("KEY_DAMAGED", f"{path} is not a whole key file: put back its copy")
    if words[0] != algorithm:
        raise KeyFileError("KEY_OF_OTHER_SORT", f"{path} is not an {algorithm} key: key files have been mixed up")
    return Secret(bytes.fromhex(words[1]))


def create_secret_file(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 that was not there. Raises KeyFileError(``KEY_EXISTS``), StorageError.

    It is filled under another name and linked into place, so that a crash leaves no half of a key under its name.
    """
    temporary = path.with_name(f".new-{path.name}-{os.getpid()}")
    try:
        # A file of that name can only be left from a process that died.
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # Unlike a rename, a link never replaces a key that another process made in between.
            path.hardlink_to(temporary)
        finally:
            with suppress(OSError):
                temporary.unlink()
    except FileExistsError as error:
        raise KeyFileError("KEY_EXISTS", f"{path} exists already: a key is never replaced") from error
    except OSError as error:
        raise storage_error(error, f"make the key file {path}") from error
    sync_directory(path.parent)


def read_secret_file(path: Path, max_bytes: int) -> bytes:
    """Read a file that only its owner may read.

    Raises KeyFileError(``KEY_MISSING``, ``KEY_NOT_PRIVATE``, ``KEY_DAMAGED``), StorageError.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise KeyFileError("KEY_MISSING", f"{path} does not exist: mount its volume or put back its copy") from error
    except OSError as error:
        raise storage_error(error, f"read the key file {path}") from error
    if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
        raise KeyFileError(
            "KEY_NOT_PRIVATE",
            f"others may read or change {path}: find out who has; if nobody did, run chmod 600 on it",
        )
    if len(data) > max_bytes:
        raise KeyFileError("KEY_DAMAGED", f"{path} is longer than a key file: put back its copy")
    return data
