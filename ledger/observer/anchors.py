"""The published anchor claims, held against the tree, and against the chain where one is given.

Responsible for reading ``anchors/index.json`` and the claims that it lists. Each claims that a head of this log was
anchored: its root must be the tree's at that size, chain or no chain. What the chain says is asked by
``ledger.anchor.check``; without a chain nothing is said to be verified. An election may pin several contracts, one
after another; a claim may be about any of them. A node serves one chain: claims about others stay unverified.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Annotated

import msgspec

from ledger.anchor.check import MAX_CLAIMS, ChainPins, ChainProblem, check_anchors, read_anchored_head
from ledger.anchor.claim import MAX_CLAIM, AnchorClaim, parse_claim
from ledger.anchor.contract_code import expected_runtime_code
from ledger.anchor.node_answers import RpcCall
from ledger.anchor.primitives import Address, ChainError, ChainHash
from ledger.canonical import MAX_INTEGER
from ledger.election import ChainPins as ElectionPins
from ledger.errors import FormatError
from ledger.observer.fetch import FileFault, Source, work_ahead
from ledger.observer.findings import AnchorCount, Finding, Findings
from ledger.observer.tree import Tree
from ledger.primitives import PublicKey

INDEX = "anchors/index.json"
_MAX_INDEX = 32 * MAX_CLAIMS
_READ_AHEAD = 8


_Size = Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)]


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sizes: Annotated[tuple[_Size, ...], msgspec.Meta(max_length=MAX_CLAIMS)]


def _is_pinned(claim: AnchorClaim, chains: Sequence[ElectionPins]) -> bool:
    return any((claim.chain_id, claim.contract) == (pins.chain_id, pins.contract) for pins in chains)


def _plan_pins(origin: str, pinned: ElectionPins, log_key: PublicKey) -> ChainPins:
    code = expected_runtime_code(origin, log_key, Address(pinned.anchor_address))
    return ChainPins(pinned.chain_id, ChainHash(pinned.genesis_hash), Address(pinned.contract), code)


def _is_elsewhere(problems: Sequence[ChainProblem]) -> bool:
    """Whether the node serves another chain than the one that was asked about."""
    return any(problem.code == "CHAIN_ID_MISMATCH" for problem in problems)


def claim_path(size: int) -> str:
    return f"anchors/{size}.json"


class AnchorCheck:
    """``refresh`` reads the checkpoint again and judges what is new, for claims that are newer than what was judged.

    ``claims`` is how many there are; ``count`` and ``error`` are set by ``ask_chain``.
    """

    def __init__(
        self,
        source: Source,
        tree: Tree,
        refresh: Callable[[], bool],
        findings: Findings,
        pool: Executor,
        pause: Callable[[float], object],
        pauses_s: Sequence[float],
    ) -> None:
        self._source, self._tree, self._refresh = source, tree, refresh
        self._findings, self._pool = findings, pool
        self._pause, self._pauses_s = pause, pauses_s
        self._sound: list[AnchorClaim] = []
        self.claims = 0
        self.count: AnchorCount | None = None
        self.error: Finding | None = None

    def check_claims(self, chains: Sequence[ElectionPins]) -> None:
        """Compare every claim with the tree, and with the chains that the log pins. Raises UnreachableError."""
        sizes = self._read_sizes()
        self.claims = len(sizes)
        if sizes and sizes[-1] > self._tree.size:
            self._refresh()
        for size, claim in zip(sizes, work_ahead(self._pool, self._read_claim, sizes, _READ_AHEAD), strict=True):
            path = claim_path(size)
            if not isinstance(claim, AnchorClaim):
                self._findings.add_error(claim, path=path)
            elif claim.head.size != size:
                self._findings.add("ANCHOR_SIZE_DIFFERS", path=path, published=claim.head.size, recomputed=size)
            elif chains and not _is_pinned(claim, chains):
                self._findings.add("CLAIM_FOREIGN", path=path, detail="it names another chain or contract")
            elif size > self._tree.size:
                self._findings.add("ANCHOR_BEYOND_TREE", path=path, published=size, recomputed=self._tree.size)
            elif claim.head.root != (root := self._tree.root_at(size)):
                published, recomputed = claim.head.root.hex(), root.hex()
                self._findings.add(
                    "ANCHOR_NOT_IN_TREE", path=path, size=size, published=published, recomputed=recomputed
                )
            else:
                self._sound.append(claim)

    def _read_sizes(self) -> tuple[int, ...]:
        try:
            sizes = msgspec.json.decode(self._source.read(INDEX, _MAX_INDEX), type=_Index).sizes
        except FileFault as error:
            # A log that was never anchored has no such file. With a chain at hand, its contract tells.
            if error.code != "FILE_MISSING":
                self._findings.add_error(error, path=INDEX)
            return ()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._findings.add("ANCHOR_INDEX_MALFORMED", path=INDEX, detail=str(error)[:200])
            return ()
        if list(sizes) != sorted(set(sizes)):
            self._findings.add("ANCHOR_INDEX_MALFORMED", path=INDEX, detail="sizes are not distinct and ascending")
            return ()
        return sizes

    def _read_claim(self, size: int) -> AnchorClaim | FileFault | FormatError:
        try:
            return parse_claim(self._source.read(claim_path(size), MAX_CLAIM))
        except (FileFault, FormatError) as error:
            return error

    def ask_chain(self, call: RpcCall, origin: str, chains: Sequence[ElectionPins], log_key: PublicKey) -> None:
        """Compare the claims that fit the tree with those of the pinned chains that the node serves.

        ``chains`` are the election's, then those that succeeded it. The last one's contract is the one in force: its
        head must be of this tree. A succeeded one may have been spoiled since; its claims are checked all the same.
        """
        pinned = [_plan_pins(origin, pins, log_key) for pins in chains]
        distinct = [pins for place, pins in enumerate(pinned) if pins not in pinned[:place]]
        asked = [(pins, self._ask_one(call, pins)) for pins in distinct]
        served = [(pins, problems) for pins, problems in asked if not _is_elsewhere(problems)]
        verified, usable = 0, set[ChainPins]()
        for pins, problems in served or asked:
            failed = {problem.size for problem in problems}
            for problem in problems:
                self._add(problem)
            if None not in failed:
                usable.add(pins)
                verified += sum(claim.head.size not in failed for claim in self._claims_on(pins))
        if self.error is None and pinned[-1] in usable:
            self._check_head(call, pinned[-1])
        if self.error is None:
            self.count = AnchorCount(self.claims, verified)

    def _ask_one(self, call: RpcCall, pins: ChainPins) -> list[ChainProblem]:
        return check_anchors(call, pins, self._claims_on(pins))

    def _claims_on(self, pins: ChainPins) -> list[AnchorClaim]:
        return [claim for claim in self._sound if (claim.chain_id, claim.contract) == (pins.chain_id, pins.contract)]

    def _add(self, problem: ChainProblem) -> None:
        path = None if problem.size is None else claim_path(problem.size)
        if problem.unjudged:
            self.error = Finding(problem.code, None, path, {"detail": problem.message})
        else:
            self._findings.add(problem.code, path=path, detail=problem.message)

    def _is_claimed(self, size: int) -> bool:
        """Whether the index lists an anchor, now or within the pauses."""
        for pause_s in (0.0, *self._pauses_s):
            self._pause(pause_s)
            if size in self._read_sizes():
                return True
        return False

    def _check_head(self, call: RpcCall, pins: ChainPins) -> None:
        """The contract's last head must be one of this tree, and the last that is claimed.

        A server publishes a checkpoint before it anchors it, and the claim soon after: both get time, and no more. An
        older publication beside a newer anchor is a rollback.
        """
        try:
            head = read_anchored_head(call, pins)
        except ChainError as error:
            self.error = Finding(error.code, None, None, {"detail": error.message})
            return
        except FormatError as error:
            self._findings.add("CHAIN_ANSWER_MALFORMED", detail=error.message)
            return
        if head is None:
            return
        if head.size > self._tree.size:
            self._refresh()
        if head.size > self._tree.size:
            self._findings.add("CHECKPOINT_BEHIND_ANCHOR", published=self._tree.size, recomputed=head.size)
        elif head.root != (root := self._tree.root_at(head.size)):
            published, recomputed = head.root.hex(), root.hex()
            self._findings.add("ANCHOR_NOT_IN_TREE", size=head.size, published=published, recomputed=recomputed)
        elif not self._is_claimed(head.size):
            self._findings.add("ANCHOR_NOT_CLAIMED", path=INDEX, size=head.size)
