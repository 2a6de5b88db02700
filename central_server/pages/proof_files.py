"""``proof/<index>.tlog-proof``: for each tally that a precinct's page names, that the published log has its entry.

A proof (C2SP tlog-proof) is made from the published tiles under the published checkpoint, once; it stays true. Anyone
can make it from the same files.
"""

from collections.abc import Iterable
from pathlib import Path

from central_server.pages.page_files import read_page, replace_file
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import TunukError
from ledger.merkle import inclusion_proof, verify_inclusion
from ledger.note import MAX_NOTE, parse_note
from ledger.primitives import Hash
from ledger.proof import TlogProof, encode_tlog_proof, parse_tlog_proof
from ledger.store.durable import read_file
from ledger.store.tile_files import CHECKPOINT
from ledger.tiles import TILE_WIDTH, Tile, TileReader, encode_tile_path


def proof_path(index: int) -> str:
    return f"proof/{index}.tlog-proof"


class ProofFiles:
    """Makes the proofs that are wanted and not there, below a publication's ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._wanted: dict[int, None] = {}
        self._made: set[int] = set()

    def want(self, indices: Iterable[int]) -> None:
        """Entries of the log, by index."""
        self._wanted |= dict.fromkeys(index for index in indices if index not in self._made)

    def make(self, limit: int) -> int:
        """Make up to ``limit`` proofs; how many were looked at. Raises StorageError and FormatError.

        An entry that the published checkpoint does not cover stays wanted and is not counted.
        """
        note = read_file(self._directory / CHECKPOINT, MAX_NOTE) if self._wanted else None
        if note is None:
            return 0
        checkpoint = parse_checkpoint(parse_note(note).text)
        reader = TileReader(checkpoint.size, self._read_tile)
        due = [index for index in self._wanted if index < checkpoint.size][:limit]
        for index in due:
            path = self._directory / proof_path(index)
            if not _proves(read_page(path), index, reader.subtree(0, index)):
                hashes = inclusion_proof(index, checkpoint.size, reader.subtree)
                replace_file(path, encode_tlog_proof(TlogProof(index, hashes, note)))
            self._made.add(index)
            del self._wanted[index]
        return len(due)

    def _read_tile(self, tile: Tile) -> bytes:
        return read_file(self._directory / encode_tile_path(tile), TILE_WIDTH * Hash.SIZE) or b""


def _proves(data: bytes | None, index: int, leaf_hash: Hash) -> bool:
    """Whether a file that is there already is what it should be. Its signature is the reader's to check."""
    if data is None:
        return False
    try:
        proof = parse_tlog_proof(data)
        checkpoint: Checkpoint = parse_checkpoint(parse_note(proof.note).text)
        verify_inclusion(leaf_hash, index, checkpoint.size, proof.hashes, checkpoint.root)
    except TunukError:
        return False
    return proof.index == index
