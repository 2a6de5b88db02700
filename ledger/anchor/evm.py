"""The anchor contract on a node: deployed once at a known address, then given signed heads.

Responsible for pins, transactions and their receipts. Decides neither what to anchor nor when; keeps no state. Raises
ChainError throughout, and FormatError for answers that make no sense.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.anchor.anchor_reader import AnchorReader
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.contract_code import creation_code, encode_anchor_call, expected_runtime_code, parse_revert_reason
from ledger.anchor.evm_transactions import TransactionState, read_nonce, read_transaction, send_transaction
from ledger.anchor.node_answers import NodeReceipt, RpcCall, parse_block_hash
from ledger.anchor.primitives import MAX_CHAIN_ID, Address, ChainError, ChainHash, RpcError
from ledger.anchor.rpc_values import encode_data, encode_quantity, parse_data, parse_quantity
from ledger.anchor.statement import AnchorDomain, AnchorSignature, origin_hash
from ledger.anchor.transactions import Submitter, contract_address
from ledger.primitives import Hash, PublicKey
from ledger.store.contract import TreeHead

ANCHOR_GAS = 300_000
"""Twice what an anchor with the longest possible proof uses; what is not used is not paid."""

DEPLOY_GAS = 1_500_000
_MAX_CODE = 24_576
"""Bytes of a contract's code (EIP-170)."""


@dataclass(frozen=True, slots=True)
class AnchorTarget:
    """The chain (by its pins) and the contract (by its address and by what it is deployed with)."""

    chain_id: int
    genesis_hash: ChainHash
    contract: Address
    origin: str
    log_public_key: PublicKey
    anchor_address: Address

    def runtime_code(self) -> bytes:
        return expected_runtime_code(self.origin, self.log_public_key, self.anchor_address)

    def creation_code(self) -> bytes:
        return creation_code(self.origin, self.log_public_key, self.anchor_address)


class AnchorContract:
    """The deployed contract, verified when this was made by open_contract."""

    def __init__(self, call: RpcCall, target: AnchorTarget, submitter: Submitter, gas_price: int) -> None:
        self._call = call
        self._submitter = submitter
        self._gas_price = gas_price
        self.domain = AnchorDomain(target.chain_id, target.contract, origin_hash(target.origin))
        self._reader = AnchorReader(call, target.chain_id, self.domain.contract)

    def block_number(self) -> int:
        return self._reader.block_number()

    def head(self) -> TreeHead | None:
        return self._reader.head()

    def holds(self, claim: AnchorClaim) -> bool:
        return self._reader.holds(claim)

    def claims_after(self, known: AnchorClaim | None, block: int) -> list[AnchorClaim]:
        return self._reader.claims_after(known, block)

    def submit(self, head: TreeHead, proof: Sequence[Hash], signature: AnchorSignature) -> ChainHash:
        """Send a signed head; the transaction's hash, when the node has taken it. Does not wait for a block.

        The account's next *mined* nonce is used, so that a second attempt can only replace the first: at most one of
        them is executed. Raises ChainError(``ANCHOR_REFUSED``) with the contract's reason: often somebody else
        anchored meanwhile, and the contract's head must be read again.
        """
        data = encode_anchor_call(head, proof, signature)
        try:
            # Asked first, because a transaction that fails costs gas and tells no reason.
            self._call("eth_call", [_message(self._submitter.address, self.domain.contract, data), "latest"])
        except RpcError as error:
            reason = None if error.data is None else parse_revert_reason(error.data)
            message = f"the contract refuses size {head.size}: {reason or error.message}"
            raise ChainError("ANCHOR_REFUSED", message, retryable=True) from error
        signed = self._submitter.sign(
            chain_id=self.domain.chain_id,
            nonce=read_nonce(self._call, self._submitter.address),
            to=self.domain.contract,
            data=data,
            gas=ANCHOR_GAS,
            gas_price=self._gas_price,
        )
        return send_transaction(self._call, signed)

    def transaction_state(self, transaction_hash: ChainHash) -> NodeReceipt | TransactionState:
        return read_transaction(self._call, transaction_hash)


