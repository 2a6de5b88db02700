"""The fast verifier accepts nothing that the reference verifier refuses, and no signature by a worthless key."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central_server.sodium_verifier import SodiumVerifier
from ledger.errors import SignatureError
from ledger.signing import CryptographyVerifier, Ed25519Signer

SIGNER = Ed25519Signer(bytes([1]) * 32)
ORDER = 2**252 + 27742317777372353535851937790883648493

# The points of order 1, 2, 4 and 8 of the curve (RFC 7748's twisted Edwards form), in their canonical encodings.
SMALL_ORDER = [
    bytes.fromhex(text)
    for text in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ]
]


def accepts(verifier: SodiumVerifier | CryptographyVerifier, key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        verifier.verify(key, signature, message)
    except SignatureError as error:
        assert error.code == "BAD_SIGNATURE"
        return False
    return True


@given(st.binary(max_size=300))
def test_honest_signatures_are_accepted(message: bytes) -> None:
    assert accepts(SodiumVerifier(), SIGNER.public_key, SIGNER.sign(message), message)


@given(st.binary(max_size=50), st.integers(0, 63), st.integers(1, 255))
def test_verdicts_on_changed_signatures_are_the_same(message: bytes, place: int, change: int) -> None:
    signature = bytearray(SIGNER.sign(message))
    signature[place] ^= change
    for verifier in (SodiumVerifier(), CryptographyVerifier()):
        assert not accepts(verifier, SIGNER.public_key, bytes(signature), message)


def test_no_signature_by_a_point_of_small_order_is_accepted() -> None:
    """The reference accepts some of them; that the server refuses more than observers do harms nobody."""
    reference = 0
    for key, nonce, number in itertools.product(SMALL_ORDER, SMALL_ORDER, range(8)):
        signature, message = nonce + bytes(32), bytes([number])
        reference += accepts(CryptographyVerifier(), key, signature, message)
        assert not accepts(SodiumVerifier(), key, signature, message)
    assert reference > 0


def test_the_other_spelling_of_a_signature_is_refused() -> None:
    """s and s + L verify the same equation; only the smaller is a signature (RFC 8032, section 5.1.7)."""
    signature = SIGNER.sign(b"message")
    other = signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    for verifier in (SodiumVerifier(), CryptographyVerifier()):
        assert not accepts(verifier, SIGNER.public_key, other, b"message")


@pytest.mark.parametrize(("key", "signature"), [(bytes(31), bytes(64)), (bytes(32), bytes(63)), (b"", b"")])
def test_wrong_lengths_are_refused(key: bytes, signature: bytes) -> None:
    assert not accepts(SodiumVerifier(), key, signature, b"")
