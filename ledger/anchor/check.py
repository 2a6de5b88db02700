"""The observer's check of anchor claims against a chain, through any node and without a chain's libraries.

What is checked: the chain by its pins, the code at the contract's address byte for byte, and for each claim its block,
its transaction's receipt with the event in it, and the root that the contract holds. Between neighbours: that no anchor
was left out. What is not: that the node itself tells the truth about its chain. A node that makes up consistent answers
is found out by another node, and by proofs of receipts and seals, not here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.anchor.anchor_reader import AnchorReader
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.contract_code import AnchoredEvent
from ledger.anchor.node_answers import NodeReceipt, RpcCall, parse_block_hash, parse_receipt
from ledger.anchor.primitives import MAX_CHAIN_ID, Address, ChainError, ChainHash
from ledger.anchor.rpc_values import encode_data, encode_quantity, parse_data, parse_quantity
from ledger.errors import FormatError
from ledger.primitives import Hash
from ledger.store.contract import TreeHead

MAX_CLAIMS = 100_000
"""Claims in one check, four requests each: an anchor every ten seconds for eleven days."""

_MAX_CODE = 24_576


@dataclass(frozen=True, slots=True)
class ChainPins:
    """What an observer knows beforehand; ``runtime_code`` is contract_code.expected_runtime_code of the log's pins."""

    chain_id: int
    genesis_hash: ChainHash
    contract: Address
    runtime_code: bytes


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """Something that is not as claimed, or (``unjudged``) that could not be asked. ``size`` names the claim, if one."""

    code: str
    message: str
    size: int | None
    unjudged: bool = False


def check_anchors(call: RpcCall, pins: ChainPins, claims: Sequence[AnchorClaim]) -> list[ChainProblem]:
    """All that is wrong with these claims, which must be consecutive ones of the contract; empty when nothing is.

    ``call`` raises ChainError when the node is unreachable or refuses. After the first question that a node does not
    answer nothing more is asked: the rest is unjudged. Raises FormatError(``TOO_MANY_CLAIMS``).
    """
    if len(claims) > MAX_CLAIMS:
        raise FormatError("TOO_MANY_CLAIMS", f"check at most {MAX_CLAIMS} claims at a time, not {len(claims)}")
    checker = _Checker(call, pins)
    problems: list[ChainProblem] = []
    steps: list[tuple[int | None, Callable[[], list[ChainProblem]]]] = [(None, checker.check_pins)]
    steps += [(claim.head.size, checker.claim_check(claim)) for claim in sorted(claims, key=lambda one: one.head.size)]
    for size, step in steps:
        try:
            problems += step()
        except FormatError as error:
            problems.append(ChainProblem("CHAIN_ANSWER_MALFORMED", f"the node answers nonsense: {error.message}", size))
        except ChainError as error:
            problems.append(ChainProblem(error.code, error.message, size, unjudged=True))
            break
        if size is None and problems:
            # On another chain, or beside another contract, nothing about a claim means anything.
            break
    return problems


def read_anchored_head(call: RpcCall, pins: ChainPins) -> TreeHead | None:
    """The contract's last head, which must be a prefix of the log or a later state of it. Raises as AnchorReader."""
    return AnchorReader(call, pins.chain_id, pins.contract).head()


