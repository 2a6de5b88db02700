"""A witness's keys: one file that only its owner can read, made once and never replaced.

Two keys under one name, one for each type of cosignature: ML-DSA-44, and Ed25519 for those who know no other. The
file's lines: its format, ``name``, ``ed25519`` and ``mldsa44``, the last two with a seed of 32 bytes in hexadecimal.
"""

import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ledger.cosignature import CosignatureSigner, MLDSA44CosignatureSigner
from ledger.errors import TunukError
from ledger.signing import Ed25519Signer
from ledger.store.durable import make_directory, storage_error, sync_directory
from ledger.vkey import MAX_NAME, check_key_name

KEY_FILE = "witness.key"
_MAX_FILE = 1024
_FILE = re.compile(r"tunuk-witness-key/1\nname (\S+)\ned25519 ([0-9a-f]{64})\nmldsa44 ([0-9a-f]{64})\n")


class WitnessKeyError(TunukError):
    """The key file is there already, missing, damaged, or open to others."""


def create_keys(directory: Path, name: str, random: Callable[[int], bytes]) -> None:
    """Make the key file in the folder, durably.

    Raises WitnessKeyError(``KEY_EXISTS``), FormatError(``BAD_KEY_NAME``), StorageError.
    """
    check_key_name(name)
    if len(name.encode()) > MAX_NAME:
        raise WitnessKeyError("BAD_KEY_NAME", f"a witness's name is at most {MAX_NAME} bytes long")
    make_directory(directory)
    path = directory / KEY_FILE
    data = f"tunuk-witness-key/1\nname {name}\ned25519 {random(32).hex()}\nmldsa44 {random(32).hex()}\n".encode()
    temporary = directory / f".new-{KEY_FILE}-{os.getpid()}"
    try:
        # A file of that name can only be left from a process that died.
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # Unlike a rename, a link never replaces a key that is there.
            path.hardlink_to(temporary)
        finally:
            with suppress(OSError):
                temporary.unlink()
    except FileExistsError as error:
        raise WitnessKeyError("KEY_EXISTS", f"{path} exists already: a key is never replaced") from error
    except OSError as error:
        raise storage_error(error, f"make the key file {path}") from error
    sync_directory(directory)


def load_signers(directory: Path, clock: Callable[[], int]) -> tuple[CosignatureSigner, MLDSA44CosignatureSigner]:
    """Raises WitnessKeyError(``KEY_MISSING``, ``KEY_NOT_PRIVATE``, ``KEY_DAMAGED``), StorageError, UnjudgeableError."""
    path = directory / KEY_FILE
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_FILE)
    except FileNotFoundError as error:
        raise WitnessKeyError("KEY_MISSING", f"{path} does not exist: make it with observer witness-key") from error
    except OSError as error:
        raise storage_error(error, f"read the key file {path}") from error
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise WitnessKeyError(
            "KEY_NOT_PRIVATE", f"others may read or change {path}: find out who has; if nobody did, run chmod 600 on it"
        )
    found = _FILE.fullmatch(data.decode("utf-8", "replace"))
    if found is None:
        raise WitnessKeyError("KEY_DAMAGED", f"{path} is not a whole key file: put back its copy")
    name, ed25519, mldsa44 = found.groups()
    return (
        CosignatureSigner(name, Ed25519Signer(bytes.fromhex(ed25519)), clock),
        MLDSA44CosignatureSigner(name, bytes.fromhex(mldsa44), clock),
    )
