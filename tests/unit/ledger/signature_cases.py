"""Ed25519 signatures on which verifiers could differ: published edge cases, and random ones spoiled in known ways."""

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path

from tests.unit.ledger.curve25519 import BASE, EIGHTH, L, add, encode, times

EDGE_CASES = Path(__file__).parents[2] / "vectors" / "ed25519" / "cases.json"


@dataclass(frozen=True, slots=True)
class SignatureCase:
    """``honest``: made as RFC 8032 says; None for the published cases, where that is what verifiers differ about."""

    key: bytes
    signature: bytes
    message: bytes
    honest: bool | None = None


def edge_cases() -> list[SignatureCase]:
    return [
        SignatureCase(bytes.fromhex(one["pub_key"]), bytes.fromhex(one["signature"]), bytes.fromhex(one["message"]))
        for one in json.loads(EDGE_CASES.read_text())
    ]


def malleated_cases(count: int, seed: int = 1) -> list[SignatureCase]:
    """By sound keys: R with a part of small order, S + L, a bit of R, S or the message changed; and honest ones."""
    chance, cases = random.Random(seed), []
    for number in range(count):
        secret, nonce, torsion = chance.randrange(1, L), chance.randrange(1, L), number % 8
        above, flip, message = number % 3 == 1, number % 5 == 2, chance.randbytes(chance.randrange(40))
        key, commitment = encode(times(secret, BASE)), encode(add(times(nonce, BASE), times(torsion, EIGHTH)))
        challenge = int.from_bytes(hashlib.sha512(commitment + key + message).digest(), "little") % L
        response = (nonce + challenge * secret) % L + (L if above else 0)
        signature = bytearray(commitment + response.to_bytes(32, "little"))
        if flip:
            bit = chance.randrange(512)
            signature[bit // 8] ^= 1 << bit % 8
        honest = torsion == 0 and not above and not flip
        cases.append(SignatureCase(key, bytes(signature), message, honest))
    return cases
