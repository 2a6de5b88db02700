"""A small log that signs what it is told to, a witness over it, and a witness's store without a disk."""

from dataclasses import dataclass, field

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import CosignatureSigner, MLDSA44CosignatureSigner
from ledger.merkle import consistency_proof, hash_leaf, merkle_root
from ledger.note import Ed25519NoteSigner
from ledger.observer.rate_limit import RateLimit
from ledger.observer.witness import NOTHING_SEEN, Answer, SeenHead, Witness
from ledger.primitives import Hash
from ledger.signing import Ed25519Signer
from ledger.witness_protocol import AddCheckpoint, encode_request

ORIGIN = "log.example/1"
LOG = Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes(32)))
ED25519 = CosignatureSigner("w.example", Ed25519Signer(b"\x02" * 32), lambda: 1_700_000_000)
MLDSA44 = MLDSA44CosignatureSigner("w.example", b"\x03" * 32, lambda: 1_700_000_000)
WITNESS_KEYS = (ED25519.key, MLDSA44.key)


def leaves(size: int, fork_at: int | None = None) -> list[Hash]:
    """Of the first entries; another history from ``fork_at`` on."""
    return [hash_leaf(b"%d %d" % (index, fork_at is not None and index >= fork_at)) for index in range(size)]


def head(size: int, fork_at: int | None = None, signer: Ed25519NoteSigner = LOG) -> bytes:
    return sign_checkpoint(Checkpoint(signer.key.name, size, merkle_root(leaves(size, fork_at))), signer)


def proof(old: int, new: int, fork_at: int | None = None) -> tuple[Hash, ...]:
    nodes = leaves(new, fork_at)

    def subtree(level: int, index: int) -> Hash:
        return merkle_root(nodes[index << level : (index + 1) << level])

    return consistency_proof(old, new, subtree)


def request(old: int, new: int, fork_at: int | None = None) -> bytes:
    """As a log makes it that has the history forked at ``fork_at``."""
    hashes = proof(old, new, fork_at) if old <= new else ()
    return encode_request(AddCheckpoint(old, hashes, head(new, fork_at)))


@dataclass
class MemoryStore:
    """``rivals``: heads that another process stores just before the next ones are to be."""

    heads: dict[str, SeenHead] = field(default_factory=dict)
    rivals: list[SeenHead] = field(default_factory=list)

    def read(self, origin: str) -> SeenHead:
        return self.heads.get(origin, NOTHING_SEEN)

    def advance(self, origin: str, before: SeenHead, after: SeenHead) -> bool:
        if self.rivals:
            self.heads[origin] = self.rivals.pop(0)
        if self.read(origin) != before:
            return False
        self.heads[origin] = after
        return True


class Bench:
    """A witness and what it has told; ``now`` is its clock."""

    def __init__(self, at_once: int = 1_000_000) -> None:
        self.store, self.evidence, self.now = MemoryStore(), list[bytes](), 0.0
        limit = RateLimit(1.0, at_once, lambda: self.now)
        self.witness = Witness([LOG.key], [ED25519, MLDSA44], self.store, limit, self.evidence.append)

    def ask(self, old: int, new: int, fork_at: int | None = None) -> Answer:
        return self.witness.add_checkpoint(request(old, new, fork_at))
