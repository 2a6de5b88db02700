"""An account by its key, with the libraries that observers have anyway: coincurve signs, nothing of web3 is needed."""

from coincurve import PrivateKey

from ledger.anchor.block_header import keccak
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.rlp import encode_number, encode_rlp
from ledger.anchor.transactions import SignedTransaction
from ledger.errors import FormatError


class LightSubmitter:
    """A private key of 32 bytes; as ``transactions.Submitter``. Raises FormatError(``BAD_SUBMITTER_KEY``)."""

    def __init__(self, private_key: bytes) -> None:
        try:
            self._key = PrivateKey(private_key)
        except (ValueError, TypeError) as error:
            raise FormatError("BAD_SUBMITTER_KEY", "a submitter's key is 32 bytes, 1 … order - 1") from error
        self._address = Address(keccak(self._key.public_key.format(compressed=False)[1:])[12:])

    @property
    def address(self) -> Address:
        return self._address

    def sign(
        self, *, chain_id: int, nonce: int, to: Address | None, data: bytes, gas: int, gas_price: int
    ) -> SignedTransaction:
        """As ``Submitter``. Deterministic (RFC 6979)."""
        numbers = [encode_number(nonce), encode_number(gas_price), encode_number(gas)]
        fields = [*numbers, b"" if to is None else bytes(to), b"", data]
        unsigned = encode_rlp([*fields, encode_number(chain_id), b"", b""])
        signature = self._key.sign_recoverable(bytes(keccak(unsigned)), hasher=None)
        r, s, v = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:64], signature[64:]))
        raw = encode_rlp([*fields, *map(encode_number, (2 * chain_id + 35 + v, r, s))])
        return SignedTransaction(raw, ChainHash(keccak(raw)))
