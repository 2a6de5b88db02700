"""The guard in a file: a tree head that only grows, written in place under a lock, into one of two slots by turns.

A slot holds four lines: origin, size and root as a checkpoint has them, and SHA-256 of these three in hexadecimal. The
larger head of the two slots counts. A write that a crash tears spoils only the slot of the older head, and nothing has
been signed for the new one yet. In place, since it is done for every batch: one flush of a file that neither grows nor
moves costs a fortieth of a flushed rename, and does not fail on a full disk.

Whether the store still holds the head that the guard names is for the log to check.
"""

import functools
import os
from contextlib import suppress
from pathlib import Path

from ledger.checkpoint import Checkpoint, encode_checkpoint, parse_checkpoint
from ledger.errors import ConflictError, FormatError, RollbackError
from ledger.primitives import Hash, sha256
from ledger.store.contract import TreeHead
from ledger.store.durable import StorageError, hold_lock, make_directory, place_file, storage_error, sync_directory
from ledger.vkey import check_key_name

_SLOT = 4_096
"""Bytes: a page each, so that writing one slot cannot touch the other. An origin and a head need a tenth of it."""

_CHECKSUM_LINE = 2 * Hash.SIZE + 1


class FileGuard:
    """A Guard (see the contract) in the file ``path``, for the log named ``origin``.

    Making the object touches nothing: create() makes the register, once in the life of a log.
    """

    def __init__(self, path: Path, origin: str) -> None:
        """Raises FormatError(``BAD_KEY_NAME``) for what is no origin."""
        check_key_name(origin)
        self.origin = origin
        self._path = path
        self._flushed: TreeHead | None = None

    def create(self, head: TreeHead) -> None:
        """Make the register, and its folder where missing; making it again with the same head changes nothing.

        Other than for a new log, call it only after the last signed head is known from elsewhere: from a published
        checkpoint, from witnesses and from the chain.
        """
        make_directory(self._path.parent)
        # The folder's lock, since the file is not there yet: two makers would each put a file of their own in place.
        with hold_lock(self._path.parent):
            if not self._exists():
                place_file(self._path, _encode_slot(self.origin, head) + bytes(_SLOT), 0o600)
            # Also what is found: whoever made it may have died before its names were on the disk.
            for folder in (self._path.parent, self._path.parent.parent):
                sync_directory(folder)
        if self.read() != head:
            raise ConflictError("GUARD_EXISTS", f"{self._path} holds a guard already: it must not be replaced")

    def read(self) -> TreeHead:
        self._require_file()
        with hold_lock(self._path, shared=True) as descriptor:
            head, _ = self._current(descriptor)
        return head

    def advance(self, old: TreeHead, new: TreeHead) -> bool:
        if new.size <= old.size:
            raise RollbackError("GUARD_BACKWARD", f"the guard holds size {old.size} and does not go to {new.size}")
        data = _encode_slot(self.origin, new)
        self._require_file()
        with hold_lock(self._path, writable=True) as descriptor:
            head, slot = self._current(descriptor)
            if head != old:
                return False
            self._write(descriptor, (1 - slot) * _SLOT, data)
        self._flushed = new
        return True

    def _current(self, descriptor: int) -> tuple[TreeHead, int]:
        """The register's head and the number of the slot that it is in."""
        try:
            data = os.pread(descriptor, 2 * _SLOT, 0)
            slots = [(self._parse(data[:_SLOT]), 0), (self._parse(data[_SLOT:]), 1)]
            head, slot = max(slots, key=lambda slot: slot[0].size if slot[0] else -1)
            if head is None:
                raise StorageError(
                    "GUARD_DAMAGED",
                    f"{self._path} holds no whole guard: establish the last signed head from the published checkpoint, "
                    "the witnesses and the chain before a new guard is made",
                )
            if head != self._flushed:
                # Whoever wrote it may have died before it was on the disk; nobody may rely on it before it is.
                os.fdatasync(descriptor)
                self._flushed = head
        except OSError as error:
            raise storage_error(error, f"read {self._path}") from error
        return head, slot

    def _write(self, descriptor: int, at: int, data: bytes) -> None:
        try:
            try:
                if os.pwrite(descriptor, data, at) != _SLOT:
                    raise StorageError("STORAGE_FAILED", f"could not write a whole slot of {self._path}")
                os.fdatasync(descriptor)
            except BaseException:
                # What may never reach the disk must not be read back from memory as if it had.
                with suppress(OSError):
                    os.pwrite(descriptor, bytes(_SLOT), at)
                raise
        except OSError as error:
            raise storage_error(error, f"write {self._path}") from error

    def _parse(self, slot: bytes) -> TreeHead | None:
        """The slot's head; None for one that is empty or torn."""
        try:
            origin, head = _parse_slot(slot)
        except FormatError:
            return None
        if origin != self.origin:
            raise StorageError("GUARD_OF_ANOTHER_LOG", f"{self._path} guards the log {origin}, not {self.origin}")
        return head

    def _exists(self) -> bool:
        try:
            return self._path.exists()
        except OSError as error:
            raise storage_error(error, f"look for {self._path}") from error

    def _require_file(self) -> None:
        if not self._exists():
            raise StorageError(
                "GUARD_MISSING",
                f"{self._path} does not exist: mount the volume that holds the guard. If it is lost, make a new one "
                "only at a head that covers those of the published checkpoint, the witnesses and the chain; otherwise "
                "start a successor log",
            )


def _encode_slot(origin: str, head: TreeHead) -> bytes:
    """Raises FormatError(``BAD_CHECKPOINT``)."""
    body = encode_checkpoint(Checkpoint(origin, head.size, head.root))
    return (body + f"{sha256(body).hex()}\n".encode()).ljust(_SLOT, b"\0")


@functools.lru_cache(maxsize=16)
def _parse_slot(slot: bytes) -> tuple[str, TreeHead]:
    """The slots are read several times for each batch, and parsed when they have changed.

    Raises FormatError(``BAD_GUARD``, ``BAD_CHECKPOINT``).
    """
    text = slot.rstrip(b"\0")
    body, checksum = text[:-_CHECKSUM_LINE], text[-_CHECKSUM_LINE:]
    if checksum != f"{sha256(body).hex()}\n".encode():
        raise FormatError("BAD_GUARD", "the slot's checksum does not match its lines")
    checkpoint = parse_checkpoint(body)
    return checkpoint.origin, TreeHead(checkpoint.size, checkpoint.root)