class _Checker:
    """Remembers the claim before the one at hand."""

    def __init__(self, call: RpcCall, pins: ChainPins) -> None:
        self._call = call
        self._pins = pins
        self._reader = AnchorReader(call, pins.chain_id, pins.contract)
        # Before the first anchor the contract holds size 0 and a root of zeros.
        self._previous = TreeHead(0, Hash(bytes(Hash.SIZE)))

    def check_pins(self) -> list[ChainProblem]:
        pins = self._pins
        chain_id = parse_quantity(self._call("eth_chainId", []), "eth_chainId", MAX_CHAIN_ID)
        if chain_id != pins.chain_id:
            return [ChainProblem("CHAIN_ID_MISMATCH", f"the node serves chain {chain_id}, not {pins.chain_id}", None)]
        genesis_hash = parse_block_hash(self._call("eth_getBlockByNumber", ["0x0", False]))
        if genesis_hash != pins.genesis_hash:
            return [ChainProblem("GENESIS_MISMATCH", f"the chain begins with block {genesis_hash.hex()}", None)]
        answer = self._call("eth_getCode", [encode_data(pins.contract), "latest"])
        if parse_data(answer, "eth_getCode", _MAX_CODE) != pins.runtime_code:
            message = f"the code at {pins.contract.hex()} is not the anchor contract's for this log and these keys"
            return [ChainProblem("CONTRACT_FOREIGN", message, None)]
        return []

    def claim_check(self, claim: AnchorClaim) -> Callable[[], list[ChainProblem]]:
        return lambda: self._check_claim(claim)

    def _check_claim(self, claim: AnchorClaim) -> list[ChainProblem]:
        previous, self._previous = self._previous, claim.head
        size = claim.head.size
        if claim.chain_id != self._pins.chain_id or claim.contract != self._pins.contract:
            return [ChainProblem("CLAIM_FOREIGN", "the claim names another chain or contract than the pinned", size)]
        return [
            ChainProblem(code, message, size)
            for code, message in [
                *self._check_receipt(claim, previous),
                *self._check_block(claim),
                *self._check_root(claim),
            ]
        ]

    def _check_receipt(self, claim: AnchorClaim, previous: TreeHead) -> list[tuple[str, str]]:
        answer = self._call("eth_getTransactionReceipt", [encode_data(claim.transaction_hash)])
        if answer is None:
            return [("ANCHOR_TX_UNKNOWN", f"the chain knows no transaction {claim.transaction_hash.hex()}")]
        receipt = parse_receipt(answer)
        place = (receipt.transaction_hash, receipt.block_number, receipt.block_hash)
        if place != (claim.transaction_hash, claim.block_number, claim.block_hash) or not receipt.succeeded:
            return [("ANCHOR_TX_ELSEWHERE", "the transaction failed, or is in another block than claimed")]
        event = self._find_event(receipt, claim)
        if event is None:
            return [("ANCHOR_EVENT_MISSING", f"the receipt has no Anchored event at log {claim.log_index}")]
        if TreeHead(event.size, event.root) != claim.head:
            return [("ANCHOR_EVENT_DIFFERS", f"the event says size {event.size} and root {event.root.base64()}")]
        if TreeHead(event.previous_size, event.previous_root) != previous:
            message = f"the contract anchored size {event.previous_size} before this, the claims say {previous.size}"
            return [("ANCHOR_CLAIM_MISSING", message)]
        return []

    def _find_event(self, receipt: NodeReceipt, claim: AnchorClaim) -> AnchoredEvent | None:
        for log in receipt.logs:
            where = (log.block_number, log.block_hash, log.transaction_hash)
            here = (claim.block_number, claim.block_hash, claim.transaction_hash)
            if log.log_index == claim.log_index and log.address == self._pins.contract and where == here:
                return log.anchored()
        return None

    def _check_block(self, claim: AnchorClaim) -> list[tuple[str, str]]:
        answer = self._call("eth_getBlockByNumber", [encode_quantity(claim.block_number), False])
        if answer is None or parse_block_hash(answer) != claim.block_hash:
            return [("ANCHOR_BLOCK_GONE", f"block {claim.block_number} of the chain is not the one claimed")]
        return []

    def _check_root(self, claim: AnchorClaim) -> list[tuple[str, str]]:
        root = self._reader.root(claim.head.size)
        if root != claim.head.root:
            held = "no root" if root is None else f"root {root.base64()}"
            return [("ANCHOR_ROOT_DIFFERS", f"the contract holds {held} for size {claim.head.size}")]
        return []
