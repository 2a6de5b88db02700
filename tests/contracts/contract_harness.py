"""A made-up log, and the anchor contract on an embedded chain without JSON-RPC between: the EVM alone decides."""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.chain_execution import Call, ExecutionError
from ledger.anchor.contract_code import creation_code, encode_anchor_call, parse_revert_reason
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.statement import AnchorDomain, AnchorSignature, origin_hash
from ledger.merkle import CompactRange, consistency_proof, merkle_root
from ledger.primitives import Hash, PublicKey, sha256
from ledger.store.contract import TreeHead

ORIGIN = "cec.example/" + "ab" * 32 + "/1"
LOG_KEY = PublicKey(bytes(range(32)))
CHAIN_ID = 240_412
START = 1_790_000_000


@dataclass
class Tree:
    """The leaf hashes of a made-up log, and its heads and proofs."""

    leaves: list[Hash]

    def head(self, size: int) -> TreeHead:
        return TreeHead(size, merkle_root(self.leaves[:size]))

    def proof(self, old: int, new: int) -> tuple[Hash, ...]:
        return consistency_proof(old, new, lambda level, index: self.subtree(level, index))

    def subtree(self, level: int, index: int) -> Hash:
        return CompactRange.EMPTY.extend(self.leaves[index << level : (index + 1) << level]).root()


@dataclass
class Deployed:
    """A deployed contract with its keys, and the account that pays (nothing: the gas price is 0)."""

    chain: EmbeddedChain
    anchor_key: AnchorKey
    submitter_key: bytes
    domain: AnchorDomain

    @property
    def submitter(self) -> Address:
        return AnchorKey(self.submitter_key).address

    def sign(self, head: TreeHead) -> AnchorSignature:
        return self.anchor_key.sign_anchor(self.domain, head)

    def refusal(self, data: bytes, *, create: bool = False) -> str | None:
        """The reason that the contract gives for refusing this call; None when it accepts. Changes nothing."""
        to = None if create else self.domain.contract
        try:
            self.chain.call(Call(self.submitter, to, data, 0, None), self.chain.head_number())
        except ExecutionError as error:
            assert error.data is not None, error
            reason = parse_revert_reason(error.data)
            assert reason is not None, "the contract refuses without a reason"
            return reason
        return None

    def view(self, data: bytes) -> bytes:
        return self.chain.call(Call(self.submitter, self.domain.contract, data, 0, None), self.chain.head_number())

    def send(self, data: bytes, to: Address | None) -> tuple[bool, int, ChainHash]:
        """Whether a transaction succeeded, its gas, and its hash."""
        nonce, _, _ = self.chain.read_account(self.submitter, self.chain.head_number())
        fields = {"nonce": nonce, "gasPrice": 0, "gas": 1_000_000, "value": 0, "data": data, "chainId": CHAIN_ID}
        if to is not None:
            fields["to"] = to_checksum_address(bytes(to))
        transaction_hash = self.chain.send_transaction(
            bytes(Account.sign_transaction(fields, self.submitter_key).raw_transaction)
        )
        block = self.chain.read_block(self.chain.head_number())
        assert block is not None
        receipt = block.receipts[0]
        return receipt.state_root == b"\x01", receipt.gas_used, transaction_hash

    def anchor(self, head: TreeHead, proof: Sequence[Hash]) -> tuple[bool, int]:
        """Sign and send; whether it was accepted, and its gas."""
        data = encode_anchor_call(head, proof, self.sign(head))
        accepted, gas, _ = self.send(data, self.domain.contract)
        return accepted, gas


def submitter_key_of(seed: bytes) -> bytes:
    return bytes(sha256(b"submitter" + seed))


def deploy(chain: EmbeddedChain, seed: bytes) -> tuple[Deployed, int]:
    """A contract of its own, by a new account; and the gas that deploying cost."""
    anchor_key, submitter_key = AnchorKey(sha256(b"anchor" + seed)), submitter_key_of(seed)
    submitter = AnchorKey(submitter_key).address
    # RLP of [address, nonce 0] is d6 94 address 80.
    contract = Address(keccak(b"\xd6\x94" + submitter + b"\x80")[12:])
    deployed = Deployed(chain, anchor_key, submitter_key, AnchorDomain(CHAIN_ID, contract, origin_hash(ORIGIN)))
    accepted, gas, _ = deployed.send(creation_code(ORIGIN, LOG_KEY, anchor_key.address), None)
    assert accepted
    return deployed, gas
