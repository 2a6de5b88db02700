"""Receipts under the checkpoint that witnesses have signed, for whose policy asks for that.

A receipt is given at once, under a head that the log alone has signed. A device whose policy has a quorum keeps sending
its record; once a published checkpoint covers it, the answer is a receipt under that one. Nothing of it is kept: it is
made from what is published, and where that fails, the first receipt is the answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from central_server.anchoring import PublishedFolder
from ledger.checkpoint import parse_checkpoint
from ledger.errors import TunukError
from ledger.log import Receipt
from ledger.note import MAX_NOTE, parse_note
from ledger.proof import TlogProof, encode_tlog_proof
from ledger.store.durable import read_file
from ledger.store.tile_files import CHECKPOINT

_LOOK_SECONDS = 1.0
"""A checkpoint is published once a second at most."""


class CosignedReceipts:
    """``directory`` is the public folder of the log ``origin``. Any thread may call it."""

    def __init__(self, directory: Path, origin: str, monotonic: Callable[[], float]) -> None:
        self._path = directory / CHECKPOINT
        self._folder = PublishedFolder(directory, origin)
        self._monotonic = monotonic
        self._looked: float | None = None
        self._published = b"", 0

    def cover_any(self, receipts: Sequence[Receipt]) -> bool:
        """Whether ``complete`` would change one: records that have just come are never published yet."""
        _, size = self._look()
        return any(receipt.index < size for receipt in receipts)

    def complete(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """Each under the published checkpoint, if that covers it; else as it is."""
        note, size = self._look()
        return [self._complete(receipt, note, size) if receipt.index < size else receipt for receipt in receipts]

    def _complete(self, receipt: Receipt, note: bytes, size: int) -> Receipt:
        try:
            path = self._folder.inclusion_proof(receipt.index, size)
            return replace(receipt, tlog_proof=encode_tlog_proof(TlogProof(receipt.index, tuple(path), note)))
        except TunukError:
            # The publication is a copy that can be made again. Its own errors are told where it is written.
            return receipt

    def _look(self) -> tuple[bytes, int]:
        now = self._monotonic()
        if self._looked is None or now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._published = self._read()
        return self._published

    def _read(self) -> tuple[bytes, int]:
        try:
            note = read_file(self._path, MAX_NOTE)
            return (b"", 0) if note is None else (note, parse_checkpoint(parse_note(note).text).size)
        except TunukError:
            return b"", 0
