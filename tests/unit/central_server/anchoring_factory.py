"""A published log, a chain that is a list, and the follower between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from central_server.anchor_files import AnchorFiles
from central_server.anchoring import AnchorFollower, PublishedFolder, guarded
from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.evm_transactions import TransactionState
from ledger.anchor.primitives import Address, ChainError, ChainHash
from ledger.anchor.signed_statement import SignedStatement, parse_signed_statement
from ledger.anchor.statement import AnchorDomain, AnchorSignature, origin_hash
from ledger.merkle import verify_consistency
from ledger.primitives import Hash
from ledger.store.contract import TreeHead
from ledger.store.guard import FileGuard
from tests.unit.central_server.publisher_factory import ORIGIN, Hall, open_hall, settle
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally

KEY = AnchorKey(bytes([7]) * 32)
SIGNED = "signed.json"
DOMAIN = AnchorDomain(20_270_124, Address(bytes([9]) * 20), origin_hash(ORIGIN))


@dataclass
class Chain:
    """A contract on a chain that puts every transaction into a block of its own at once, unless it is down."""

    down: bool = False
    claims: list[AnchorClaim] = field(default_factory=list)
    domain: AnchorDomain = DOMAIN

    def block_number(self) -> int:
        if self.down:
            raise ChainError("CHAIN_UNREACHABLE", "no node answers", retryable=True)
        return len(self.claims)

    def head(self) -> TreeHead | None:
        return self.claims[-1].head if self.claims else None

    def holds(self, claim: AnchorClaim) -> bool:
        return claim in self.claims

    def claims_after(self, known: AnchorClaim | None, block: int) -> list[AnchorClaim]:
        return [claim for claim in self.claims[:block] if known is None or claim.head.size > known.head.size]

    def submit(self, head: TreeHead, proof: Sequence[Hash], signature: AnchorSignature) -> ChainHash:
        old = self.head()
        if old is not None:
            verify_consistency(old.size, old.root, head.size, head.root, proof)
        number = len(self.claims) + 1
        block = ChainHash(number.to_bytes(32, "big"))
        self.claims.append(AnchorClaim(head, DOMAIN.chain_id, DOMAIN.contract, block, number, block, 0))
        return block

    def transaction_state(self, transaction_hash: ChainHash) -> TransactionState:
        return TransactionState.UNKNOWN


@dataclass
class Anchoring:
    hall: Hall
    chain: Chain
    told: list[str] = field(default_factory=list)
    now: float = 0.0

    def claim_files(self) -> dict[str, bytes]:
        """All of ``anchors/`` but the signed statement."""
        files = self.hall.files("anchors")
        return {name: data for name, data in files.items() if not name.endswith(SIGNED)}

    def statement(self) -> SignedStatement:
        return parse_signed_statement((self.hall.directory / "anchors" / SIGNED).read_bytes())

    def follower(self, files: AnchorFiles | None = None) -> AnchorFollower:
        return AnchorFollower(
            lambda: self.chain,
            DOMAIN,
            PublishedFolder(self.hall.directory, ORIGIN),
            files or AnchorFiles(self.hall.directory, DOMAIN.contract),
            guarded(KEY, self.hall.store, self.guard),
            10.0,
            0,
            lambda: self.now,
            self.told.append,
        )

    @property
    def guard(self) -> FileGuard:
        return FileGuard(self.hall.directory.parent / "guard" / "head", ORIGIN)

    def publish_tally(self, votes: int) -> int:
        """One more entry, published; the size of the published checkpoint."""
        self.hall.say(tally(self.hall.night, votes=votes), DEVICE_KEYS[0])
        self.hall.clock.now += 5
        settle(self.hall.publisher())
        return self.hall.store.head().size

    def settle(self, follower: AnchorFollower) -> None:
        for _ in range(4):
            self.now += 10
            follower.step()


def open_anchoring(tmp_path: Path) -> Iterator[Anchoring]:
    with open_hall(tmp_path) as hall:
        hall.define()
        settle(hall.publisher())
        yield Anchoring(hall, Chain())
