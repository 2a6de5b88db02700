"""Whether an Ed25519 public key is sound: the canonical encoding of a point of the curve's prime-order group.

Verifiers agree about every signature by such a key. About others they do not: some clear the cofactor and some do not,
and by a key of small order one signature is valid for many messages. So a record may not name one.

The test is one multiplication, by a number that is a multiple of 8, the cofactor, and 1 or -1 modulo the group's order:
it takes away from a point what is of small order and leaves the rest. X25519 (RFC 7748) does such multiplications on
the same curve in its Montgomery form v^2 = u^3 + A u^2 + u, by u alone, which a point and its negative share.
"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from ledger.errors import FormatError
from ledger.primitives import PublicKey

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_A = 486_662
# Of the two numbers below 8 L the one that X25519 leaves as it is: its highest bit is 254.
_CLEARING = max(8 * pow(8, -1, _L), 8 * _L - 8 * pow(8, -1, _L))


def require_sound_key(public_key: bytes) -> None:
    """Raises FormatError(``UNSOUND_KEY``) for anything but the 32 bytes of a canonical point of prime order."""
    if not is_sound_key(public_key):
        name = PublicKey(public_key).key_id.hex()
        raise FormatError("UNSOUND_KEY", f"the key {name} is not of the prime-order group")


def is_sound_key(public_key: bytes) -> bool:
    """About one and a half times what verifying a signature takes."""
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if len(public_key) != PublicKey.SIZE or y >= _P or y in (1, _P - 1):
        return False
    u = (1 + y) * pow(1 - y, -1, _P) % _P
    # X25519 asks of no u whether there is such a point.
    if pow(u * (u * u + _A * u + 1), (_P - 1) // 2, _P) != 1:
        return False
    encoded = u.to_bytes(32, "little")
    clearing = X25519PrivateKey.from_private_bytes(_CLEARING.to_bytes(32, "little"))
    try:
        return clearing.exchange(X25519PublicKey.from_public_bytes(encoded)) == encoded
    except ValueError:
        # Nothing was left.
        return False
