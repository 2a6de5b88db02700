"""A node of a chain, scripted from the claims that it is to confirm."""

from collections.abc import Callable, Sequence

from ledger.anchor.claim import AnchorClaim
from ledger.anchor.contract_code import encode_head_call, expected_runtime_code, read_artifact
from ledger.anchor.primitives import Address
from ledger.anchor.rpc_values import encode_data, encode_quantity
from ledger.observer.audit import audit
from ledger.observer.findings import Verdict
from ledger.store.contract import TreeHead
from tests.unit.ledger.observer.publication_factory import LOG_KEY, Author, MemorySource


class FakeChain:
    """A node that confirms these claims, unless a method's answer, or the head of a contract, is replaced."""

    def __init__(self, author: Author, claims: Sequence[AnchorClaim]) -> None:
        self._author, self._claims = author, claims
        self.replaced: dict[str, Callable[[], object]] = {}
        self.heads: dict[str, TreeHead] = {}

    def __call__(self, method: str, params: Sequence[object]) -> object:
        if method in self.replaced:
            return self.replaced[method]()
        answer = getattr(self, method)
        return answer(*params)

    def eth_chainId(self) -> object:
        return encode_quantity(1)

    def eth_getBlockByNumber(self, number: str, full: bool) -> object:
        return {"hash": encode_data(bytes(32))}

    def eth_getCode(self, address: str, block: str) -> object:
        return encode_data(expected_runtime_code(self._author.origin, LOG_KEY.public_key, Address(bytes(20))))

    def eth_call(self, call: dict[str, str], block: str) -> object:
        data = bytes.fromhex(call["data"][2:])
        if data == encode_head_call():
            last = next((one.head for one in reversed(self._on(call["to"]))), None)
            head = self.heads.get(call["to"], last)
            return encode_data(head.size.to_bytes(32) + head.root if head else bytes(64))
        size = int.from_bytes(data[4:])
        return encode_data(next(bytes(one.head.root) for one in self._on(call["to"]) if one.head.size == size))

    def _on(self, contract: str) -> list[AnchorClaim]:
        return [claim for claim in self._claims if encode_data(claim.contract) == contract]

    def eth_getTransactionReceipt(self, transaction: str) -> object:
        found = [claim for claim in self._claims if encode_data(claim.transaction_hash) == transaction]
        if not found:
            return None
        [claim] = found
        earlier = self._on(encode_data(claim.contract))
        at = earlier.index(claim)
        before = earlier[at - 1].head if at else None
        place = {
            "transactionHash": transaction,
            "blockNumber": encode_quantity(claim.block_number),
            "blockHash": encode_data(claim.block_hash),
        }
        previous = before.size.to_bytes(32) + before.root if before else bytes(64)
        log = {
            **place,
            "address": encode_data(claim.contract),
            "topics": [encode_data(read_artifact().anchored_topic), encode_data(claim.head.size.to_bytes(32))],
            "data": encode_data(claim.head.root + previous),
            "logIndex": "0x0",
        }
        return {**place, "status": "0x1", "gasUsed": "0x1", "contractAddress": None, "logs": [log]}


def ask(author: Author, chain: FakeChain) -> Verdict:
    return audit(MemorySource(author.files), author.policy(), lambda seconds: None, (), call=chain)
