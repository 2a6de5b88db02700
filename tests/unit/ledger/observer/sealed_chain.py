"""A made-up QBFT block of four validators whose keys are here, with an anchor's event in it."""

from collections.abc import Sequence

from coincurve import PrivateKey

from ledger.anchor.block_header import BlockHeader, keccak
from ledger.anchor.contract_code import read_artifact
from ledger.anchor.primitives import Address
from ledger.anchor.receipt_trie import receipt_path, receipts_root
from ledger.anchor.rlp import Item, encode_number, encode_rlp
from ledger.observer.bundle import AnchorProof
from ledger.primitives import Hash

KEYS = [PrivateKey(bytes([place]) * 32) for place in range(1, 5)]
VALIDATORS = [Address(keccak(key.public_key.format(compressed=False)[1:])[12:]) for key in KEYS]
_MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")


def receipt(contract: bytes, size: int, root: bytes) -> bytes:
    topics = [bytes(read_artifact().anchored_topic), size.to_bytes(32, "big")]
    log: list[Item] = [contract, topics, root + bytes(64)]
    return encode_rlp([b"\x01", encode_number(70_000), bytes(256), [log]])


def seal(receipts: Sequence[bytes], sealers: Sequence[PrivateKey], number: int = 9) -> bytes:
    """The encoded header of a block with these receipts."""
    fields: list[bytes] = [bytes(32), bytes(32), bytes(20), bytes(32), bytes(32), bytes(receipts_root(receipts))]
    fields += [bytes(256), b"\x01", encode_number(number), b"\x01", b"\x01", encode_number(1_800_000_000), b""]
    header = BlockHeader((*fields, _MIX_HASH, bytes(8)))

    def extra(seals: list[bytes]) -> bytes:
        return encode_rlp([bytes(32), [bytes(one) for one in VALIDATORS], [], b"", seals])

    message = bytes(header.with_extra_data(extra([])).hash)
    seals = [key.sign_recoverable(message, hasher=None) for key in sealers]
    return header.with_extra_data(extra(seals)).encode()


def anchor(
    contract: bytes, size: int, root: Hash, consistency: Sequence[Hash], sealers: Sequence[PrivateKey], number: int = 9
) -> AnchorProof:
    """The anchor's transaction is the second of three."""
    other = receipt(bytes(20), 1, bytes(32))
    receipts = [other, receipt(contract, size, root), other]
    path = receipt_path(receipts, 1)
    return AnchorProof(size, bytes(root), tuple(map(bytes, consistency)), seal(receipts, sealers, number), 1, 0, path)