def verify_chain_id(call: RpcCall, chain_id: int) -> None:
    """Raises ChainError(``CHAIN_ID_MISMATCH``)."""
    served = parse_quantity(call("eth_chainId", []), "eth_chainId", MAX_CHAIN_ID)
    if served != chain_id:
        message = f"the node serves chain {served}, not {chain_id}: check its address"
        raise ChainError("CHAIN_ID_MISMATCH", message, retryable=False)


def verify_chain(call: RpcCall, target: AnchorTarget) -> None:
    """Raises ChainError(``CHAIN_ID_MISMATCH``, ``GENESIS_MISMATCH``) unless the node serves the pinned chain."""
    verify_chain_id(call, target.chain_id)
    # By hand, for web3 refuses the extra data of permissioned chains.
    genesis_hash = parse_block_hash(call("eth_getBlockByNumber", ["0x0", False]))
    if genesis_hash != target.genesis_hash:
        message = f"the chain's first block is {genesis_hash.hex()}, not the pinned {target.genesis_hash.hex()}"
        raise ChainError("GENESIS_MISMATCH", message, retryable=False)


def open_contract(call: RpcCall, target: AnchorTarget, submitter: Submitter, gas_price: int) -> AnchorContract:
    """The contract, which must be deployed (``CONTRACT_MISSING``) with this target's code (``CONTRACT_FOREIGN``)."""
    verify_chain(call, target)
    if not _is_deployed(call, target):
        message = f"no contract stands at {target.contract.hex()}: deploy it"
        raise ChainError("CONTRACT_MISSING", message, retryable=True)
    return AnchorContract(call, target, submitter, gas_price)


def deploy_contract(
    call: RpcCall,
    target: AnchorTarget,
    submitter: Submitter,
    gas_price: int,
    receipt_wait: Callable[[RpcCall, ChainHash], NodeReceipt],
) -> AnchorContract:
    """Deploy the contract as the submitter's first transaction, unless it stands there already; then open it.

    ``receipt_wait`` is wait_for_receipt with its bounds. Raises ChainError(``DEPLOYER_FOREIGN``, ``DEPLOYER_USED``,
    ``DEPLOY_FAILED``) too.
    """
    verify_chain(call, target)
    if not _is_deployed(call, target):
        created = contract_address(submitter.address)
        if created != target.contract:
            message = f"this submitter's contract would stand at {created.hex()}, not at the pinned"
            raise ChainError("DEPLOYER_FOREIGN", f"{message} {target.contract.hex()}", retryable=False)
        if read_nonce(call, submitter.address) != 0:
            message = "the submitter has sent transactions already: its contract cannot get the known address any more"
            raise ChainError("DEPLOYER_USED", message, retryable=False)
        signed = submitter.sign(
            chain_id=target.chain_id, nonce=0, to=None, data=target.creation_code(), gas=DEPLOY_GAS, gas_price=gas_price
        )
        if not receipt_wait(call, send_transaction(call, signed)).succeeded:
            raise ChainError("DEPLOY_FAILED", "the contract's constructor failed on this chain", retryable=False)
    return open_contract(call, target, submitter, gas_price)


def _is_deployed(call: RpcCall, target: AnchorTarget) -> bool:
    code = parse_data(call("eth_getCode", [encode_data(target.contract), "latest"]), "eth_getCode", _MAX_CODE)
    if code and code != target.runtime_code():
        message = f"the code at {target.contract.hex()} is not the contract's for this log and these keys"
        raise ChainError("CONTRACT_FOREIGN", message, retryable=False)
    return bool(code)


def _message(sender: Address, to: Address, data: bytes) -> dict[str, str]:
    fields = {"from": encode_data(sender), "to": encode_data(to), "data": encode_data(data)}
    return {**fields, "gas": encode_quantity(ANCHOR_GAS)}
