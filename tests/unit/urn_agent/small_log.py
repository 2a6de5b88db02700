"""A log in memory that gives true receipts: the least that a server behind the agent has to be."""

from ledger.batch_proofs import batch_inclusion_proofs
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.merkle import CompactRange, hash_leaf
from ledger.note import Ed25519NoteSigner
from ledger.policy import Policy, log_only_policy
from ledger.proof import TlogProof, encode_tlog_proof, verify_tlog_proof
from ledger.signing import Ed25519Signer
from tests.unit.ledger.election_factory import small_election


class SmallLog:
    """``append`` gives (index, receipt); the same entry again gives the same index."""

    def __init__(self, seed: int = 40, origin: str = small_election()[0].origin()) -> None:
        self._signer = Ed25519NoteSigner(origin, Ed25519Signer(bytes([seed]) * 32))
        self.policy: Policy = log_only_policy(self._signer.key)
        self.entries: list[bytes] = []
        self._range = CompactRange.parse(0, b"")
        self._receipts: dict[bytes, tuple[int, bytes]] = {}

    def append(self, entry: bytes) -> tuple[int, bytes]:
        if entry not in self._receipts:
            leaf = hash_leaf(entry)
            [path] = batch_inclusion_proofs(self._range, [leaf])
            self._range = self._range.extend([leaf])
            index = len(self.entries)
            self.entries.append(entry)
            note = sign_checkpoint(Checkpoint(self._signer.key.name, index + 1, self._range.root()), self._signer)
            self._receipts[entry] = index, encode_tlog_proof(TlogProof(index, path, note))
        return self._receipts[entry]

    def prove(self, proof: bytes, entry: bytes) -> int:
        """As the agent verifies a receipt, with this log's policy."""
        return verify_tlog_proof(proof, entry, self.policy).leaf_index
