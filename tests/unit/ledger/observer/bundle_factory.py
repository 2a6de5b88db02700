"""Proof bundles of any entries that a test likes, with proofs that fit: what somebody hostile would hand out."""

from bisect import bisect_left
from collections.abc import Iterable

from ledger.election import part_hash
from ledger.merkle import merkle_root
from ledger.multiproof import multi_proof
from ledger.observer.bundle import LogEntry, ProofBundle
from ledger.observer.precinct_records import PARTS
from ledger.observer.published_log import PublishedLog
from ledger.primitives import Hash
from ledger.record import parse_record
from ledger.tiles import TileReader


def bundle_of(log: PublishedLog, chosen: Iterable[int], unit: str, contest: int | None) -> ProofBundle:
    """A part that is not under the election's root gets the place where it would be."""
    indices = sorted(chosen)
    proof = multi_proof(indices, log.tree.size, TileReader(log.tree.size, log.tree.content).subtree)
    hashes = log.fold.definition.part_hashes
    bodies = [parse_record(log.entries[index]).body for index in indices]
    places = tuple(bisect_left(hashes, part_hash(body)) for body in bodies if isinstance(body, PARTS))

    def subtree(level: int, index: int) -> Hash:
        return merkle_root(hashes[index << level : (index + 1) << level])

    parts = multi_proof(sorted(set(places) & set(range(len(hashes)))), len(hashes), subtree)
    entries = tuple(LogEntry(index, log.entries[index]) for index in indices)
    return ProofBundle("tunuk-proof/1", unit, contest, log.checkpoint.note, entries, proof, places, parts, None)
