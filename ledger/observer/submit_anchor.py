"""``observer anchor``: the newest head that the anchor key has signed is sent to the contract by an observer.

Nothing here is believed before it was checked: the publication against the policy, the statement's signature against
the anchor address that the log pins, the node against chain, first block and code. Refusals, beside those of ``evm``:

    NO_STATEMENT             the publication has no signed statement
    BAD_STATEMENT_SIGNATURE  the pinned anchor key has not signed this head for the contract in force
    STATEMENT_NOT_IN_LOG     the head is none of the published log's: evidence of a fork, to be kept
    ANCHORED_ALREADY         the contract holds this head, or a larger one
"""

from collections.abc import Callable
from dataclasses import dataclass

from ledger.anchor.evm import AnchorTarget, open_contract
from ledger.anchor.evm_transactions import wait_for_receipt
from ledger.anchor.node_answers import RpcCall
from ledger.anchor.primitives import Address, ChainError, ChainHash
from ledger.anchor.signed_statement import MAX_STATEMENT, PATH, SignedStatement, parse_signed_statement
from ledger.anchor.statement_signature import verify_signed_statement
from ledger.anchor.transactions import Submitter
from ledger.errors import ConflictError, FormatError, VerificationError
from ledger.merkle import consistency_proof
from ledger.observer.fetch import FileFault, Source
from ledger.observer.published_log import PublishedLog
from ledger.policy import Policy
from ledger.primitives import PublicKey
from ledger.store.contract import TreeHead
from ledger.tiles import TileReader

GAS_PRICE = 0
"""Permissioned networks take transactions that pay nothing."""

RECEIPT_SECONDS = 120.0
PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class SubmittedAnchor:
    """``head`` is anchored by this transaction, in this block."""

    head: TreeHead
    transaction_hash: ChainHash
    block_number: int


def submit_anchor(
    log: PublishedLog,
    source: Source,
    policy: Policy,
    call: RpcCall,
    submitter: Submitter,
    clock: Callable[[], float],
    wait: Callable[[float], object],
) -> SubmittedAnchor:
    """Raises TunukError; ``wait`` pauses for so many seconds, ``clock`` is monotonic."""
    pins = log.fold.definition.chains[-1]
    log_key = next(one.key for one in policy.logs if one.key.name == log.checkpoint.origin)
    target = AnchorTarget(
        pins.chain_id,
        ChainHash(pins.genesis_hash),
        Address(pins.contract),
        log.checkpoint.origin,
        PublicKey(log_key.public_key),
        Address(pins.anchor_address),
    )
    statement = _read_statement(source)
    verify_signed_statement(statement, target)
    head = statement.head
    if head.size > log.tree.size or log.tree.root_at(head.size) != head.root:
        words = f"the anchor key signed a head of size {head.size} that the published log does not have: keep both"
        raise VerificationError("STATEMENT_NOT_IN_LOG", words)
    contract = open_contract(call, target, submitter, GAS_PRICE)
    anchored = contract.head()
    if anchored is not None and anchored.size >= head.size:
        raise ConflictError(
            "ANCHORED_ALREADY", f"the contract holds {anchored.size} entries, and {head.size} are signed"
        )
    subtree = TileReader(head.size, log.tree.content).subtree
    proof = () if anchored is None else consistency_proof(anchored.size, head.size, subtree)
    transaction_hash = contract.submit(head, proof, statement.signature)
    receipt = wait_for_receipt(
        call, transaction_hash, clock=clock, wait=wait, timeout=RECEIPT_SECONDS, pause=PAUSE_SECONDS
    )
    if not receipt.succeeded:
        raise ChainError("ANCHOR_REFUSED", "the contract refused it: somebody else was faster?", retryable=True)
    return SubmittedAnchor(head, transaction_hash, receipt.block_number)


def _read_statement(source: Source) -> SignedStatement:
    try:
        data = source.read(PATH, MAX_STATEMENT)
    except FileFault as error:
        if error.code == "FILE_MISSING":
            raise FormatError(
                "NO_STATEMENT", f"{PATH} is not published: nothing is signed for the chain yet"
            ) from error
        raise
    return parse_signed_statement(data)
