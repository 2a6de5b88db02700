"""QBFT: which block the validators sealed, and whether enough of those that the observer pins did.

The extra data are ``[vanity, [validator…], vote, round, [seal…]]``. Validators sign the header with its actual round
and without seals; the block's hash is that of the header with round 0 and without seals, so that it does not depend on
who sealed. At least ceil(2N/3) distinct validators **of the pinned set** must have: fewer would let two blocks of one
number both be sealed. What the header itself says of its validators is not believed, only compared.

    BAD_EXTRA_DATA        the extra data are not QBFT's
    NOT_QBFT              the header's mix hash is another consensus' than QBFT's
    VALIDATORS_DIFFER     the header lists other validators than are pinned for its number
    SEAL_INVALID          a seal is no signature over the header, or comes twice
    SEAL_FOREIGN          a seal is by somebody who is not pinned
    SEALS_TOO_FEW         fewer seals than two thirds of the pinned validators
"""

from collections.abc import Collection
from dataclasses import dataclass

from coincurve import PublicKey

from ledger.anchor.block_header import BlockHeader, keccak
from ledger.anchor.primitives import Address, ChainHash
from ledger.anchor.rlp import Item, decode_rlp, encode_rlp, parse_number
from ledger.errors import FormatError, VerificationError

MAX_VALIDATORS = 100
_MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
_MIX_HASH_AT = 13
_SEAL = 65
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@dataclass(frozen=True, slots=True)
class SealedBlock:
    """A header of which ``sealers`` are pinned validators, enough of them; ``hash`` is the block's."""

    header: BlockHeader
    hash: ChainHash
    round: int
    sealers: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class _ExtraData:
    vanity: bytes
    validators: tuple[Address, ...]
    vote: Item
    round: bytes
    seals: tuple[bytes, ...]


def quorum(validators: int) -> int:
    """ceil(2N/3)."""
    return (2 * validators + 2) // 3


def block_hash(header: BlockHeader) -> ChainHash:
    """The block's hash: by QBFT's rule where the mix hash says so, else the header's own.

    Raises FormatError(``BAD_EXTRA_DATA``, ``BAD_RLP``).
    """
    if header.fields[_MIX_HASH_AT] != _MIX_HASH:
        return header.hash
    return _hash_without_seals(header, _parse_extra(header.extra_data), b"")


def verify_seals(header: BlockHeader, validators: Collection[Address]) -> SealedBlock:
    """``validators``: those pinned for the header's number. Raises FormatError, VerificationError."""
    if header.fields[_MIX_HASH_AT] != _MIX_HASH:
        raise VerificationError("NOT_QBFT", "the header is not one of a QBFT network")
    extra, pinned = _parse_extra(header.extra_data), set(validators)
    if extra.validators and set(extra.validators) != pinned:
        raise VerificationError("VALIDATORS_DIFFER", f"block {header.number} lists other validators than are pinned")
    message = _hash_without_seals(header, extra, extra.round)
    sealers = [_recover(seal, message) for seal in extra.seals]
    if len(set(sealers)) != len(sealers):
        raise VerificationError("SEAL_INVALID", f"block {header.number}: a validator's seal comes twice")
    foreign = next((sealer for sealer in sealers if sealer not in pinned), None)
    if foreign is not None:
        raise VerificationError("SEAL_FOREIGN", f"block {header.number} has a seal by 0x{foreign.hex()}: not pinned")
    if len(sealers) < quorum(len(pinned)) or not pinned:
        words = f"{len(sealers)} seals of {len(pinned)} validators, and {quorum(len(pinned))} are needed"
        raise VerificationError("SEALS_TOO_FEW", f"block {header.number}: {words}")
    return SealedBlock(header, block_hash(header), parse_number(extra.round), tuple(sealers))


def _parse_extra(data: bytes) -> _ExtraData:
    match decode_rlp(data):
        case [bytes(vanity), [*validators], vote, bytes(rounds), [*seals]] if len(vanity) == 32:
            addresses = [one for one in validators if isinstance(one, bytes) and len(one) == Address.SIZE]
            signatures = [one for one in seals if isinstance(one, bytes) and len(one) == _SEAL]
            if len(addresses) == len(validators) <= MAX_VALIDATORS >= len(seals) == len(signatures):
                parse_number(rounds)
                return _ExtraData(vanity, tuple(map(Address, addresses)), vote, rounds, tuple(signatures))
    raise FormatError("BAD_EXTRA_DATA", "the header's extra data are not those of QBFT")


def _hash_without_seals(header: BlockHeader, extra: _ExtraData, rounds: bytes) -> ChainHash:
    data = encode_rlp([extra.vanity, list(extra.validators), extra.vote, rounds, []])
    return header.with_extra_data(data).hash


def _recover(seal: bytes, message: ChainHash) -> Address:
    """The address whose key made the seal. The other of the two spellings of a signature is refused."""
    s = int.from_bytes(seal[32:64], "big")
    if seal[64] > 1 or s > _HALF_ORDER:
        raise VerificationError("SEAL_INVALID", "a seal is no canonical signature")
    try:
        key = PublicKey.from_signature_and_message(seal, bytes(message), hasher=None)
    except ValueError as error:
        raise VerificationError("SEAL_INVALID", "a seal is no signature over the header") from error
    return Address(keccak(key.format(compressed=False)[1:])[12:])
