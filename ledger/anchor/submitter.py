"""The account that sends transactions, by its key: legacy transactions signed for one chain.

A stolen submitter's key can spend the account's money and nothing else: what the contract takes is signed by another.
"""

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_account.types import TransactionDictType
from eth_typing import HexStr
from eth_utils.address import to_checksum_address

from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.recursion_limit import lower_recursion_limit
from ledger.anchor.transactions import SignedTransaction
from ledger.errors import FormatError

lower_recursion_limit()


class KeySubmitter:
    """An account by its private key of 32 bytes. Raises FormatError(``BAD_SUBMITTER_KEY``)."""

    def __init__(self, private_key: bytes) -> None:
        try:
            account: LocalAccount = Account.from_key(private_key)
        except ValueError as error:
            raise FormatError("BAD_SUBMITTER_KEY", "a submitter's key is 32 bytes, 1 … order - 1") from error
        self._account = account
        self._address = Address(bytes.fromhex(account.address[2:]))

    @property
    def address(self) -> Address:
        return self._address

    def sign(
        self, *, chain_id: int, nonce: int, to: Address | None, data: bytes, gas: int, gas_price: int
    ) -> SignedTransaction:
        """As ``Submitter``. Deterministic."""
        fields: TransactionDictType = {
            "chainId": chain_id, "nonce": nonce, "gas": gas, "gasPrice": gas_price, "value": 0, "data": data,
        }  # fmt: skip
        if to is not None:
            fields["to"] = HexStr(to_checksum_address(bytes(to)))
        signed = self._account.sign_transaction(fields)
        return SignedTransaction(bytes(signed.raw_transaction), ChainHash(bytes(signed.hash)))
