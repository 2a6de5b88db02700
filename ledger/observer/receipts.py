"""Receipts of devices (C2SP tlog-proof), as an observer uses them: each carries a head that the log signed.

A receipt is signed by the log alone, before witnesses see its head, and that is enough: the log may sign no two heads
that cannot both be true.
"""

from pathlib import Path

from ledger.checkpoint import VerifiedCheckpoint, verify_checkpoint
from ledger.errors import FormatError
from ledger.observer.fetch import UnreachableError
from ledger.policy import Policy
from ledger.proof import MAX_PROOF, parse_tlog_proof


def read_receipt(path: Path, policy: Policy) -> VerifiedCheckpoint:
    """The head of the receipt in a file. Raises UnreachableError(``UNREADABLE``), FormatError, SignatureError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_PROOF + 1)
    except OSError as error:
        raise UnreachableError("UNREADABLE", f"cannot read {path}: {error.strerror}") from error
    try:
        note = parse_tlog_proof(data).note
    except FormatError as error:
        raise FormatError(error.code, f"{path}: {error.message}") from error
    return verify_checkpoint(note, [log.key for log in policy.logs])
