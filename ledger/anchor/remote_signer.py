"""A submitter's key that never comes here: another program holds it and signs over JSON-RPC (``eth_signTransaction``).

Clef, Web3Signer and nodes with an unlocked account speak it. The answer is not believed: it must be exactly the
transaction that was asked for, signed by the account that is pinned, or it is not sent.
"""

from eth_account import Account
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from rlp import decode as decode_rlp
from rlp.exceptions import DecodingError

from ledger.anchor.node_answers import RpcCall
from ledger.anchor.primitives import Address, ChainError, ChainHash, RpcError
from ledger.anchor.rpc_values import encode_data, encode_quantity, parse_data
from ledger.anchor.transactions import SignedTransaction
from ledger.errors import FormatError

_MAX_TRANSACTION = 131_072
"""Bytes: what nodes take at most."""
_FIELDS = 9


class RemoteSubmitter:
    """The account ``address`` at the signer that ``call`` asks."""

    def __init__(self, call: RpcCall, address: Address) -> None:
        self._call, self._address = call, address

    @property
    def address(self) -> Address:
        return self._address

    def sign(
        self, *, chain_id: int, nonce: int, to: Address | None, data: bytes, gas: int, gas_price: int
    ) -> SignedTransaction:
        """As ``Submitter``. Raises ChainError(``SIGNER_UNREACHABLE``, ``SIGNER_REFUSED``, ``SIGNER_ANSWER``)."""
        fields = {
            "from": encode_data(self._address),
            "gas": encode_quantity(gas),
            "gasPrice": encode_quantity(gas_price),
            "value": "0x0",
            "nonce": encode_quantity(nonce),
            "chainId": encode_quantity(chain_id),
            "data": encode_data(data),
        }
        if to is not None:
            fields["to"] = encode_data(to)
        try:
            answer = self._call("eth_signTransaction", [fields])
        except RpcError as error:
            raise ChainError("SIGNER_REFUSED", f"the signer does not sign: {error.message}", retryable=True) from error
        except ChainError as error:
            raise ChainError("SIGNER_UNREACHABLE", f"the external signer: {error.message}", retryable=True) from error
        wanted = [_number(nonce), _number(gas_price), _number(gas), b"" if to is None else bytes(to), b"", data]
        raw = _raw(answer)
        if _unsigned(raw, chain_id) != wanted or _signer(raw) != self._address:
            words = f"what the signer answers is not the transaction that it was asked for, signed by {fields['from']}"
            raise ChainError("SIGNER_ANSWER", words, retryable=True)
        return SignedTransaction(raw, ChainHash(keccak(raw)))


def _raw(answer: object) -> bytes:
    """The transaction: alone, or under ``raw`` beside its fields."""
    value = answer.get("raw") if isinstance(answer, dict) else answer
    try:
        return parse_data(value, "eth_signTransaction", _MAX_TRANSACTION)
    except FormatError as error:
        words = f"the signer answers no transaction: {error.message}"
        raise ChainError("SIGNER_ANSWER", words, retryable=True) from error


def _unsigned(raw: bytes, chain_id: int) -> list[bytes] | None:
    """What was signed, for this chain (EIP-155); None for anything else."""
    try:
        fields = decode_rlp(raw)
    except DecodingError:
        return None
    if not isinstance(fields, list) or len(fields) != _FIELDS or not all(isinstance(one, bytes) for one in fields):
        return None
    return fields[:6] if int.from_bytes(fields[6], "big") in (2 * chain_id + 35, 2 * chain_id + 36) else None


def _signer(raw: bytes) -> Address | None:
    try:
        return Address(bytes.fromhex(Account.recover_transaction(raw)[2:]))
    except (ValueError, TypeError, BadSignature):
        return None


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
