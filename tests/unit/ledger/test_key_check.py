"""Which keys a record may name, and that verifiers agree about every signature by them."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central_server.sodium_verifier import SodiumVerifier
from ledger.errors import FormatError, SignatureError
from ledger.key_check import is_sound_key, require_sound_key
from ledger.signing import CryptographyVerifier, Ed25519Signer, Verifier
from tests.unit.ledger.curve25519 import BASE, EIGHTH, ZERO, L, P, add, decode, encode, times

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "ed25519" / "cases.json").read_text())
VERIFIERS: list[Verifier] = [CryptographyVerifier(), SodiumVerifier()]


def accepts(verifier: Verifier, key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        verifier.verify(key, signature, message)
    except SignatureError:
        return False
    return True


def is_of_prime_order(key: bytes) -> bool:
    """By the definition: canonical, not zero, and L times it is zero."""
    point = decode(key)
    return point is not None and encode(point) == key and point != ZERO and times(L, point) == ZERO


@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_published_edge_cases_have_one_verdict(number: int) -> None:
    """No record may name the key, or every verifier refuses the signature."""
    case = {name: bytes.fromhex(text) for name, text in CASES[number].items()}
    assert is_sound_key(case["pub_key"]) == is_of_prime_order(case["pub_key"]) == (number in (6, 7))
    if number in (6, 7):
        assert int.from_bytes(case["signature"][32:], "little") >= L
        assert not any(accepts(verifier, case["pub_key"], case["signature"], case["message"]) for verifier in VERIFIERS)


def test_without_the_rule_verifiers_differ() -> None:
    """So that the vectors are worth something here."""
    verdicts = {
        tuple(
            accepts(verifier, *(bytes.fromhex(case[name]) for name in ("pub_key", "signature", "message")))
            for verifier in VERIFIERS
        )
        for case in CASES
    }
    assert len(verdicts) > 1


@settings(max_examples=25)
@given(st.binary(min_size=32, max_size=32), st.integers(0, 7))
def test_a_key_is_sound_without_a_part_of_small_order(seed: bytes, torsion: int) -> None:
    key = decode(Ed25519Signer(seed).public_key)
    assert key is not None
    mixed = encode(add(key, times(torsion, EIGHTH)))
    assert is_sound_key(mixed) == is_of_prime_order(mixed) == (torsion == 0)


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32))
def test_any_bytes_are_judged_by_the_definition(key: bytes) -> None:
    assert is_sound_key(key) == is_of_prime_order(key)


@pytest.mark.parametrize("torsion", range(8))
def test_no_key_of_small_order_is_sound(torsion: int) -> None:
    assert not is_sound_key(encode(times(torsion, EIGHTH)))


@pytest.mark.parametrize("y", [P, P + 1, 2**255 - 1, 2**255 + 1, 2**256 - 1])
def test_no_other_spelling_of_a_key_is_sound(y: int) -> None:
    assert not is_sound_key(y.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_have_32_bytes(length: int) -> None:
    assert not is_sound_key(bytes(length))


def test_a_refused_key_is_named() -> None:
    require_sound_key(encode(BASE))
    with pytest.raises(FormatError) as caught:
        require_sound_key(bytes(32))
    assert caught.value.code == "UNSOUND_KEY" and hashlib.sha256(bytes(32)).hexdigest() in caught.value.message


@settings(max_examples=40)
@given(st.integers(1, L - 1), st.integers(1, L - 1), st.integers(0, 7), st.binary(max_size=40), st.booleans())
def test_malleated_signatures_have_one_verdict(
    secret: int, nonce: int, torsion: int, message: bytes, above: bool
) -> None:
    """R with a part of small order passes where the cofactor is cleared; S + L where S is not compared."""
    key, commitment = encode(times(secret, BASE)), encode(add(times(nonce, BASE), times(torsion, EIGHTH)))
    challenge = int.from_bytes(hashlib.sha512(commitment + key + message).digest(), "little") % L
    response = (nonce + challenge * secret) % L + (L if above else 0)
    signature = commitment + response.to_bytes(32, "little")
    assert is_sound_key(key)
    honest = torsion == 0 and not above
    assert [accepts(verifier, key, signature, message) for verifier in VERIFIERS] == [honest] * len(VERIFIERS)
